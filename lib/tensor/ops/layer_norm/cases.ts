/** Shapes on which layer normalisation is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { x: [2, 5, 7], scale: [7], bias: [7] }, attributes: { epsilon: 1e-5 }, flops: 0 },
  {
    title: "tokens of stage 3",
    shapes: { x: [2, 64, 96], scale: [96], bias: [96] },
    attributes: { epsilon: 1e-6 },
    flops: 0,
  },
];
