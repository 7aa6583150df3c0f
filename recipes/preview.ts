/**
 * A look at one's own scans: the whole method at 4 mm with a small network, on a workstation without a GPU.
 *
 * Command: deno task pretrain preview --data DIR
 */
import type { Recipe } from "./schema.ts";

/** Scans resampled to 4 mm, crops of 192 mm. */
export const preview: Recipe = {
  model: "uniformer-tiny",
  cropSize: [48, 48, 48],
  shuffleSequences: true,
  preprocess: { spacingMm: [4, 4, 4] },
  templates: { size: [60, 60, 48] },
  method: {
    modalitiesPerStep: "one",
    blockSize: 4,
    templateGradient: "range-scaled",
    clStartEpoch: 30,
  },
  optimizer: { learningRate: 2e-3, clipNorm: 1, warmupSteps: 10 },
  run: { epochs: 40, batchSize: 3, validateEvery: 10, checkpointEvery: 50 },
};
