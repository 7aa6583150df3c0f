/** Shapes on which the residual addition is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { x: [2, 3, 5], residual: [2, 3, 5] }, attributes: {}, flops: 0 },
  {
    title: "stage 1, 32³ crop",
    shapes: { x: [2, 16, 16, 16, 8], residual: [2, 16, 16, 16, 8] },
    attributes: {},
    flops: 0,
  },
];
