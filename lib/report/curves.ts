/** Charts of a run as inline SVG. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { MetricsRecord } from "../results.ts";
import { type EventMark, eventMarks, lossSeries, psnrSeries, type Series, templateChangeSeries } from "./series.ts";
import type { Objective } from "./scores.ts";

/** Looks of one curve, for a legend beside the chart. */
export type LegendEntry = Omit<Series, "points">;

/** A chart without its legend: that is text, and belongs to the page. */
export interface Chart {
  /** An `svg` element; its colours are CSS variables with fallbacks. */
  readonly svg: string;
  /** What each curve shows, in the order of drawing. */
  readonly legend: readonly LegendEntry[];
}

/** Width and height of a chart in pixels: narrow enough for the labels to stay readable on a phone. */
const WIDTH = 460;
const HEIGHT = 270;

/** A logarithmic axis pays when the highest value is this many times the lowest. */
const LOG_RATIO = 20;

/** Curves with fewer points than this show each point: a curve of one point would be invisible. */
const FEW_POINTS = 25;

/** Training losses over updates; null before the first update. */
export function lossChart(records: readonly MetricsRecord[]): Chart | null {
  return drawChart(lossSeries(records), { title: "Training losses over updates", yLabel: "loss", records });
}

/** Mean PSNR over the pairs of one objective with its baselines; null before the first validation that has such pairs. */
export function psnrChart(records: readonly MetricsRecord[], objective: Objective): Chart | null {
  const title = `Validation PSNR of ${objective.toUpperCase()} over updates`;
  return drawChart(psnrSeries(records, objective), { title, yLabel: "PSNR (dB)", records, linear: true });
}

/** Relative change of each template between validations; null before the first validation that reports one. */
export function templateChangeChart(records: readonly MetricsRecord[]): Chart | null {
  const title = "Change of the templates between validations";
  return drawChart(templateChangeSeries(records), { title, yLabel: "mean absolute change / range", records });
}

interface ChartOptions {
  readonly title: string;
  readonly yLabel: string;
  /** The run's records: all its charts share the axis of updates and the marks of events. */
  readonly records: readonly MetricsRecord[];
  /** Forbids a logarithmic axis, e.g. because the values are logarithms already. */
  readonly linear?: boolean;
}

function drawChart(series: readonly Series[], options: ChartOptions): Chart | null {
  if (series.length === 0) return null;
  const { title, yLabel, records, linear = false } = options;
  const lastStep = records.reduce((last, record) => Math.max(last, record.step), 0);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const log = !linear && spansDecades(series);
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 52,
    marginTop: 34,
    marginBottom: 40,
    style: { fontSize: "12px", fontFamily: "inherit", overflow: "visible" },
    ariaLabel: title,
    x: { label: "updates", domain: [0, Math.max(lastStep, 1)], ticks: 5, tickFormat: formatCount },
    y: {
      label: yLabel,
      type: log ? "log" : "linear",
      grid: true,
      ticks: 5,
      tickFormat: log ? formatDecade : undefined,
      nice: true,
    },
    marks: [...series.flatMap(curveMarks), ...eventRules(eventMarks(records))],
  });
  svg.setAttribute("role", "img");
  return { svg: svg.outerHTML, legend: series.map(({ label, color, dash }) => ({ label, color, dash })) };
}

function curveMarks({ points, color, dash }: Series): Plot.Markish[] {
  const averaged = points.some((point) => point.low < point.high);
  const band = Plot.areaY(points, { x: "step", y1: "low", y2: "high", fill: color, fillOpacity: 0.14 });
  const line = Plot.lineY(points, { x: "step", y: "value", stroke: color, strokeWidth: 2, strokeDasharray: dash });
  const dots = Plot.dot(points, { x: "step", y: "value", fill: color, r: 2.5 });
  return [...(averaged ? [band] : []), line, ...(!averaged && points.length < FEW_POINTS ? [dots] : [])];
}

function eventRules(marks: readonly EventMark[]): Plot.Markish[] {
  const color = "currentColor";
  return [
    Plot.ruleX(marks, { x: "step", stroke: color, strokeOpacity: 0.55, strokeDasharray: "2,3" }),
    Plot.text(marks, { x: "step", text: "number", frameAnchor: "top", dy: -12, fill: color, fontWeight: 600 }),
  ];
}

/** True when a logarithmic axis shows more: all values positive, and far apart. */
function spansDecades(series: readonly Series[]): boolean {
  const values = series.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high]));
  const lowest = values.reduce((a, b) => Math.min(a, b), Infinity);
  return lowest > 0 && values.reduce((a, b) => Math.max(a, b), 0) / lowest >= LOG_RATIO;
}

/** Powers of ten get a label, the ticks between them none. */
function formatDecade(value: number): string {
  return Number.isInteger(Math.round(1e9 * Math.log10(value)) / 1e9) ? String(value) : "";
}

/** 1500 as `1.5k`: long counts do not fit beside each other on a narrow chart. */
function formatCount(count: number): string {
  return count >= 1000 ? `${Number((count / 1000).toPrecision(3))}k` : String(count);
}
