/** The tumours of the built-in phantoms. */
import { TUMOUR_LABELS } from "../../lib/dataset/mod.ts";
import { BRATS_MODALITIES, bratsRegions } from "./_brats.ts";
import type { TaskInput } from "./schema.ts";

/** Regions as in BraTS, on phantoms that all have the four sequences and a tumour. */
export const phantomTumour: TaskInput = {
  kind: "segmentation",
  name: "phantom-tumour",
  title: "Tumours of built-in phantoms",
  modalities: BRATS_MODALITIES,
  ...bratsRegions(TUMOUR_LABELS.enhancing),
};
