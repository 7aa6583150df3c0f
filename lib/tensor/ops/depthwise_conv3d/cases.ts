/** Shapes on which the depthwise convolution is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "3³, odd sizes, bias",
    shapes: { x: [2, 5, 3, 7, 6], weight: [3, 3, 3, 6], bias: [6] },
    attributes: {},
    flops: 2 * 210 * 6 * 27,
  },
  {
    title: "5³, smaller than the kernel",
    shapes: { x: [1, 3, 2, 4, 5], weight: [5, 5, 5, 5] },
    attributes: {},
    flops: 2 * 24 * 5 * 125,
  },
  {
    title: "5³, whole tiles",
    shapes: { x: [1, 8, 8, 8, 16], weight: [5, 5, 5, 16], bias: [16] },
    attributes: {},
    flops: 2 * 512 * 16 * 125,
  },
];
