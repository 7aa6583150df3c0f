/** ISLES 2022: acute and subacute stroke, 238 subjects in the paper. */
import type { TaskInput } from "./schema.ts";

/** Paper: Dice 86.60 %. The three sequences of a subject have to be registered to one grid first. */
export const isles22: TaskInput = {
  kind: "segmentation",
  name: "isles22",
  title: "Ischaemic stroke lesions, ISLES 2022",
  modalities: ["flair", "dwi", "adc"],
  regions: [{ name: "lesion", labels: [1] }],
};
