/** Shapes on which trilinear upsampling is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what deep supervision uses. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes by 2", shapes: { x: [2, 3, 1, 5, 3] }, attributes: { factor: 2 }, flops: 0 },
  { title: "channels beyond a vector, by 3", shapes: { x: [1, 2, 3, 2, 13] }, attributes: { factor: 3 }, flops: 0 },
  { title: "one voxel by 4", shapes: { x: [1, 1, 1, 1, 2] }, attributes: { factor: 4 }, flops: 0 },
  { title: "by 1", shapes: { x: [1, 1, 3, 2, 1] }, attributes: { factor: 1 }, flops: 0 },
  { title: "3 classes by 4", shapes: { x: [1, 8, 8, 8, 3] }, attributes: { factor: 4 }, flops: 0 },
];
