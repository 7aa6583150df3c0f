/** The options of a fine-tuning run with their defaults: those of the official code. */
import { z } from "zod";
import { divisorOf, MODEL_NAMES, MODEL_PRESETS } from "../../lib/model/mod.ts";
import { checkpointMinutesSchema, precisionSchema } from "../../lib/trainer/mod.ts";

const count = z.int().positive();
const triple = z.tuple([count, count, count]);
const share = z.number().min(0).max(1);

const preprocessSchema = z.strictObject({
  spacingMm: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]).nullable()
    .default([1, 1, 1]).describe("voxel size (x, y, z) in mm that scans are resampled to; null = as they are"),
  lowerPercentile: z.number().min(0).max(100).default(5).describe("percentile that becomes 0"),
  upperPercentile: z.number().min(0).max(100).default(95).describe("percentile that becomes 1"),
  clip: z.boolean().default(false).describe("limit intensities to [0, 1], as in pre-training"),
  scaleOver: z.enum(["foreground", "volume"]).default("volume")
    .describe("what percentiles are taken over: the foreground box, as in pre-training, or the whole volume"),
  foreground: z.enum(["centred", "box"]).default("box")
    .describe("box of voxels above 0: symmetric about the centre, as in pre-training, or as it is"),
  margin: z.int().nonnegative().default(1).describe("voxels around the box as it is"),
});

const augmentSchema = z.strictObject({
  labelCentred: share.default(0).describe("share of crops that are centred on a labelled voxel"),
  flip: z.enum(["none", "together", "each"]).default("together")
    .describe("mirror axes: all by one coin, as the official code does, or each by its own"),
  flipProbability: share.default(0.5).describe("probability that a coin says yes"),
  shift: z.number().nonnegative().default(0.1).describe("intensities get an offset of up to this, either way"),
  scale: z.number().min(0).lt(1).default(0.1).describe("and a factor of 1 plus up to this, either way"),
  templateChannels: z.int().nonnegative().default(3)
    .describe("channels replaced by their template: a number drawn from 0 to this; 0 where there are no templates"),
  templateValues: z.enum(["normalised", "raw"]).default("raw")
    .describe(
      "templates scaled to [0, 1] as in pre-training, or as the optimiser left them, as the official code has it",
    ),
});

const lossSchema = z.strictObject({
  diceShare: share.default(0.7).describe("share of soft Dice; the rest is cross-entropy"),
  deepSupervision: z.boolean().default(true).describe("outputs at a quarter and half of the resolution learn too"),
  consistencyWeight: z.number().nonnegative().default(0)
    .describe("weight of the distance between two differently substituted copies; 0 = one copy (official: 0.1)"),
  consistencyOn: z.enum(["features", "logits"]).default("features")
    .describe("what is compared: the deepest features, as in the paper, or coarse logits, as in the official code"),
});

const headSchema = z.strictObject({
  kind: z.enum(["linear", "mlp"]).default("mlp").describe("one linear layer on the pooled features, or two"),
  hidden: count.default(256).describe("hidden units of the mlp"),
  freezeEncoder: z.boolean().default(false).describe("only the head learns: a linear head is then a linear probe"),
  classWeights: z.enum(["none", "balanced"]).default("none").describe("balanced: rare classes weigh more"),
});

