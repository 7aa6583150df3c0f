/** All runs. */
import { PageHead, Pending } from "../../components/Parts.tsx";
import { DataTable } from "../../components/Table.tsx";
import { formatCount } from "../../format.ts";
import { define } from "../../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Runs";
    state.description = "Pre-training and fine-tuning runs: curves, templates, scores and every option.";
    return { data: state.site.runs };
  },
});

export default define.page<typeof handler>(function Runs({ data: runs }) {
  return (
    <>
      <PageHead title="Runs">
        <p>A page for every run folder that this site was built with: curves, templates, scores and every option.</p>
      </PageHead>
      {runs.length === 0
        ? <Pending command="deno task site:build --runs runs/">This site was built without runs.</Pending>
        : (
          <DataTable
            caption="Runs of this build"
            columns={[
              { title: "run" },
              { title: "kind" },
              { title: "recipe" },
              { title: "data" },
              { title: "subjects", isNumber: true },
              { title: "updates", isNumber: true },
            ]}
            rows={runs.map((run) => [
              <a key="name" href={`/runs/${run.name}`}>{run.name}</a>,
              run.kind,
              run.recipe,
              run.origin,
              `${run.trainingSubjects} + ${run.heldOutSubjects}`,
              formatCount(run.records.reduce((last, { step }) => Math.max(last, step), 0)),
            ])}
          />
        )}
    </>
  );
});
