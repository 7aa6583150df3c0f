/** Binary operations of tfjs on the simd backend. */
import assert from "node:assert/strict";
import { repetitionOf } from "../../../../lib/tensor/simd/tfjs/_repetition.ts";
import { assertSame, assertSameGradients } from "./_compare.ts";
import { tf } from "../../../../lib/tensor/mod.ts";

const OPERATIONS = ["Add", "Sub", "Multiply", "RealDiv", "Maximum", "SquaredDifference"];

/** The first operand's shape, then the second one's. */
const SHAPES: [number[], number[]][] = [
  [[1], [1]],
  [[3], [3]],
  [[5, 13], [5, 13]],
  [[3, 41, 401], [3, 41, 401]],
  [[2, 3, 5], []],
  [[5, 7], [1, 1]],
  [[70_001], [1]],
  [[4, 5, 3], [3]],
  [[3, 5, 13], [13]],
  [[9, 7, 300], [300]],
  [[3, 1], [3, 20_001]],
  [[2, 33_333], [33_333]],
  [[1001, 64], [1, 64]],
  [[2, 3, 5], [3, 5]],
  [[6, 13], [6, 1]],
  [[300, 2, 5], [300, 2, 1]],
  [[2, 3, 4, 5], [2, 1, 1, 5]],
  [[3, 1, 5], [1, 1, 5]],
];

for (const name of OPERATIONS) {
  for (const [first, second] of SHAPES) {
    Deno.test(`${name} equals the plain kernel: [${first}] and [${second}], both ways`, () => {
      assertSame(name, { inputs: { a: { shape: first }, b: { shape: second } } });
      assertSame(name, { inputs: { a: { shape: second }, b: { shape: first } } });
    });
  }
}

Deno.test("binary kernels leave integers, empty tensors and mixed repetitions to the plain ones", () => {
  const integers = { shape: [2], values: [16_777_217, 5], dtype: "int32" } as const;
  assertSame("Add", { inputs: { a: integers, b: integers }, taken: false });
  assertSame("Multiply", { inputs: { a: { shape: [0, 3] }, b: { shape: [3] } }, taken: false });
  assertSame("Sub", { inputs: { a: { shape: [2, 1] }, b: { shape: [1, 3] } }, taken: false });
  assertSame("Add", { inputs: { a: { shape: [2, 3, 2] }, b: { shape: [1, 3, 1] } }, taken: false });
});

Deno.test("Maximum gives NaN for NaN, RealDiv by zero what JavaScript gives", () => {
  const a = { shape: [5], values: [NaN, 1, 2, -1, 0] }, b = { shape: [5], values: [1, NaN, 0, 0, 0] };
  for (const name of ["Maximum", "RealDiv"]) assertSame(name, { inputs: { a, b }, tolerance: 0 });
});

Deno.test("gradients of broadcast operations equal those through the plain kernels", async () => {
  await assertSameGradients([[3, 5, 7], [7]], (x, y) => tf.mul(tf.add(x, y), tf.sub(x, y)));
  await assertSameGradients([[3, 5], [3, 1]], (x, y) => tf.div(x, tf.add(tf.square(y), 1)));
  await assertSameGradients([[2, 3, 5]], (x) => tf.squaredDifference(tf.maximum(x, 0.1), 2));
});

Deno.test("repetitionOf() finds blocks that repeat, or gives up", () => {
  assert.deepEqual(repetitionOf([5], [2, 3, 5]), { batch: 1, outer: 6, block: 5 });
  assert.deepEqual(repetitionOf([2, 1, 1, 5], [2, 3, 4, 5]), { batch: 2, outer: 12, block: 5 });
  assert.deepEqual(repetitionOf([], [2, 3]), { batch: 1, outer: 6, block: 1 });
  assert.equal(repetitionOf([1, 3, 1], [2, 3, 4]), null);
});
