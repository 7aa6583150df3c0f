/** Shapes on which nearest upsampling is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes", shapes: { x: [2, 3, 1, 5, 3] }, attributes: {}, flops: 0 },
];
