/** How fast it is, from the committed measurements. */
import type { OpBlock, OpRow, RunInfo } from "../../bench/results.ts";
import { stepChart } from "../charts/step_chart.ts";
import { ChartFigure } from "../components/Chart.tsx";
import { PageHead, Pending, Source } from "../components/Parts.tsx";
import { DataTable } from "../components/Table.tsx";
import { formatBytes, formatCount, formatSignificant } from "../format.ts";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Speed";
    state.description =
      "Training steps and single operations beside PyTorch and stock TensorFlow.js on the same machine.";
    return { data: state.site.bench };
  },
});

export default define.page<typeof handler>(function Speed({ data: { steps, operations } }) {
  return (
    <>
      <PageHead title="Speed">
        <p>
          Most of a step is 3-D convolution, whose kernels are WebAssembly here, in vectors of 256 bits where V8 allows
          it. PyTorch and stock TensorFlow.js were measured on the same machine.
        </p>
      </PageHead>
      <section aria-labelledby="steps-title">
        <h2 id="steps-title">A whole training step</h2>
        {steps.length === 0
          ? <Pending command="deno task bench --step uniformer --size 96">No step has been measured yet.</Pending>
          : (
            <>
              <ChartFigure title="Shorter is better" chart={stepChart(steps)} />
              <DataTable
                caption="One crop, two views, forward, backward and AdamW; medians"
                columns={[
                  { title: "network" },
                  { title: "parameters", isNumber: true },
                  { title: "ours, s", isNumber: true },
                  { title: "PyTorch, s", isNumber: true },
                  { title: "PyTorch ÷ ours", isNumber: true },
                  { title: "memory, ours", isNumber: true },
                  { title: "PyTorch", isNumber: true },
                ]}
                rows={steps.map(({ backbone, run, parameters, ours, torch }) => [
                  `${backbone}, ${run.size}³`,
                  formatCount(parameters),
                  (ours.ms / 1000).toFixed(1),
                  torch === null ? "–" : (torch.ms / 1000).toFixed(1),
                  torch === null ? "–" : (torch.ms / ours.ms).toFixed(1),
                  formatBytes(ours.peakProcessBytes),
                  torch === null ? "–" : formatBytes(torch.peakProcessBytes),
                ])}
              />
              {uniqueRuns(steps.map(({ run }) => run)).map((line) => <Source key={line}>{line}</Source>)}
            </>
          )}
      </section>
      <section aria-labelledby="operations-title">
        <h2 id="operations-title">Single operations</h2>
        {operations.length === 0 && <Pending command="deno task bench">No operation has been measured yet.</Pending>}
        {operations.map((block, i) => <OperationTable key={i} block={block} />)}
      </section>
    </>
  );
});

function OperationTable({ block: { run, rows } }: { block: OpBlock }) {
  return (
    <details>
      <summary>
        {[...new Set(rows.map(({ op }) => op))].join(", ")}{" "}
        <span class="soft">({run.backend.split(" (")[0]}, {run.size}³)</span>
      </summary>
      <DataTable
        caption="Median milliseconds; above 1 we are faster"
        columns={[
          { title: "operation" },
          { title: "shape" },
          { title: "pass" },
          { title: "ours", isNumber: true },
          { title: "GFLOP/s", isNumber: true },
          { title: "tfjs ÷ ours", isNumber: true },
          { title: "PyTorch ÷ ours", isNumber: true },
        ]}
        rows={rows.map((row) => [
          row.op,
          row.title,
          row.pass,
          formatSignificant(row.ours.ms),
          row.flops > 0 ? formatSignificant(row.flops / row.ours.ms / 1e6) : "–",
          stockRatio(row),
          row.torch === null ? "–" : formatSignificant(row.torch.ms / row.ours.ms),
        ])}
      />
      <Source>{describeRun(run)}</Source>
    </details>
  );
}

/** How many times stock tfjs takes longer; an estimate, scaled up from a smaller problem, is marked. */
function stockRatio({ tfjs, ours }: OpRow): string {
  if (tfjs === null) return "–";
  return "ms" in tfjs ? formatSignificant(tfjs.ms / ours.ms) : `≈ ${formatSignificant(tfjs.estimatedMs / ours.ms)}`;
}

function uniqueRuns(runs: readonly RunInfo[]): string[] {
  return [...new Set(runs.map(describeRun))];
}

function describeRun({ date, machine, backend, torch }: RunInfo): string {
  const { cpu, cores, memoryGiB, deno } = machine;
  const other = typeof torch === "string"
    ? ""
    : `; PyTorch ${torch.version}, ${torch.threads} threads (${torch.libraries})`;
  return `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, Deno ${deno}; ${backend}${other}.`;
}
