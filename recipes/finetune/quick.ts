/**
 * Fine-tuning in minutes on any machine, on the built-in phantoms at 4.8 mm.
 *
 * Command: deno task finetune, deno task finetune --task phantom-class
 * Cost: 360 updates; about a minute on two cores without a GPU, twice that for the comparison with a start from scratch.
 * Expect: mean Dice of 24 training and 12 held-out phantoms about 60 %, give or take 5 between seeds. Over three seeds a
 * pre-trained start was 2.8 points ahead (−3 to +12), which so few seeds do not tell from nothing. For classification a minute
 * as well, accuracy of 144 held-out phantoms 63 to 71 % from scratch and 68 to 88 % pre-trained (results/README.md).
 */
import type { FinetuneRecipe } from "./schema.ts";

/** Small volumes and a small network; scans are prepared as in pre-training. */
export const quick: FinetuneRecipe = {
  model: "uniformer-tiny",
  cropSize: [32, 32, 32],
  firstConv: "replicate",
  preprocess: { spacingMm: null, clip: true, scaleOver: "foreground", foreground: "centred" },
  templates: { size: [40, 40, 40] },
  augment: { labelCentred: 0.5, flip: "each", templateChannels: 0, templateValues: "normalised" },
  // The official rate takes hundreds of epochs: at 1e-3, 200 updates on two phantoms leave whole tumours unfound.
  optimizer: { name: "adamw", learningRate: 8e-3, clipNorm: 1, schedule: "cosine", warmupSteps: 10 },
  run: { epochs: 30, batchSize: 2, validateEvery: 10, checkpointEvery: 120 },
  phantom: { subjects: 36, size: 40 },
};

/**
 * The same for classification, which has one answer per head to learn from where segmentation has one per voxel: many more
 * heads, larger batches, a lower rate, and no mirroring, with which 24 heads are not even learned by heart.
 */
export const quickClassification: FinetuneRecipe = {
  ...quick,
  augment: { ...quick.augment, flip: "none" },
  optimizer: { ...quick.optimizer, learningRate: 1e-3 },
  run: { ...quick.run, epochs: 15, batchSize: 8, validateEvery: 5 },
  phantom: { subjects: 432, size: 40 },
};

/** What `--quick-check` changes: the same path in well under a minute. */
export const QUICK_CHECK: readonly string[] = [
  "phantom.subjects=4",
  "run.epochs=2",
  "run.validateEvery=1",
];
