/** Shapes on which batch normalisation is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "odd sizes",
    shapes: { x: [3, 2, 5, 1, 7], scale: [7], bias: [7] },
    attributes: { epsilon: 1e-5 },
    flops: 0,
  },
  {
    title: "stage 1, 32³ crop",
    shapes: { x: [2, 16, 16, 16, 8], scale: [8], bias: [8] },
    attributes: { epsilon: 1e-5 },
    flops: 0,
  },
];

/** Shapes for the op with given statistics. */
export const scaleShiftCases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { x: [2, 3, 5], scale: [5], shift: [5] }, attributes: {}, flops: 0 },
];
