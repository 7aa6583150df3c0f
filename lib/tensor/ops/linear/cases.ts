/** Shapes on which linear is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "odd sizes, bias",
    shapes: { x: [2, 5, 7], weight: [7, 3], bias: [3] },
    attributes: {},
    flops: 2 * 10 * 7 * 3,
  },
  { title: "one output, no bias", shapes: { x: [9, 6], weight: [6, 1] }, attributes: {}, flops: 2 * 9 * 6 },
  {
    title: "tiles and edges",
    shapes: { x: [1, 3, 2, 3, 10], weight: [10, 13], bias: [13] },
    attributes: {},
    flops: 2 * 18 * 130,
  },
  {
    title: "MLP of stage 1, 32³ crop",
    shapes: { x: [2, 16, 16, 16, 16], weight: [16, 64], bias: [64] },
    attributes: {},
    flops: 2 * 2 * 4096 * 16 * 64,
  },
];
