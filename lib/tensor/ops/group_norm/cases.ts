/** Shapes on which group normalisation is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "2 groups, odd sizes",
    shapes: { x: [2, 3, 1, 5, 6], scale: [6], bias: [6] },
    attributes: { groups: 2, epsilon: 1e-5 },
    flops: 0,
  },
  {
    title: "a group per channel",
    shapes: { x: [2, 4, 3, 2, 3], scale: [3], bias: [3] },
    attributes: { groups: 3, epsilon: 1e-5 },
    flops: 0,
  },
  {
    title: "8 groups of UNET3D",
    shapes: { x: [1, 8, 8, 8, 32], scale: [32], bias: [32] },
    attributes: { groups: 8, epsilon: 1e-5 },
    flops: 0,
  },
  ...[
    { title: "1 channel", shape: [3, 7, 5, 1], groups: 1 },
    { title: "5 channels, 1 voxel", shape: [2, 1, 5], groups: 1 },
    { title: "13 groups of 1", shape: [2, 9, 11, 13], groups: 13 },
    { title: "20 channels, rows beyond a chunk", shape: [2, 67, 5, 5, 20], groups: 4 },
  ].flatMap(({ title, shape, groups }) =>
    (["none", "relu", "leakyRelu"] as const).map((activation) => ({
      title: `${title}, activation ${activation}`,
      shapes: { x: shape, scale: shape.slice(-1), bias: shape.slice(-1) },
      attributes: { groups, epsilon: 1e-5, activation },
      flops: 0,
    }))
  ),
  ...(["none", "leakyRelu"] as const).map((activation) => ({
    title: `instance norm without scale and bias, activation ${activation}`,
    shapes: { x: [2, 5, 3, 7, 6] },
    attributes: { groups: 6, epsilon: 1e-5, activation },
    flops: 0,
  })),
];
