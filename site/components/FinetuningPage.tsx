/** What a fine-tuning run has come to. */
import { Fragment, type VNode } from "preact";
import type { ClassificationRecord, SegmentationRecord } from "../../lib/results.ts";
import { plural } from "../../lib/report/mod.ts";
import { scoreCurve } from "../charts/score_curve.ts";
import type { FinetuningRun } from "../data/runs.ts";
import { formatCount, formatShare } from "../format.ts";
import { ChartFigure } from "./Chart.tsx";
import { Facts } from "./Parts.tsx";
import { DataTable } from "./Table.tsx";

type ScoreRecord = SegmentationRecord | ClassificationRecord;

export function FinetuningPage({ run: { task, weights, records } }: { run: FinetuningRun }): VNode {
  const scores = records.filter((record): record is ScoreRecord => {
    return record.kind === "segmentation" || record.kind === "classification";
  });
  const best = scores.findLast((record) => record.best);
  return (
    <Fragment>
      <Facts facts={{ task, start: weights ?? "random weights" }} />
      <section aria-labelledby="curves-title">
        <h2 id="curves-title">Held-out scores</h2>
        <ChartFigure title="Over updates" chart={scoreCurve(records)} empty="The run has not been validated yet." />
        {best !== undefined && (
          <DataTable
            caption={`Best validation, after update ${formatCount(best.step)}, ${plural(best.subjects, "subject")}`}
            columns={[{ title: "score" }, { title: "value", isNumber: true }]}
            rows={rowsOf(best)}
          />
        )}
      </section>
    </Fragment>
  );
}

function rowsOf(record: ScoreRecord): [string, string][] {
  if (record.kind === "segmentation") {
    const regions = record.regions.map(({ region, dice }): [string, string] => [`Dice ${region}`, formatShare(dice)]);
    return [...regions, ["Dice, mean of regions", formatShare(record.dice)]];
  }
  return [
    ["accuracy", formatShare(record.accuracy)],
    ["balanced accuracy", formatShare(record.balancedAccuracy)],
    ["AUC", formatShare(record.auc)],
  ];
}
