/** BraTS 2023, paediatric tumours: 99 subjects in the paper. */
import { BRATS_MODALITIES, bratsRegions } from "./_brats.ts";
import type { TaskInput } from "./schema.ts";

/** Paper: Dice 76.80 % (from scratch 72.52 %). */
export const brats2023Ped: TaskInput = {
  kind: "segmentation",
  name: "brats2023-ped",
  title: "Paediatric brain tumours, BraTS 2023",
  modalities: BRATS_MODALITIES,
  ...bratsRegions(3),
};
