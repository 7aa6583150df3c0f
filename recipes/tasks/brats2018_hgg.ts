/** BraTS 2018: high- or low-grade glioma, 285 subjects in the paper. */
import { BRATS_MODALITIES } from "./_brats.ts";
import type { TaskInput } from "./schema.ts";

/** Paper: accuracy 0.8596. The classes are the names of the data set's two folders. */
export const brats2018Hgg: TaskInput = {
  kind: "classification",
  name: "brats2018-hgg",
  title: "High-grade against low-grade glioma, BraTS 2018",
  modalities: BRATS_MODALITIES,
  classes: ["LGG", "HGG"],
};
