/** BraTS 2023, metastases: 238 subjects in the paper. */
import { BRATS_MODALITIES, bratsRegions } from "./_brats.ts";
import type { TaskInput } from "./schema.ts";

/** Paper: Dice 73.67 %. */
export const brats2023Met: TaskInput = {
  kind: "segmentation",
  name: "brats2023-met",
  title: "Brain metastases, BraTS 2023",
  modalities: BRATS_MODALITIES,
  ...bratsRegions(3),
};
