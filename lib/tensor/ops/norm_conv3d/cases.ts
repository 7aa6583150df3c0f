/** Shapes on which the convolution of a normalised tensor is tested; its parts are timed on their own. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what UNET3D uses. */
export const cases: readonly OpCase[] = [
  {
    title: "2 groups, 3³, ReLU, odd sizes, bias",
    shapes: { x: [2, 5, 3, 7, 6], scale: [6], bias: [6], weight: [3, 3, 3, 6, 5], convBias: [5] },
    attributes: { groups: 2, epsilon: 1e-5, activation: "relu" },
    flops: 2 * 210 * 27 * 30,
  },
  {
    title: "a group per channel, 1³, no activation, no bias",
    shapes: { x: [1, 4, 3, 2, 3], scale: [3], bias: [3], weight: [1, 1, 1, 3, 7] },
    attributes: { groups: 3, epsilon: 1e-5, activation: "none" },
    flops: 2 * 24 * 21,
  },
  {
    title: "UNET3D, 8 groups of 16 channels, leaky",
    shapes: { x: [2, 6, 8, 7, 16], scale: [16], bias: [16], weight: [3, 3, 3, 16, 16], convBias: [16] },
    attributes: { groups: 8, epsilon: 1e-5, activation: "leakyRelu" },
    flops: 2 * 672 * 27 * 256,
  },
];
