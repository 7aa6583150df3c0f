/** Shapes on which batch normalisation is tested and timed. */
import type { OpCase } from "../../op.ts";

function norm(title: string, x: readonly number[]): OpCase {
  const channels = x.slice(-1);
  return { title, shapes: { x, scale: channels, bias: channels }, attributes: { epsilon: 1e-5 }, flops: 0 };
}

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  norm("odd sizes", [3, 2, 5, 1, 7]),
  norm("1 channel", [3, 7, 5, 1]),
  norm("5 channels, rows beyond a chunk", [2, 3290, 5]),
  norm("13 channels", [2, 9, 11, 13]),
  norm("20 channels, 3 voxels", [3, 20]),
  norm("stage 1, 32³ crop", [2, 16, 16, 16, 8]),
];

function map(title: string, x: readonly number[]): OpCase {
  return { title, shapes: { x, scale: x.slice(-1), shift: x.slice(-1) }, attributes: {}, flops: 0 };
}

/** Shapes for the op with given statistics. */
export const scaleShiftCases: readonly OpCase[] = [
  map("odd sizes", [2, 3, 5]),
  map("1 row of 20 channels", [1, 20]),
  map("13 channels, rows beyond a chunk", [2, 2060, 13]),
];
