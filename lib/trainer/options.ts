/** Options of pre-training: what the method does, how it is optimised, when it is checked and saved. */
import { z } from "zod";

const count = z.int().positive();
const weight = z.number().nonnegative();

/** How activations and their gradients are stored; weights and sums are in 32-bit floats either way. */
export const precisionSchema = z.enum(["f32", "f16-mixed"]).default("f32")
  .describe("activations in 32-bit floats, or in 16-bit ones: half the memory, on GPUs with shader-f16 only");

/** See {@linkcode precisionSchema}. */
export type Precision = z.output<typeof precisionSchema>;

/** The method (DESIGN §2) and the points in which paper and official code differ. */
export const methodSchema = z.strictObject({
  sequences: z.union([z.literal("all"), count]).default("all")
    .describe("sequences per subject and step: all, or exactly n (sampled if more, repeated if fewer)"),
  modalitiesPerStep: z.enum(["all", "one"]).default("all")
    .describe("reconstruct all of a subject's sequences, averaged, or one drawn at random per batch"),
  maskRatio: z.number().min(0).max(1).default(0.875).describe("share of blocks that are hidden"),
  blockSize: count.default(8).describe("side of a masked block in voxels"),
  cmrWeight: weight.default(1).describe("weight of cross-modal reconstruction"),
  mdWeight: weight.default(1).describe("weight of modal data distillation"),
  clWeight: weight.default(1).describe("weight of contrastive learning"),
  clStartEpoch: z.int().nonnegative().default(1000).describe("first epoch, from 0, with contrastive learning"),
  clAutoStart: z.number().positive().nullable().default(null)
    .describe("start contrastive learning once the templates change less than this per epoch; null = by epoch only"),
  gatherNegatives: z.boolean().default(true)
    .describe("negatives of contrastive learning from all ranks; false = from each rank's own part of the batch"),
  temperature: z.number().positive().default(1).describe("temperature of InfoNCE"),
  templateFillUntilEpoch: z.int().min(-1).default(-1)
    .describe("last epoch, from 0, in which both views are filled from the template; -1 = never"),
  templateGradient: z.enum(["exact", "range-scaled"]).default("exact")
    .describe("template gradient as it is, or times the template's range so that the first step is not 1e9 too large"),
  templateSmoothing: z.int().nonnegative().default(0)
    .describe("passes of a [1, 2, 1]/4 filter over the templates' gradient; 0 = none, as in the official code"),
});

/** The optimiser and its schedule. */
export const optimizerSchema = z.strictObject({
  learningRate: z.number().positive().default(3e-4).describe("peak learning rate of AdamW"),
  templateLearningRate: z.number().positive().nullable().default(null)
    .describe("learning rate of the templates; null = that of the model"),
  beta1: z.number().min(0).lt(1).default(0.9).describe("decay of the first moment"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("decay of the second moment"),
  epsilon: z.number().positive().default(1e-8).describe("stabiliser of the denominator"),
  weightDecay: weight.default(1e-5).describe("decoupled weight decay"),
  clipNorm: z.number().positive().nullable().default(null)
    .describe("largest L2 norm of the model's gradient, templates apart; null = no clipping"),
  schedule: z.enum(["cosine", "constant"]).default("cosine").describe("learning rate over the updates"),
  warmupSteps: z.int().nonnegative().default(0).describe("updates of linear warm-up"),
  accumulationSteps: count.default(1).describe("batches per update; their losses are divided by it"),
  accumulationPhase: z.enum(["last", "first"]).default("last")
    .describe("update after the last batch of a group, or after the first as the official code does"),
});

/** How much training may be lost. */
export const checkpointMinutesSchema = z.number().nonnegative().default(10)
  .describe("minutes without a checkpoint after which one is saved even so; 0 = by updates only");

/** How long, and how often things are looked at and saved. */
export const runSchema = z.strictObject({
  epochs: count.default(1500).describe("passes over the training subjects"),
  batchSize: count.default(3).describe("subjects per batch"),
  validateEvery: count.default(50).describe("epochs between validations; the last epoch is always validated"),
  validationSubjects: count.default(16).describe("held-out subjects looked at in a validation, at most"),
  meanVolumeSubjects: count.default(200)
    .describe("training subjects averaged for the mean-volume baseline of validations, at most"),
  checkpointEvery: count.default(100).describe("updates between checkpoints; the end is always saved"),
  checkpointMinutes: checkpointMinutesSchema,
  keepCheckpoints: count.default(2).describe("checkpoints kept"),
  synchronizeBatchNorm: z.boolean().default(true)
    .describe("batch norms over all ranks; false = over each rank's own part of the batch"),
  templatesEvery: z.int().nonnegative().default(0)
    .describe("epochs between the templates kept for looking at under templates/epoch-N/; 0 = none but the last ones"),
  recomputeBlocks: z.boolean().default(false)
    .describe("compute each block's tensors again in the backward pass: less memory, more time, the same numbers"),
  precision: precisionSchema,
});

/** See {@linkcode methodSchema}. */
export type MethodOptions = z.output<typeof methodSchema>;
/** See {@linkcode optimizerSchema}. */
export type OptimizerOptions = z.output<typeof optimizerSchema>;
/** See {@linkcode runSchema}. */
export type RunOptions = z.output<typeof runSchema>;

/** Whether any loss reaches the templates; without, they stay zero. */
export function trainsTemplates({ mdWeight, clWeight, templateFillUntilEpoch }: MethodOptions): boolean {
  return mdWeight > 0 || clWeight > 0 || templateFillUntilEpoch >= 0;
}

/** Everything the trainer itself needs to know. */
export interface TrainerOptions {
  readonly seed: number;
  readonly method: MethodOptions;
  readonly optimizer: OptimizerOptions;
  readonly run: RunOptions;
}
