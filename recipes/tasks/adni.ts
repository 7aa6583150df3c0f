/** ADNI: mild cognitive impairment, 1348 subjects in the paper. */
import type { TaskInput } from "./schema.ts";

/** Paper: accuracy 0.62 to 0.68, as sources disagree. */
export const adni: TaskInput = {
  kind: "classification",
  name: "adni",
  title: "Mild cognitive impairment against normal controls, ADNI",
  modalities: ["t1"],
  classes: ["NC", "MCI"],
};
