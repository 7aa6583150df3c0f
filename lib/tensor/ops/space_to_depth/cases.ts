/** Shapes on which folding and unfolding is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd channels", shapes: { x: [2, 4, 2, 6, 3] }, attributes: {}, flops: 0 },
  { title: "runs of one vector", shapes: { x: [1, 4, 2, 6, 2] }, attributes: {}, flops: 0 },
  { title: "one channel", shapes: { x: [1, 2, 8, 4, 1] }, attributes: {}, flops: 0 },
];

/** Shapes for unfolding. */
export const depthToSpaceCases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { x: [2, 3, 1, 5, 24] }, attributes: {}, flops: 0 },
  { title: "runs of vectors", shapes: { x: [2, 3, 2, 1, 48] }, attributes: {}, flops: 0 },
];
