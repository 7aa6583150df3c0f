/** Shapes on which template windows is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "inside and partly outside",
    shapes: { templates: [3, 5, 7, 6] },
    attributes: {
      windows: [
        { template: 2, start: [1, 2, 0] },
        { template: 0, start: [-2, 5, 3] },
        { template: 2, start: [0, 0, 1] },
      ],
      size: [4, 4, 5],
      epsilon: 1e-9,
    },
    flops: 0,
  },
  {
    title: "several pieces, whole rows outside",
    shapes: { templates: [2, 13, 41, 37] },
    attributes: {
      windows: [
        { template: 1, start: [-1, 30, 20] },
        { template: 1, start: [3, -2, -3] },
        { template: 0, start: [13, 0, 0] },
        { template: 1, start: [0, 0, 37] },
      ],
      size: [9, 20, 21],
      epsilon: 1e-9,
    },
    flops: 0,
  },
];
