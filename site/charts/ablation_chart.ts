/** One score over the variants of an ablation: means with intervals, and the mean of every seed. */
import * as Plot from "@observablehq/plot";
import { type AblationScore, type Chart, VARIANT_TITLES } from "../../lib/report/mod.ts";
import { drawPlot } from "./plot.ts";

const MEAN = "var(--cmr, #0072b2)", SEED = "var(--md, #d55e00)";

/** Draws a score; null when none of its variants has a mean. */
export function ablationChart({ name, region, unit, task, rows }: AblationScore): Chart | null {
  const points = rows.filter(({ mean }) => Number.isFinite(mean))
    .map((row) => ({ ...row, variant: VARIANT_TITLES[row.variant] }));
  if (points.length === 0) return null;
  const spread = points.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const seeds = points.flatMap(({ variant, seedMeans }) => seedMeans.map((value) => ({ variant, value })))
    .filter(({ value }) => Number.isFinite(value));
  const score = `${name}${region === null ? "" : ` ${region}`}${unit === null ? "" : ` (${unit})`}`;
  const svg = drawPlot({
    height: 260,
    marginTop: 28,
    marginLeft: 52,
    marginBottom: 32,
    ariaLabel: `${score} on ${task} for each variant, means with intervals`,
    x: { label: null, type: "point", domain: points.map(({ variant }) => variant), padding: 0.4 },
    y: { label: score, grid: true, ticks: 5, nice: true },
    marks: [
      Plot.lineY(points, { x: "variant", y: "mean", stroke: MEAN, strokeWidth: 1.5, strokeOpacity: 0.45 }),
      Plot.ruleX(spread, { x: "variant", y1: "low", y2: "high", stroke: MEAN, strokeWidth: 2 }),
      Plot.dot(seeds, { x: "variant", y: "value", dx: 12, fill: SEED, r: 2.5, symbol: "diamond" }),
      Plot.dot(points, { x: "variant", y: "mean", fill: MEAN, r: 4.5 }),
    ],
  });
  return {
    svg,
    legend: [{ label: "mean, 95 % interval over subjects", color: MEAN }, {
      label: "mean of each seed",
      color: SEED,
      dash: "2,4",
    }],
  };
}
