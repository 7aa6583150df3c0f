/**
 * Fine-tuning on one's own scans at 4 mm with a small network: a first look without a GPU.
 *
 * Command: deno task finetune preview --task upenn-gbm --data DIR --weights runs/preview-20260101-120000
 * Expect: nothing that holds for every data set.
 */
import { quick, quickClassification } from "./quick.ts";
import type { FinetuneRecipe } from "./schema.ts";

/** The quick recipe's network and method on scans resampled to 4 mm, crops of 192 mm. */
export const preview: FinetuneRecipe = {
  ...quick,
  cropSize: [48, 48, 48],
  preprocess: { ...quick.preprocess, spacingMm: [4, 4, 4] },
  templates: { size: [60, 60, 48] },
};

/** The same for classification; lists of scans are shorter than the phantoms' of `quick`, so that it goes over them more often. */
export const previewClassification: FinetuneRecipe = {
  ...preview,
  augment: quickClassification.augment,
  optimizer: quickClassification.optimizer,
  run: { ...quickClassification.run, epochs: 60, validateEvery: 10 },
};
