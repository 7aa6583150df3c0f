/** ABIDE I: 819 subjects in the paper. */
import type { TaskInput } from "./schema.ts";

/** Paper: accuracy 0.6545. */
export const abide1: TaskInput = {
  kind: "classification",
  name: "abide1",
  title: "Autism spectrum disorder against controls, ABIDE I",
  modalities: ["t1"],
  classes: ["control", "autism"],
};