const optimizerSchema = z.strictObject({
  name: z.enum(["adam", "adamw"]).default("adam").describe("adam: decay through the gradient, as officially; or adamw"),
  learningRate: z.number().positive().default(3e-4).describe("peak learning rate"),
  encoderLearningRate: z.number().positive().nullable().default(null)
    .describe("peak learning rate of the encoder; null = that of the rest"),
  beta1: z.number().min(0).lt(1).default(0.9).describe("decay of the first moment"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("decay of the second moment"),
  epsilon: z.number().positive().default(1e-8).describe("stabiliser of the denominator"),
  weightDecay: z.number().nonnegative().default(1e-4).describe("weight decay"),
  clipNorm: z.number().positive().nullable().default(null).describe(
    "largest L2 norm of the gradient; null = no clipping",
  ),
  schedule: z.enum(["cosine-epoch", "cosine", "constant"]).default("cosine-epoch")
    .describe("learning rate from epoch to epoch, as officially, from update to update, or constant"),
  warmupSteps: z.int().nonnegative().default(0).describe("updates of linear warm-up"),
});

const runSchema = z.strictObject({
  epochs: count.default(300).describe("passes over the training subjects"),
  batchSize: count.default(2).describe("subjects per batch"),
  validateEvery: count.default(5).describe("epochs between validations; the last epoch is always validated"),
  validation: z.enum(["centre", "sliding"]).default("sliding")
    .describe("segmentation: the middle of held-out subjects, or all of them in overlapping windows"),
  overlap: z.number().min(0).lt(1).default(0.5).describe("share of a window that the next one covers again"),
  validationSubjects: count.default(10000).describe("held-out subjects looked at in a validation, at most"),
  checkpointEvery: count.default(100).describe("updates between checkpoints; the end is always saved"),
  checkpointMinutes: checkpointMinutesSchema,
  keepCheckpoints: count.default(2).describe("checkpoints kept"),
  recomputeBlocks: z.boolean().default(false)
    .describe("compute each block's tensors again in the backward pass: less memory, more time, the same numbers"),
  precision: precisionSchema,
});

/** A whole fine-tuning recipe. */
export const finetuneSchema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("seed of weights, crops, augmentation, order and split"),
  model: z.enum(MODEL_NAMES).default("uniformer-small").describe(
    "backbone and its size; that of a pre-training run unless given",
  ),
  cropSize: triple.default([96, 96, 96]).describe("voxels (x, y, z) of a training crop, and of a window"),
  validationFraction: z.number().gt(0).lt(1).default(0.2)
    .describe("share of subjects held out when the data do not say which"),
  labelFraction: z.number().gt(0).max(1).default(1)
    .describe("share of the training subjects whose labels are used; smaller shares are parts of larger ones"),
  labelSet: z.string().default("auto").describe("label convention of all files, or auto: told by the values of each"),
  firstConv: z.enum(["skip", "mean", "replicate"]).default("skip")
    .describe("first convolutions whose number of channels differs: fresh, as officially, or made of the weights' own"),
  preprocess: preprocessSchema.prefault({}),
  templates: z.strictObject({
    size: triple.default([240, 240, 155]).describe(
      "voxels (x, y, z) of a template; that of the weights' templates wins",
    ),
  }).prefault({}),
  augment: augmentSchema.prefault({}),
  loss: lossSchema.prefault({}),
  head: headSchema.prefault({}),
  optimizer: optimizerSchema.prefault({}),
  run: runSchema.prefault({}),
  loader: z.strictObject({
    workers: z.int().nonnegative().default(1).describe("threads that load and prepare scans"),
    cacheMiB: count.default(2048).describe("memory for prepared subjects, over all threads"),
  }).prefault({}),
  phantom: z.strictObject({
    subjects: count.default(36).describe("phantoms generated when no data are given"),
    size: z.int().min(16).max(512).default(64).describe("voxels per edge of a phantom"),
    seed: z.int().nonnegative().default(1).describe("seed of the cohort; that of pre-training is 0"),
  }).prefault({}),
}).superRefine(({ model, cropSize }, context) => {
  const divisor = divisorOf(MODEL_PRESETS[model]);
  if (cropSize.every((size) => size % divisor === 0)) return;
  context.addIssue({ code: "custom", path: ["cropSize"], message: `multiples of ${divisor}` });
});

/** A fine-tuning recipe as it is written: only what differs from the defaults. */
export type FinetuneRecipe = z.input<typeof finetuneSchema>;
/** A fine-tuning recipe with every option. */
export type ResolvedFinetune = z.output<typeof finetuneSchema>;
