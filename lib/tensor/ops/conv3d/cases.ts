/** Shapes on which the dense convolution is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "3³, odd sizes, bias",
    shapes: { x: [2, 5, 3, 7, 3], weight: [3, 3, 3, 3, 5], bias: [5] },
    attributes: { stride: 1 },
    flops: 2 * 210 * 27 * 15,
  },
  {
    title: "3³, stride 2, even sizes",
    shapes: { x: [1, 4, 6, 8, 2], weight: [3, 3, 3, 2, 4], bias: [4] },
    attributes: { stride: 2 },
    flops: 2 * 24 * 27 * 8,
  },
  {
    title: "3³, stride 2, odd sizes",
    shapes: { x: [1, 5, 7, 3, 2], weight: [3, 3, 3, 2, 3] },
    attributes: { stride: 2 },
    flops: 2 * 24 * 27 * 6,
  },
  {
    title: "5³, stride 3, bias",
    shapes: { x: [1, 7, 8, 10, 3], weight: [5, 5, 5, 3, 7], bias: [7] },
    attributes: { stride: 3 },
    flops: 2 * 36 * 125 * 21,
  },
  {
    title: "1³, stride 2",
    shapes: { x: [2, 5, 4, 3, 2], weight: [1, 1, 1, 2, 3] },
    attributes: { stride: 2 },
    flops: 2 * 24 * 6,
  },
  {
    title: "3³, more channels than a panel and than a step, one slice",
    shapes: { x: [1, 1, 5, 19, 90], weight: [3, 3, 3, 90, 21], bias: [21] },
    attributes: { stride: 1 },
    flops: 2 * 95 * 27 * 90 * 21,
  },
  {
    title: "stem of UNET3D, 16³ crop",
    shapes: { x: [1, 16, 16, 16, 1], weight: [3, 3, 3, 1, 32], bias: [32] },
    attributes: { stride: 1 },
    flops: 2 * 4096 * 27 * 32,
  },
];
