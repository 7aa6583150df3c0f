/** Shapes on which layer normalisation is tested and timed. */
import type { OpCase } from "../../op.ts";

function norm(title: string, x: readonly number[], epsilon = 1e-5): OpCase {
  return { title, shapes: { x, scale: x.slice(-1), bias: x.slice(-1) }, attributes: { epsilon }, flops: 0 };
}

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  norm("odd sizes", [2, 5, 7]),
  norm("1 channel", [3, 5, 1]),
  norm("5 channels, rows beyond a chunk", [2, 257, 5]),
  norm("13 channels", [3, 7, 13]),
  norm("1 row of 20 channels", [1, 20]),
  norm("45 channels, rows beyond a block", [61, 45]),
  norm("tokens of stage 3", [2, 64, 96], 1e-6),
];
