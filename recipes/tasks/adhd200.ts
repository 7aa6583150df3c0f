/** ADHD-200: 767 subjects in the paper. */
import type { TaskInput } from "./schema.ts";

/** Paper: accuracy 0.69. */
export const adhd200: TaskInput = {
  kind: "classification",
  name: "adhd200",
  title: "Attention deficit hyperactivity disorder against controls, ADHD-200",
  modalities: ["t1"],
  classes: ["control", "ADHD"],
};
