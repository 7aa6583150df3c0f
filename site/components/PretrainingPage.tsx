/** What a pre-training run has come to. */
import { Fragment, type VNode } from "preact";
import {
  judge,
  lossChart,
  meanScore,
  type Objective,
  psnrChart,
  SliceTable,
  templateChangeChart,
  templateMontage,
} from "../../lib/report/mod.ts";
import type { PairScore, ValidationRecord } from "../../lib/results.ts";
import type { PretrainingRun } from "../data/runs.ts";
import { formatCount } from "../format.ts";
import { ChartFigure } from "./Chart.tsx";
import { DataTable } from "./Table.tsx";

export function PretrainingPage({ run: { records, templates, report } }: { run: PretrainingRun }): VNode {
  const validation = records.findLast((record) => record.kind === "validation");
  return (
    <Fragment>
      <section aria-labelledby="curves-title">
        <h2 id="curves-title">Curves</h2>
        <div class="charts">
          <ChartFigure title="Training losses" chart={lossChart(records)} empty="No update has been made yet." />
          <ChartFigure
            title="Template change"
            chart={templateChangeChart(records)}
            empty="No change is recorded yet."
          />
          <ChartFigure title="Validation, CMR" chart={psnrChart(records, "cmr")} empty="No pair has been scored yet." />
          <ChartFigure title="Validation, MD" chart={psnrChart(records, "md")} empty="No pair has been scored yet." />
        </div>
      </section>
      <section aria-labelledby="templates-title">
        <h2 id="templates-title">Learned templates</h2>
        {templates.length === 0 ? <p class="empty">The run has not written its templates yet.</p> : (
          <SliceTable
            table={templateMontage(templates)}
            caption="One template per sequence, the subject's right on the left"
          />
        )}
      </section>
      <section aria-labelledby="pairs-title">
        <h2 id="pairs-title">Held-out scores</h2>
        {validation === undefined || validation.pairs.length === 0
          ? <p class="empty">No pair has been scored yet.</p>
          : <Pairs validation={validation} />}
        {report !== null && (
          <p>
            <a href={report}>The run's own report</a>, with reconstructions of held-out subjects.
          </p>
        )}
      </section>
    </Fragment>
  );
}

function Pairs({ validation: { step, pairs } }: { validation: ValidationRecord }): VNode {
  const won = pairs.filter((pair) => judge(pair).winner === "reconstruction").length;
  return (
    <Fragment>
      <p>
        After update {formatCount(step)}{" "}
        the reconstruction beats both simple baselines, the mosaic itself and the mean training volume, in {won} of{" "}
        {pairs.length} pairs.
      </p>
      <div class="tiles">
        <Tile pairs={pairs} objective="cmr" title="From another sequence (CMR)" />
        <Tile pairs={pairs} objective="md" title="From the template (MD)" />
      </div>
      <details>
        <summary>All pairs</summary>
        <DataTable
          caption="PSNR in hidden blocks, dB"
          columns={[
            { title: "target" },
            { title: "filled from" },
            { title: "reconstruction", isNumber: true },
            { title: "mosaic", isNumber: true },
            { title: "mean volume", isNumber: true },
            { title: "subjects", isNumber: true },
            { title: "best" },
          ]}
          rows={[...pairs].sort(byTarget).map((pair) => [
            pair.target,
            pair.source,
            ...[pair.psnr, pair.mosaicPsnr, pair.meanVolumePsnr].map(formatDb),
            pair.subjects,
            judge(pair).winner ?? "–",
          ])}
        />
      </details>
    </Fragment>
  );
}

function Tile(
  { pairs, objective, title }: { pairs: readonly PairScore[]; objective: Objective; title: string },
): VNode | null {
  const mean = meanScore(pairs, objective);
  return mean && (
    <div class={`tile ${objective}`}>
      <h3>{title}</h3>
      <p class="value">
        {formatDb(mean.psnr)} <small>dB</small>
      </p>
      <p>mosaic itself {formatDb(mean.mosaicPsnr)}, mean volume {formatDb(mean.meanVolumePsnr)}; {mean.pairs} pairs</p>
    </div>
  );
}

function byTarget(a: PairScore, b: PairScore): number {
  return a.target.localeCompare(b.target, "en") || a.source.localeCompare(b.source, "en");
}

/** What was NaN in the run is null after JSON. */
function formatDb(value: number | null): string {
  return value === null || !Number.isFinite(value) ? "–" : value.toFixed(2);
}
