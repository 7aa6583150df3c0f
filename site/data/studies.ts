/** Results of the studies of few labels and of missing sequences: their `results.json`. */
import { z } from "zod";
import { estimateSchema, measured, parseResult, type ResultFile } from "./result_file.ts";

const STARTS = ["pre-trained", "from scratch"] as const;

const startSchema = estimateSchema.extend({ count: z.number(), seedMeans: z.array(measured) });

const labelEfficiencySchema = z.object({
  kind: z.literal("label-efficiency"),
  task: z.string(),
  recipe: z.string(),
  weights: z.string(),
  origin: z.string(),
  heldOut: z.number(),
  epochs: z.number(),
  equal: z.enum(["updates", "epochs"]),
  seeds: z.array(z.number()),
  results: z.array(z.object({
    region: z.string(),
    fraction: z.number(),
    trainingSubjects: z.number(),
    starts: z.record(z.enum(STARTS), startSchema),
    difference: estimateSchema,
    correctedPValue: measured,
  })).min(1),
});

/** Pre-trained against scratch with shares of the labels. */
export type LabelEfficiencyStudy = z.output<typeof labelEfficiencySchema>;

const missingModalitySchema = z.object({
  kind: z.literal("missing-modality"),
  task: z.string(),
  run: z.string(),
  templates: z.string(),
  origin: z.string(),
  results: z.array(z.object({
    region: z.string(),
    present: z.array(z.string()),
    zero: estimateSchema.extend({ count: z.number() }),
    template: estimateSchema,
    comparison: z.object({ difference: estimateSchema, correctedPValue: measured }).nullable(),
  })).min(1),
});

/** A network with sequences missing, filled by zeros or templates. */
export type MissingModalityStudy = z.output<typeof missingModalitySchema>;

/**
 * Reads `results.json` of `deno task label-efficiency`.
 *
 * @throws {SyntaxError} when the file is damaged or holds something else
 */
export function readLabelEfficiency(file: ResultFile): LabelEfficiencyStudy {
  return parseResult(file, { schema: labelEfficiencySchema, what: "results.json of a label-efficiency study" });
}

/**
 * Reads `results.json` of `deno task missing-modality`.
 *
 * @throws {SyntaxError} when the file is damaged or holds something else
 */
export function readMissingModality(file: ResultFile): MissingModalityStudy {
  return parseResult(file, { schema: missingModalitySchema, what: "results.json of a missing-modality study" });
}

/** The regions of a study's results in their order: the mean over regions comes first where there are several. */
export function regionsOf(results: readonly { readonly region: string }[]): string[] {
  return [...new Set(results.map(({ region }) => region))];
}
