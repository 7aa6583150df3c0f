/** VS-SEG: vestibular schwannoma, 242 subjects in the paper. */
import type { TaskInput } from "./schema.ts";

/** Paper: Dice 83.64 %. Its table says T1; the official code substitutes the T2 template. */
export const vsseg: TaskInput = {
  kind: "segmentation",
  name: "vsseg",
  title: "Vestibular schwannoma, VS-SEG",
  modalities: ["t1"],
  regions: [{ name: "VS", labels: [1] }],
};
