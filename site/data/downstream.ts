/** Scores on downstream tasks: `summary.json` of `deno task evaluate`. */
import { z } from "zod";
import { type Estimate, estimateSchema, measured, parseResult, type ResultFile } from "./result_file.ts";

const segmentationSchema = z.object({
  kind: z.literal("segmentation"),
  task: z.string(),
  cases: z.number(),
  regions: z.array(z.object({ region: z.string(), scores: z.record(z.string(), estimateSchema) })).min(1),
});

const classificationSchema = z.object({
  kind: z.literal("classification"),
  task: z.string(),
  cases: z.number(),
  scores: z.array(z.object({ name: z.string(), value: measured, low: measured, high: measured })).min(1),
});

/** Our score on a task, in the paper's measure. */
export interface DownstreamResult {
  readonly task: string;
  readonly cases: number;
  /** Dice as the official code counts it, mean over regions; or accuracy. A share from 0 to 1. */
  readonly score: Estimate;
}

/**
 * Reads the score that the paper reports from an evaluation.
 *
 * @throws {SyntaxError} when the file is damaged or holds something else
 */
export function readDownstream(file: ResultFile): DownstreamResult {
  const schema = z.discriminatedUnion("kind", [segmentationSchema, classificationSchema]);
  const summary = parseResult(file, { schema, what: "summary.json of an evaluation" });
  const { task, cases } = summary;
  if (summary.kind === "classification") {
    const accuracy = summary.scores.find(({ name }) => name === "accuracy");
    if (accuracy === undefined) {
      throw new SyntaxError(`Cannot read ${file.path}: expected a score "accuracy", got none`);
    }
    return { task, cases, score: { mean: accuracy.value, low: accuracy.low, high: accuracy.high } };
  }
  const mean = summary.regions.find(({ region }) => region === "mean of regions") ?? summary.regions[0];
  const score = mean.scores["dice_official"];
  if (score === undefined) {
    throw new SyntaxError(`Cannot read ${file.path}: expected a score "dice_official", got none`);
  }
  return { task, cases, score };
}
