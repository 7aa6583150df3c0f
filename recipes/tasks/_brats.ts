/** What the tumour tasks of the BraTS challenges have in common. */
import type { TaskInput } from "./schema.ts";

type Segmentation = Extract<TaskInput, { kind: "segmentation" }>;

/** The four sequences of a BraTS subject. */
export const BRATS_MODALITIES: Segmentation["modalities"] = ["flair", "t1", "t1c", "t2"];

/**
 * Tumour core, whole tumour and enhancing tumour, given the value that files have for enhancing tumour: 4 up to 2021, 3
 * since 2023. 1 is necrosis, 2 is oedema. The order of the regions is that of the official conversion.
 *
 * @see MONAI `ConvertToMultiChannelBasedOnBratsClasses`
 */
export function bratsRegions(enhancing: 3 | 4): Pick<Segmentation, "regions" | "labelSetName" | "labelSets"> {
  const other = enhancing === 3 ? 4 : 3;
  const nameOf = (value: 3 | 4): string => value === 3 ? "brats2023" : "brats2021";
  return {
    regions: [
      { name: "TC", labels: [1, enhancing] },
      { name: "WT", labels: [1, 2, enhancing] },
      { name: "ET", labels: [enhancing] },
    ],
    labelSetName: nameOf(enhancing),
    labelSets: [{ name: nameOf(other), rename: { [other]: enhancing } }],
  };
}
