/** An ablation as a chart: what every variant scores, with the interval of its mean and the mean of every seed. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type AblationScore, VARIANT_TITLES } from "./ablation.ts";
import { scoreTitle } from "./ablation_table.ts";
import type { Chart, LegendEntry } from "./curves.ts";

const WIDTH = 460;
/** Height of a variant's line, and of what is around the lines, in pixels. */
const LINE = 30;
const FRAME = 58;

const LOOKS: readonly LegendEntry[] = [
  { label: "mean, 95 % interval over subjects", color: "var(--cmr, #0072b2)" },
  { label: "mean of each seed", color: "var(--md, #d55e00)" },
];

/**
 * Draws one line per variant: the mean with its interval, and the mean of every seed as a hollow dot.
 *
 * The dots say how much another training may differ, which the interval over subjects does not.
 *
 * @returns null when no variant has been scored
 */
export function ablationChart(score: AblationScore): Chart | null {
  const rows = score.rows.map((row) => ({ ...row, title: VARIANT_TITLES[row.variant] }));
  const means = rows.filter(({ mean }) => Number.isFinite(mean));
  if (means.length === 0) return null;
  const spread = means.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const seeds = rows.flatMap(({ title, seedMeans }) =>
    seedMeans.filter(Number.isFinite).map((value) => ({ title, value }))
  );
  const [overall, single] = LOOKS;
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: FRAME + LINE * rows.length,
    marginTop: 8,
    marginLeft: 112,
    marginBottom: 38,
    style: { fontSize: "12px", fontFamily: "inherit", overflow: "visible" },
    ariaLabel: `${scoreTitle(score)} of every variant`,
    x: {
      label: `${scoreTitle(score)}${score.better === "lower" ? ", lower is better" : ""}`,
      grid: true,
      ticks: 5,
      nice: true,
    },
    y: { label: null, type: "band", domain: rows.map(({ title }) => title), padding: 0.4 },
    marks: [
      Plot.ruleY(spread, { y: "title", x1: "low", x2: "high", stroke: overall.color, strokeWidth: 2 }),
      Plot.dot(means, { y: "title", x: "mean", fill: overall.color, r: 4.5 }),
      Plot.dot(seeds, { y: "title", x: "value", stroke: single.color, strokeWidth: 1.5, r: 3, dy: 8 }),
    ],
  });
  svg.setAttribute("role", "img");
  return { svg: svg.outerHTML, legend: [...LOOKS] };
}
