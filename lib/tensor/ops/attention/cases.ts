/** Shapes on which self-attention is tested and timed. */
import type { OpCase } from "../../op.ts";

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  {
    title: "odd sizes, 3 heads",
    shapes: { qkv: [2, 7, 45] },
    attributes: { heads: 3, scale: 0.4 },
    flops: 4 * 2 * 49 * 15,
  },
  { title: "one head, one token", shapes: { qkv: [1, 1, 12] }, attributes: { heads: 1, scale: 0.5 }, flops: 16 },
  {
    title: "several blocks of queries",
    shapes: { qkv: [1, 213, 2 * 3 * 20] },
    attributes: { heads: 2, scale: 0.2 },
    flops: 4 * 213 * 213 * 40,
  },
  {
    title: "stage 3, 32³ crop",
    shapes: { qkv: [2, 64, 288] },
    attributes: { heads: 3, scale: 0.177 },
    flops: 4 * 2 * 4096 * 96,
  },
];
