/** Shapes on which leaky ReLU is tested and timed. */
import type { OpCase } from "../../op.ts";

const slope = 0.01;

/** Odd sizes first, then what the segmentation decoder uses. */
export const cases: readonly OpCase[] = [
  { title: "odd size", shapes: { x: [3, 5, 7] }, attributes: { slope }, flops: 0 },
  { title: "1 value", shapes: { x: [1] }, attributes: { slope: 0.2 }, flops: 0 },
  { title: "a sum", shapes: { x: [2, 3, 5], residual: [2, 3, 5] }, attributes: { slope }, flops: 0 },
  {
    title: "a sum just above a thread's share",
    shapes: { x: [5, 29, 113], residual: [5, 29, 113] },
    attributes: { slope },
    flops: 0,
  },
];
