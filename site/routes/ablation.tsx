/** Which of the three losses does what. */
import { AblationSection } from "../components/AblationSection.tsx";
import { PageHead, Pending, Source } from "../components/Parts.tsx";
import { DataTable } from "../components/Table.tsx";
import { PAPER_ABLATION, PAPER_SOURCE } from "../data/paper.ts";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Ablation";
    state.description =
      "What each of the three pre-training losses adds: scores with intervals over subjects and seeds.";
    return { data: state.site.ablations };
  },
});

export default define.page<typeof handler>(function Ablation({ data: ablations }) {
  return (
    <>
      <PageHead title="Ablation">
        <p>
          The same network is fine-tuned from random weights and from pre-trainings with one loss more each: cross-modal
          reconstruction (CMR), modal data distillation (MD), contrastive learning (CL).
        </p>
      </PageHead>
      {ablations.length === 0 && <Pending command="deno task ablate">No ablation has been measured yet.</Pending>}
      {ablations.map((study) => <AblationSection key={study.scale} study={study} />)}
      <section aria-labelledby="paper-title">
        <h2 id="paper-title">What the paper reports</h2>
        <DataTable
          caption="The paper's ablation"
          columns={[{ title: "losses" }, ...PAPER_ABLATION.columns.map((title) => ({ title, isNumber: true }))]}
          rows={PAPER_ABLATION.rows.map(({ variant, values }) => [
            variant,
            ...values.map((value) => value > 1 ? value.toFixed(2) : value.toFixed(4)),
          ])}
        />
        <Source>The paper's numbers, not ours: {PAPER_SOURCE}.</Source>
      </section>
    </>
  );
});
