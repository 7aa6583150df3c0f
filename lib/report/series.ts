/** What the charts draw, computed from a run's records: points, bands and marks, no pixels. */
import type { EventRecord, MetricsRecord, StepRecord } from "../results.ts";
import { meanScore, type Objective } from "./scores.ts";

/** One point of a curve; `low` and `high` bound what was averaged into it. */
export interface CurvePoint {
  /** Optimiser updates; the middle of the averaged ones. */
  readonly step: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** One curve with its look; the colour is CSS. */
export interface Series {
  readonly label: string;
  readonly color: string;
  /** SVG dash pattern; a solid line without it. */
  readonly dash?: string;
  readonly points: readonly CurvePoint[];
}

/** Events at one step under one number. */
export interface EventMark {
  readonly number: number;
  readonly epoch: number;
  readonly step: number;
  readonly messages: readonly string[];
}

/** Colour of each loss in every figure: the page may set the variables, e.g. for the dark; Okabe–Ito otherwise. */
export const COLORS = {
  cmr: "var(--cmr, #0072b2)",
  md: "var(--md, #d55e00)",
  cl: "var(--cl, #009e73)",
  total: "var(--total, #4a4a4a)",
  baseline: "var(--baseline, #767676)",
} as const;

/** Looks of modalities, none a colour of a loss: four colours of Tol's muted scheme, solid and then dashed. */
const MODALITY_LOOKS: readonly Pick<Series, "color" | "dash">[] = [undefined, "5,3"].flatMap((dash) => [
  { color: "var(--modality-1, #332288)", dash },
  { color: "var(--modality-2, #b5475d)", dash },
  { color: "var(--modality-3, #44aa99)", dash },
  { color: "var(--modality-4, #8a8420)", dash },
]);

/** Curves are averaged down to at most this many points: more cannot be told apart at the width of a chart. */
const MOST_POINTS = 150;

/** Updates that are averaged into one point: none up to nine updates, then the more the longer the run. */
export function updatesPerPoint(updates: number): number {
  const points = Math.min(MOST_POINTS, Math.ceil(3 * Math.sqrt(updates)));
  return updates <= points ? 1 : Math.ceil(updates / points);
}

/** Curves of the weighted total and of the three unweighted losses; losses that were never on are left out. */
export function lossSeries(records: readonly MetricsRecord[]): Series[] {
  const steps = records.filter((record) => record.kind === "step");
  const perPoint = updatesPerPoint(steps.length);
  const curve = (label: string, key: "loss" | "cmr" | "md" | "cl"): Series => ({
    label,
    color: COLORS[key === "loss" ? "total" : key],
    points: averaged(steps, { key, perPoint }),
  });
  return [curve("total", "loss"), curve("CMR", "cmr"), curve("MD", "md"), curve("CL", "cl")]
    .filter((series) => series.points.length > 0);
}

/** Curves of the mean PSNR over the pairs of one objective, with the two baselines in the same blocks. */
export function psnrSeries(records: readonly MetricsRecord[], objective: Objective): Series[] {
  const scored = records.filter((record) => record.kind === "validation").flatMap(({ step, pairs }) => {
    const mean = meanScore(pairs, objective);
    return mean ? [{ step, mean }] : [];
  });
  const curve = (key: "psnr" | "mosaicPsnr" | "meanVolumePsnr", look: Omit<Series, "points">): Series => ({
    ...look,
    points: scored.flatMap(({ step, mean }) => pointsAt(step, mean[key])),
  });
  return [
    curve("psnr", { label: "reconstruction", color: COLORS[objective] }),
    curve("mosaicPsnr", { label: "mosaic", color: COLORS.baseline, dash: "6,4" }),
    curve("meanVolumePsnr", { label: "mean volume", color: COLORS.baseline, dash: "1.5,3.5" }),
  ].filter((series) => series.points.length > 0);
}

/** Curves of how much each template still changes between validations. */
export function templateChangeSeries(records: readonly MetricsRecord[]): Series[] {
  const validations = records.filter((record) => record.kind === "validation");
  const modalities = [...new Set(validations.flatMap((record) => Object.keys(record.templateChange)))].sort();
  return modalities.map((modality, i) => ({
    label: modality,
    ...MODALITY_LOOKS[i % MODALITY_LOOKS.length],
    points: validations.flatMap(({ step, templateChange }) => pointsAt(step, templateChange[modality])),
  })).filter((series) => series.points.length > 0);
}

/** Events in order, those of one step under one number, counted from 1. */
export function eventMarks(records: readonly MetricsRecord[]): EventMark[] {
  const byStep = Map.groupBy(records.filter((record) => record.kind === "event"), (event) => event.step);
  return [...byStep].sort(([a], [b]) => a - b).map(([step, events]: [number, EventRecord[]], i) => ({
    number: i + 1,
    epoch: events[0].epoch,
    step,
    messages: events.map((event) => event.message),
  }));
}

/** Means of `perPoint` consecutive values that are numbers. */
function averaged(
  steps: readonly StepRecord[],
  options: { key: "loss" | "cmr" | "md" | "cl"; perPoint: number },
): CurvePoint[] {
  const { key, perPoint } = options;
  const known = steps.flatMap((record) => pointsAt(record.step, record[key]));
  return Array.from({ length: Math.ceil(known.length / perPoint) }, (_, i) => {
    const group = known.slice(i * perPoint, (i + 1) * perPoint);
    const mean = (of: "step" | "value"): number => group.reduce((sum, point) => sum + point[of], 0) / group.length;
    return {
      step: mean("step"),
      value: mean("value"),
      low: Math.min(...group.map((point) => point.low)),
      high: Math.max(...group.map((point) => point.high)),
    };
  });
}

/** No point for what is missing or not a number: JSON writes NaN and Infinity as null. */
function pointsAt(step: number, value: number | null | undefined): CurvePoint[] {
  return typeof value === "number" && Number.isFinite(value) ? [{ step, value, low: value, high: value }] : [];
}
