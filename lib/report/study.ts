/** Charts of studies as inline SVG: scores against the share of labels, and with sequences missing. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Chart, LegendEntry } from "./curves.ts";

/** A score with its interval. */
export interface ScoreEstimate {
  readonly mean: number;
  /** Ends of the interval; NaN where there is none. */
  readonly low: number;
  readonly high: number;
}

/** Scores of one method against the share of the labels that it was trained on. */
export interface LabelEfficiencyLine {
  readonly method: string;
  readonly points: readonly (ScoreEstimate & { readonly share: number })[];
}

/** Scores of all methods with the same sequences. */
export interface MissingModalityGroup {
  /** What is present or missing, e.g. `without t1c`. */
  readonly label: string;
  /** One score per method; a method without one is left out. */
  readonly scores: Readonly<Record<string, ScoreEstimate>>;
}

/** What is drawn. */
export interface StudyChartOptions {
  /** Name and unit of the score, as on its axis: `Dice`, `HD95 (mm)`. */
  readonly score: string;
}

/** Width in pixels, as that of the other charts: narrow enough for the labels to stay readable on a phone. */
const WIDTH = 460;
const LINE_HEIGHT = 270;
/** Height of a bar, and of what is around the bars, in pixels. */
const BAR = 13;
const FRAME = 46;

/** Looks of the methods in their order: apart in colour and dash for readers who cannot tell colours. */
const LOOKS: readonly Omit<LegendEntry, "label">[] = [
  { color: "var(--cmr, #0072b2)" },
  { color: "var(--md, #d55e00)", dash: "6,3" },
  { color: "var(--cl, #00856a)", dash: "2,3" },
  { color: "var(--total, #4a4a4a)", dash: "8,3,2,3" },
];

/**
 * Draws mean scores against the share of labels, one line per method, with the interval of each mean.
 *
 * @returns null when there is no score
 * @throws {RangeError} when there are more methods than looks, or a share is not in (0, 1]
 */
export function labelEfficiencyChart(
  lines: readonly LabelEfficiencyLine[],
  { score }: StudyChartOptions,
): Chart | null {
  const legend = legendOf(lines.map(({ method }) => method), "label efficiency");
  const outside = lines.flatMap(({ points }) => points).find(({ share }) => !(share > 0 && share <= 1));
  if (outside !== undefined) {
    throw new RangeError(`Cannot draw label efficiency: expected shares above 0 up to 1, got ${outside.share}`);
  }
  if (lines.every(({ points }) => points.length === 0)) return null;
  const svg = plot({
    height: LINE_HEIGHT,
    marginLeft: 52,
    marginBottom: 40,
    ariaLabel: `${score} against the share of labels`,
    x: { label: "labels used (%)", domain: [0, 100], ticks: sharesOf(lines) },
    y: { label: score, grid: true, ticks: 5, nice: true, zero: false },
    marks: lines.flatMap(({ points }, i) => lineMarks(points, legend[i])),
  });
  return { svg, legend };
}

function lineMarks(points: LabelEfficiencyLine["points"], { color, dash }: LegendEntry): Plot.Markish[] {
  const data = points.map((point) => ({ ...point, percent: 100 * point.share }));
  const spread = data.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  return [
    Plot.areaY(spread, { x: "percent", y1: "low", y2: "high", fill: color, fillOpacity: 0.14 }),
    Plot.ruleX(spread, { x: "percent", y1: "low", y2: "high", stroke: color, strokeOpacity: 0.6 }),
    Plot.lineY(data, { x: "percent", y: "mean", stroke: color, strokeWidth: 2, strokeDasharray: dash }),
    Plot.dot(data, { x: "percent", y: "mean", fill: color, r: 3 }),
  ];
}

/** Ticks where something was measured. */
function sharesOf(lines: readonly LabelEfficiencyLine[]): number[] {
  const percents = lines.flatMap(({ points }) => points.map(({ share }) => Number((100 * share).toPrecision(3))));
  return [...new Set(percents)].sort((a, b) => a - b);
}

/**
 * Draws one bar per method for every choice of sequences, with the interval of each mean. Bars start at 0.
 *
 * @param methods names in the order of drawing
 * @returns null when there is no score
 * @throws {RangeError} when there are more methods than looks
 */
export function missingModalityChart(
  groups: readonly MissingModalityGroup[],
  methods: readonly string[],
  { score }: StudyChartOptions,
): Chart | null {
  const legend = legendOf(methods, "missing modalities");
  const bars = groups.flatMap(({ label, scores }) =>
    legend.flatMap(({ label: method, color }) => {
      return method in scores ? [{ group: label, method, color, ...scores[method] }] : [];
    })
  );
  if (bars.length === 0) return null;
  const spread = bars.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  const place = { fy: "group", y: "method" } as const;
  const svg = plot({
    height: FRAME + groups.length * (methods.length * BAR + BAR / 2),
    marginTop: 8,
    marginLeft: labelWidth(groups.map(({ label }) => label)),
    marginBottom: 38,
    ariaLabel: `${score} with sequences missing`,
    x: { label: score, grid: true, ticks: 5, nice: true, zero: true },
    y: { axis: null, domain: [...methods] },
    fy: { label: null, domain: groups.map(({ label }) => label), axis: "left", padding: 0.25 },
    marks: [
      Plot.barX(bars, { ...place, x: "mean", fill: "color", fillOpacity: 0.8, insetTop: 1, insetBottom: 1 }),
      Plot.ruleY(spread, { ...place, x1: "low", x2: "high", stroke: "currentColor", strokeWidth: 1.5 }),
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.6 }),
    ],
  });
  // Bars differ in colour only.
  return { svg, legend: legend.map(({ label, color }) => ({ label, color })) };
}

/** Room for the longest label at the charts' 12 pixels. */
function labelWidth(labels: readonly string[]): number {
  return Math.min(200, 16 + 7 * Math.max(...labels.map((label) => label.length)));
}

function legendOf(methods: readonly string[], subject: string): LegendEntry[] {
  if (methods.length > LOOKS.length) {
    throw new RangeError(`Cannot draw ${subject}: expected at most ${LOOKS.length} methods, got ${methods.length}`);
  }
  return methods.map((label, i) => ({ label, ...LOOKS[i] }));
}

function plot(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const style = { fontSize: "12px", fontFamily: "inherit", overflow: "visible" };
  const svg = Plot.plot({ document, width: WIDTH, marginTop: 28, style, color: { type: "identity" }, ...options });
  svg.setAttribute("role", "img");
  return svg.outerHTML;
}
