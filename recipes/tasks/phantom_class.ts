/** Whether a built-in phantom has a tumour. */
import type { TaskInput } from "./schema.ts";

/** T1 and T2 are the sequences that phantoms with and without a tumour share. */
export const phantomClass: TaskInput = {
  kind: "classification",
  name: "phantom-class",
  title: "Tumour against none in built-in phantoms",
  modalities: ["t1", "t2"],
  classes: ["none", "tumour"],
};
