/** Downstream tasks: ours beside the paper's numbers. */
import { downstreamChart } from "../charts/downstream_chart.ts";
import { ChartFigure } from "../components/Chart.tsx";
import { PageHead, Pending, Source } from "../components/Parts.tsx";
import { DataTable } from "../components/Table.tsx";
import type { DownstreamResult } from "../data/downstream.ts";
import { PAPER_CLASSIFICATION, PAPER_SEGMENTATION, PAPER_SOURCE, type PaperTask } from "../data/paper.ts";
import { formatInterval, formatPercent } from "../format.ts";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Downstream";
    state.description =
      "Segmentation and classification after pre-training, beside the numbers that the paper reports.";
    return { data: state.site.downstream };
  },
});

export default define.page<typeof handler>(function Downstream({ data: results }) {
  const tasks = [...PAPER_SEGMENTATION, ...PAPER_CLASSIFICATION];
  const others = results.filter(({ task }) => tasks.every((known) => known.task !== task));
  return (
    <>
      <PageHead title="Downstream tasks">
        <p>
          What pre-training is for: six segmentations and four classifications. The paper's numbers come from full-size
          runs on eight GPUs; a column of our own is filled as runs of that size are made.
        </p>
      </PageHead>
      {results.length === 0 && (
        <Pending command="deno task finetune official --task brats2023-ped --data ~/scans --weights BrainMVP_uniformer.pt">
          None of these tasks has been measured here yet: the columns of ours are empty.
        </Pending>
      )}
      <section aria-labelledby="segmentation-title">
        <h2 id="segmentation-title">Segmentation</h2>
        <ChartFigure title="Dice" chart={downstreamChart(PAPER_SEGMENTATION, results)} />
        <TaskTable caption="Dice in percent, means over regions" tasks={PAPER_SEGMENTATION} results={results} />
      </section>
      <section aria-labelledby="classification-title">
        <h2 id="classification-title">Classification</h2>
        <ChartFigure title="Accuracy" chart={downstreamChart(PAPER_CLASSIFICATION, results)} />
        <TaskTable caption="Accuracy in percent" tasks={PAPER_CLASSIFICATION} results={results} />
        <ul class="notes">
          {PAPER_CLASSIFICATION.filter(({ note }) => note !== undefined).map(({ dataset, note }) => (
            <li key={dataset}>{dataset}: {note}</li>
          ))}
        </ul>
      </section>
      {others.length > 0 && (
        <section aria-labelledby="others-title">
          <h2 id="others-title">Other tasks</h2>
          <DataTable
            caption="Dice or accuracy in percent"
            columns={[
              { title: "task" },
              { title: "ours", isNumber: true },
              { title: "95 % interval", isNumber: true },
              {
                title: "cases",
                isNumber: true,
              },
            ]}
            rows={others.map(({ task, score, cases }) => [
              task,
              formatPercent(score.mean),
              formatInterval(score, formatPercent),
              cases,
            ])}
          />
        </section>
      )}
      <Source>The paper's numbers, not ours: {PAPER_SOURCE}. Empty cells were not measured.</Source>
    </>
  );
});

function TaskTable(
  { caption, tasks, results }: { caption: string; tasks: readonly PaperTask[]; results: readonly DownstreamResult[] },
) {
  return (
    <DataTable
      caption={caption}
      columns={[
        { title: "data set" },
        { title: "paper: BrainMVP", isNumber: true },
        { title: "paper: best other", isNumber: true },
        { title: "ours", isNumber: true },
        { title: "95 % interval", isNumber: true },
        { title: "cases", isNumber: true },
      ]}
      rows={tasks.map(({ task, dataset, brainmvp, other }) => {
        const own = results.find((result) => result.task === task);
        return [
          dataset,
          brainmvp.toFixed(2),
          <span key="other">
            {other.value.toFixed(2)} <span class="soft">{other.method}</span>
          </span>,
          own === undefined ? "–" : formatPercent(own.score.mean),
          own && formatInterval(own.score, formatPercent),
          own?.cases,
        ];
      })}
    />
  );
}
