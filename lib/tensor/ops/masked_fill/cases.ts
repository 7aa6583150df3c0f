/** Shapes on which masked fill is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "odd sizes",
    shapes: { x: [2, 3, 5], fill: [2, 3, 5], mask: [2, 3, 5] },
    attributes: {},
    flops: 0,
    binary: ["mask"],
  },
  {
    title: "shared by threads",
    shapes: { x: [33, 1001], fill: [33, 1001], mask: [33, 1001] },
    attributes: {},
    flops: 0,
    binary: ["mask"],
  },
];
