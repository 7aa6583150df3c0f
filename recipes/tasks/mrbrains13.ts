/** MRBrainS13: tissues of the brain, 20 subjects in the paper. */
import type { TaskInput } from "./schema.ts";

/**
 * Paper: Dice 80.27 %.
 *
 * The challenge has two label files per subject: LabelsForTesting with the three tissues, and LabelsForTraining with
 * eight structures, of which cerebellum (7) and brain stem (8) are left out of the score.
 *
 * The second sequence is an inversion recovery T1, for which there is no name of its own: name those files `_t1c`, or
 * write a task of your own without them.
 */
export const mrbrains13: TaskInput = {
  kind: "segmentation",
  name: "mrbrains13",
  title: "CSF, grey and white matter, MRBrainS13",
  modalities: ["t1", "t1c", "flair"],
  regions: [{ name: "CSF", labels: [1] }, { name: "GM", labels: [2] }, { name: "WM", labels: [3] }],
  labelSetName: "testing",
  labelSets: [{ name: "training", rename: { 1: 2, 2: 2, 3: 3, 4: 3, 5: 1, 6: 1, 7: 0, 8: 0 } }],
};
