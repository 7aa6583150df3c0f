/** Downstream scores: the paper's method beside its best rival, and ours where they were measured. */
import * as Plot from "@observablehq/plot";
import type { Chart } from "../../lib/report/mod.ts";
import type { DownstreamResult } from "../data/downstream.ts";
import type { PaperTask } from "../data/paper.ts";
import { drawPlot } from "./plot.ts";

const OTHER = "var(--baseline, #767676)", PAPER = "var(--md, #d55e00)", OURS = "var(--cmr, #0072b2)";
const ROW = 30;

/** One row of points per task, in percent. */
export function downstreamChart(tasks: readonly PaperTask[], results: readonly DownstreamResult[]): Chart {
  const ours = tasks.flatMap(({ task, dataset }) => {
    const own = results.find((result) => result.task === task);
    if (own === undefined) return [];
    const { mean, low, high } = own.score;
    return [{ dataset, value: 100 * mean, low: 100 * low, high: 100 * high }];
  });
  const spread = ours.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const [{ measure }] = tasks;
  const svg = drawPlot({
    height: 52 + ROW * tasks.length,
    marginTop: 8,
    marginLeft: 150,
    marginRight: 16,
    marginBottom: 40,
    ariaLabel: `${measure} by data set: the paper's BrainMVP, its best rival, and ours where measured`,
    x: { label: `${measure} (%)`, grid: true, ticks: 5, nice: true },
    y: { label: null, domain: tasks.map(({ dataset }) => dataset), padding: 0.5 },
    marks: [
      Plot.ruleY(tasks, { y: "dataset", x1: other, x2: "brainmvp", stroke: OTHER, strokeOpacity: 0.5, strokeWidth: 2 }),
      Plot.dot(tasks, { y: "dataset", x: other, stroke: OTHER, strokeWidth: 2, fill: "var(--paper, #fff)", r: 4.5 }),
      Plot.dot(tasks, { y: "dataset", x: "brainmvp", fill: PAPER, r: 4.5 }),
      Plot.ruleY(spread, { y: "dataset", x1: "low", x2: "high", stroke: OURS, strokeWidth: 2 }),
      Plot.dot(ours, { y: "dataset", x: "value", fill: OURS, r: 4.5, symbol: "square" }),
    ],
  });
  const legend = [{ label: "paper: best other", color: OTHER, dash: "2,3" }, {
    label: "paper: BrainMVP",
    color: PAPER,
  }];
  return { svg, legend: ours.length === 0 ? legend : [...legend, { label: "ours, 95 % interval", color: OURS }] };
}

function other({ other: { value } }: PaperTask): number {
  return value;
}
