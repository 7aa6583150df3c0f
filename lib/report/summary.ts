/** What a run achieved, in plain words and a few numbers; a baseline that wins is said to win. */
import type { MetricsRecord, StepRecord } from "../results.ts";
import { formatCount, formatDb, plural } from "./format.ts";
import { judge, lastValidation, type MeanScore, meanScore, type Objective } from "./scores.ts";

/** How each objective fills the masked blocks. */
const FILL: Readonly<Record<Objective, string>> = {
  cmr: "another modality of the same subject",
  md: "the learned template",
};

/** The sentences that open a report. */
export function summarize(records: readonly MetricsRecord[]): string[] {
  const steps = records.filter((record) => record.kind === "step");
  return [describeProgress(steps), ...describeFailures(steps), ...describeScores(records)];
}

function describeProgress(steps: readonly StepRecord[]): string {
  const last = steps.at(-1);
  if (!last) return "The run has not made an update yet.";
  return `The run has made ${plural(last.step, "update")} of the network and reached epoch ${formatCount(last.epoch)}.`;
}

function describeFailures(steps: readonly StepRecord[]): string[] {
  // What was NaN or infinite in the run is null once it has been through JSON.
  const failed = steps.filter((record) => !Number.isFinite(record.loss));
  if (failed.length === 0) return [];
  return [`The loss was not a finite number in ${plural(failed.length, "update")}, first in update ${failed[0].step}.`];
}

function describeScores(records: readonly MetricsRecord[]): string[] {
  const validation = lastValidation(records);
  if (!validation) return ["It has not been validated yet, so there are no scores."];
  const sentences = (["cmr", "md"] as const).flatMap((objective) => {
    const mean = meanScore(validation.pairs, objective);
    return mean ? [describeMean(mean, objective)] : [];
  });
  if (sentences.length === 0) return ["Its validation scored no pair."];
  const won = validation.pairs.filter((pair) => judge(pair).winner === "reconstruction").length;
  return [
    ...sentences,
    `The reconstruction beats both baselines in ${won} of ${plural(validation.pairs.length, "pair")}.`,
  ];
}

function describeMean(mean: MeanScore, objective: Objective): string {
  const { gainOverMosaic, gainOverMeanVolume } = judge(mean);
  return `On held-out subjects, masked blocks filled from ${
    FILL[objective]
  } (${objective.toUpperCase()}) are rebuilt ` +
    `at ${formatDb(mean.psnr)} dB: ${compare(gainOverMosaic, "the mosaic")} and ` +
    `${compare(gainOverMeanVolume, "the mean volume")}.`;
}

function compare(gain: number, baseline: string): string {
  if (!Number.isFinite(gain)) return `not comparable with ${baseline}`;
  if (gain === 0) return `exactly as good as ${baseline}`;
  return `${formatDb(Math.abs(gain))} dB ${gain > 0 ? "better" : "worse"} than ${baseline}`;
}
