/**
 * The first run: the whole method in minutes on any machine, on the built-in phantoms at 4.8 mm.
 *
 * Command: deno task pretrain
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
    blockSize: 4,
    templateGradient: "range-scaled",
    clStartEpoch: 30,
  },
  optimizer: { learningRate: 2e-3, clipNorm: 1, warmupSteps: 10 },
  run: { epochs: 40, batchSize: 4, validateEvery: 10, checkpointEvery: 100 },
  phantom: { subjects: 36, size: 40 },
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
