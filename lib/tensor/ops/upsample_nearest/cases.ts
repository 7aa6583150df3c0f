/** Shapes on which nearest upsampling is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { x: [2, 3, 1, 5, 3] }, attributes: {}, flops: 0 },
  { title: "channels beyond a vector", shapes: { x: [1, 2, 3, 2, 13] }, attributes: {}, flops: 0 },
  { title: "channels of three vectors", shapes: { x: [2, 2, 3, 1, 12] }, attributes: {}, flops: 0 },
  { title: "one channel", shapes: { x: [1, 1, 3, 2, 1] }, attributes: {}, flops: 0 },
];
