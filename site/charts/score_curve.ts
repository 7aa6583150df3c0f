/** Held-out scores of a fine-tuning run over its updates. */
import * as Plot from "@observablehq/plot";
import type { Chart } from "../../lib/report/mod.ts";
import type { FinetuneRecord } from "../../lib/results.ts";
import { drawPlot } from "./plot.ts";

const COLORS = ["var(--cmr, #0072b2)", "var(--md, #d55e00)", "var(--cl, #00856a)", "var(--total, #4a4a4a)"];
const DASHES = [undefined, "6,3", "2,3", "8,3,2,3"];

/** A score at one moment. */
interface ScorePoint {
  readonly step: number;
  readonly name: string;
  readonly value: number;
}

/** Dice of every region, or accuracy and AUC; null before the first validation. */
export function scoreCurve(records: readonly FinetuneRecord[]): Chart | null {
  const points = records.flatMap(pointsOf).filter(({ value }) => Number.isFinite(value));
  if (points.length === 0) return null;
  const names = [...new Set(points.map(({ name }) => name))].slice(0, COLORS.length);
  const series = names.map((name, i) => ({ label: name, color: COLORS[i], dash: DASHES[i] }));
  const svg = drawPlot({
    height: 270,
    marginTop: 28,
    marginLeft: 52,
    marginBottom: 40,
    ariaLabel: "Scores on held-out subjects over updates",
    x: { label: "updates", domain: [0, Math.max(...points.map(({ step }) => step))], ticks: 5 },
    y: { label: "score", domain: [0, 1], grid: true, ticks: 5 },
    marks: series.flatMap(({ label, color, dash }) => {
      const own = points.filter(({ name }) => name === label);
      return [
        Plot.lineY(own, { x: "step", y: "value", stroke: color, strokeWidth: 2, strokeDasharray: dash }),
        Plot.dot(own, { x: "step", y: "value", fill: color, r: 2.5 }),
      ];
    }),
  });
  return { svg, legend: series };
}

function pointsOf(record: FinetuneRecord): ScorePoint[] {
  const { step } = record;
  if (record.kind === "segmentation") {
    return record.regions.map(({ region, dice }) => ({ step, name: `Dice ${region}`, value: dice }));
  }
  if (record.kind !== "classification") return [];
  const { accuracy, balancedAccuracy, auc } = record;
  return [
    { step, name: "accuracy", value: accuracy },
    { step, name: "balanced accuracy", value: balancedAccuracy },
    { step, name: "AUC", value: auc ?? NaN },
  ];
}
