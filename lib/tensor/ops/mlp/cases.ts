/** Shapes on which the perceptron is tested and timed. */
import type { OpCase } from "../../op.ts";

function shapes(tokens: readonly number[], [inputs, hidden, outputs]: readonly [number, number, number]) {
  return {
    x: [...tokens, inputs],
    weight1: [inputs, hidden],
    bias1: [hidden],
    weight2: [hidden, outputs],
    bias2: [outputs],
  };
}

/** Odd sizes first, then what the backbones use. */
export const cases: readonly OpCase[] = [
  { title: "odd sizes", shapes: shapes([2, 5], [3, 7, 5]), attributes: {}, flops: 4 * 10 * 7 * 4 },
  { title: "one token", shapes: shapes([1], [6, 5, 1]), attributes: {}, flops: 2 * 5 * 7 },
  { title: "several chunks", shapes: shapes([1, 5, 7, 11], [13, 30, 13]), attributes: {}, flops: 4 * 385 * 390 },
  { title: "many hidden channels", shapes: shapes([250], [37, 150, 33]), attributes: {}, flops: 4 * 250 * 35 * 150 },
  { title: "stage 1, 32³ crop", shapes: shapes([1, 16, 16, 16], [8, 32, 8]), attributes: {}, flops: 4 * 4096 * 256 },
];
