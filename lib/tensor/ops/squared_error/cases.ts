/** Shapes on which the squared error is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { prediction: [3, 2, 5, 7], target: [3, 2, 5, 7] }, attributes: {}, flops: 0 },
  {
    title: "more than one piece",
    shapes: { prediction: [2, 33, 17, 41], target: [2, 33, 17, 41] },
    attributes: {},
    flops: 0,
  },
];
