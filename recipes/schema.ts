/** The options of a pre-training run with their defaults: those of the paper's recipe. */
import { z } from "zod";
import { divisorOf, MODEL_NAMES, MODEL_PRESETS } from "../lib/model/mod.ts";
import { methodSchema, optimizerSchema, runSchema } from "../lib/trainer/mod.ts";

const count = z.int().positive();
const triple = z.tuple([count, count, count]);

/** Intensity and space of the scans. */
const preprocessSchema = z.strictObject({
  spacingMm: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]).nullable()
    .default([1, 1, 1]).describe("voxel size (x, y, z) in mm that scans are resampled to; null = as they are"),
  lowerPercentile: z.number().min(0).max(100).default(5).describe("percentile that becomes 0"),
  upperPercentile: z.number().min(0).max(100).default(95).describe("percentile that becomes 1"),
});

/** The built-in cohort, used when no data are named. */
const phantomSchema = z.strictObject({
  subjects: count.default(36).describe("phantoms generated when no data are given"),
  size: z.int().min(16).max(512).default(64).describe("voxels per edge of a phantom"),
  seed: z.int().nonnegative().default(0).describe("seed of the cohort, apart from that of the run"),
});

/** A whole recipe. */
export const recipeSchema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("seed of weights, crops, masks and order"),
  model: z.enum(MODEL_NAMES).default("uniformer-small").describe("backbone"),
  cropSize: triple.default([96, 96, 96]).describe("voxels (x, y, z) of a training crop"),
  validationFraction: z.number().gt(0).lt(1).default(0.1)
    .describe("share of subjects held out when the data do not say which"),
  shuffleSequences: z.boolean().default(false).describe("each subject has its own fixed order of sequences"),
  preprocess: preprocessSchema.prefault({}),
  templates: z.strictObject({
    size: triple.default([240, 240, 155]).describe("voxels (x, y, z) of a template"),
    epsilon: z.number().positive().default(1e-9).describe("added to a template's range when it is normalised"),
  }).prefault({}),
  method: methodSchema.prefault({}),
  optimizer: optimizerSchema.prefault({}),
  run: runSchema.prefault({}),
  loader: z.strictObject({
    workers: z.int().nonnegative().default(1).describe("threads that load and prepare scans"),
    cacheMiB: count.default(2048).describe("memory for prepared subjects, over all threads"),
  }).prefault({}),
  phantom: phantomSchema.prefault({}),
}).superRefine(({ cropSize, model, method: { blockSize } }, context) => {
  const needed = [[blockSize, "method.blockSize"], [divisorOf(MODEL_PRESETS[model]), model]] as const;
  for (const [divisor, reason] of needed) {
    if (cropSize.every((size) => size % divisor === 0)) continue;
    context.addIssue({ code: "custom", path: ["cropSize"], message: `multiples of ${divisor} (${reason})` });
  }
});

/** A recipe as it is written: only what differs from the defaults. */
export type Recipe = z.input<typeof recipeSchema>;

/** A recipe with every option. */
export type ResolvedRecipe = z.output<typeof recipeSchema>;
