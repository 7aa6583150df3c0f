/**
 * The first run: the whole method in minutes on any machine, on the built-in phantoms at 4.8 mm.
 *
 * Command: deno task pretrain
 * Cost: 1800 updates, about 100 seconds on two cores without a GPU, phantoms included.
 * Expect: held-out PSNR in masked blocks 16.7 dB for CMR (mosaic 15.2, mean training volume 16.1) and 17.3 dB for MD
 * (6.0, 16.0), means over pairs; better than both in 33 of 48 pairs.
 */
import type { Recipe } from "./schema.ts";

/** Small volumes, a small network, and all three losses within one run. */
export const quick: Recipe = {
  model: "uniformer-tiny",
  cropSize: [32, 32, 32],
  shuffleSequences: true,
  preprocess: { spacingMm: null },
  templates: { size: [40, 40, 40] },
  method: {
    modalitiesPerStep: "one",
    // Half hidden instead of seven eighths: a few minutes are enough to learn that, but not the paper's ratio.
    maskRatio: 0.5,
    // As a share of the crop, a block is as large as the paper's 8 voxels of 96.
    blockSize: 4,
    templateGradient: "range-scaled",
    templateSmoothing: 4,
    // At weight 1 the loss of a batch of four outweighs reconstruction thirtyfold and undoes it within a few epochs.
    clWeight: 0.02,
    clStartEpoch: 90,
  },
  optimizer: { learningRate: 2e-3, clipNorm: 1, warmupSteps: 10 },
  run: { epochs: 120, batchSize: 4, validateEvery: 30, checkpointEvery: 200, templatesEvery: 5 },
  phantom: { subjects: 72, size: 40 },
};

/** What `--quick-check` changes: the same path in well under 90 seconds. */
export const QUICK_CHECK: readonly string[] = [
  "phantom.subjects=8",
  "run.epochs=2",
  "run.validateEvery=1",
  "run.checkpointEvery=2",
  "run.validationSubjects=2",
  "method.clStartEpoch=1",
];
