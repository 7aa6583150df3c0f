/** One run. */
import { FinetuningPage } from "../../components/FinetuningPage.tsx";
import { PretrainingPage } from "../../components/PretrainingPage.tsx";
import { Facts, PageHead } from "../../components/Parts.tsx";
import { define, type State } from "../../utils.ts";

/** One page per run. */
export function paths({ site }: State): { name: string }[] {
  return site.runs.map(({ name }) => ({ name }));
}

export const handler = define.handlers({
  GET({ state, params }) {
    const run = state.site.runs.find(({ name }) => name === params.name)!;
    state.title = run.name;
    state.description =
      `The ${run.kind} run ${run.name}: recipe ${run.recipe}, ${run.trainingSubjects} training subjects.`;
    return { data: run };
  },
});

export default define.page<typeof handler>(function RunPage({ data: run }) {
  return (
    <>
      <PageHead title={run.name}>
        <p>
          {run.kind === "pretraining" ? "Pre-training" : "Fine-tuning"} with the recipe <b>{run.recipe}</b> on{" "}
          {run.trainingSubjects} subjects ({run.origin}); {run.heldOutSubjects} are held out.
        </p>
      </PageHead>
      {run.kind === "pretraining" ? <PretrainingPage run={run} /> : <FinetuningPage run={run} />}
      <section aria-labelledby="options-title">
        <h2 id="options-title">Options and environment</h2>
        <details>
          <summary>All options, with defaults filled in</summary>
          <Facts facts={run.options} />
        </details>
        <Facts facts={run.environment} />
      </section>
    </>
  );
});
