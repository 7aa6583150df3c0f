/** UPENN-GBM: glioblastoma, 127 subjects in the paper. */
import { BRATS_MODALITIES, bratsRegions } from "./_brats.ts";
import type { TaskInput } from "./schema.ts";

/** Paper: Dice 90.01 %. */
export const upennGbm: TaskInput = {
  kind: "segmentation",
  name: "upenn-gbm",
  title: "Glioblastoma, UPENN-GBM",
  modalities: BRATS_MODALITIES,
  ...bratsRegions(4),
};
