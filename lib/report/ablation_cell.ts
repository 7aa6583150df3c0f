/** What a file of an ablation's results must hold. */
import { z } from "zod";
import type { AblationCell, AblationVariant } from "../results.ts";
import { ABLATION_VARIANTS } from "./ablation.ts";

const count = z.int().nonnegative();
const score = z.number().nullable();
/**
 * The form of a cell's file; anything beside it is refused.
 *
 * @see AblationCell for what the fields mean
 */
export const ABLATION_CELL: z.ZodType<AblationCell> = z.strictObject({
  kind: z.literal("ablation"),
  scale: z.string(),
  variant: z.enum(ABLATION_VARIANTS as [AblationVariant, ...AblationVariant[]]),
  task: z.string(),
  seed: count,
  recipeHash: z.string(),
  dataHash: z.string(),
  finetuneHash: z.string(),
  version: z.string(),
  machine: z.record(z.string(), z.string()),
  date: z.string(),
  subjects: z.array(z.string()),
  trainingSubjects: count,
  updates: count,
  metrics: z.array(z.strictObject({
    name: z.string(),
    region: z.string().nullable(),
    unit: z.string().nullable(),
    better: z.enum(["higher", "lower"]),
    mean: score,
    low: score,
    high: score,
    values: z.array(score).nullable(),
  })).min(1),
  pretraining: z.strictObject({
    updates: count,
    trainingSubjects: count,
    pairs: z.array(z.strictObject({
      target: z.string(),
      source: z.string(),
      psnr: z.number(),
      mosaicPsnr: z.number(),
      meanVolumePsnr: z.number(),
      subjects: count,
    })),
  }).nullable(),
});
