/**
 * A look at one's own scans: the whole method at 4 mm with a small network, on a workstation without a GPU.
 *
 * Command: deno task pretrain preview --data DIR
 * Cost: about 0.6 s per update of three subjects on two cores.
 * Expect: nothing that holds for every cohort; the report says what your own run reached.
 */
import { quick } from "./quick.ts";
import type { Recipe } from "./schema.ts";

/** The quick recipe's network and method on scans resampled to 4 mm, crops of 192 mm. */
export const preview: Recipe = {
  model: quick.model,
  cropSize: [48, 48, 48],
  shuffleSequences: true,
  preprocess: { spacingMm: [4, 4, 4] },
  templates: { size: [60, 60, 48] },
  method: quick.method,
  optimizer: quick.optimizer,
  run: { epochs: 120, batchSize: 3, validateEvery: 30, checkpointEvery: 50 },
};
