/** Shapes on which exact GELU is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd size", shapes: { x: [3, 5, 7] }, attributes: {}, flops: 0 },
  { title: "1 value", shapes: { x: [1] }, attributes: {}, flops: 0 },
  { title: "just above a thread's share", shapes: { x: [5, 29, 113] }, attributes: {}, flops: 0 },
  { title: "stage 1, 32³ crop", shapes: { x: [1, 16, 16, 16, 32] }, attributes: {}, flops: 0 },
];
