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
  {
    title: "1³, whole and part of a vector",
    shapes: { x: [2, 3, 2, 5, 11], weight: [1, 1, 1, 11] },
    attributes: {},
    flops: 2 * 60 * 11,
  },
  {
    title: "3³, 20 channels, boxes along depth",
    shapes: { x: [2, 9, 5, 6, 20], weight: [3, 3, 3, 20], bias: [20] },
    attributes: {},
    flops: 2 * 540 * 20 * 27,
  },
  {
    title: "3³, boxes along width",
    shapes: { x: [1, 2, 3, 70, 3], weight: [3, 3, 3, 3] },
    attributes: {},
    flops: 2 * 420 * 3 * 27,
  },
  {
    title: "5³, 13 channels, rows that fill no tile",
    shapes: { x: [2, 3, 6, 15, 13], weight: [5, 5, 5, 13], bias: [13] },
    attributes: {},
    flops: 2 * 540 * 13 * 125,
  },
  {
    title: "7³, a kernel without a tile of its own",
    shapes: { x: [1, 4, 5, 9, 9], weight: [7, 7, 7, 9], bias: [9] },
    attributes: {},
    flops: 2 * 180 * 9 * 343,
  },
];
