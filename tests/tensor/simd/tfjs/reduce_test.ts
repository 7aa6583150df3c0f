/** Sums, means, extremes and softmax on the simd backend. */
import assert from "node:assert/strict";
import { selectBackend, tf } from "../../../../lib/tensor/mod.ts";
import { assertSame, assertSameGradients, seededValues } from "./_compare.ts";

/** Shape, and the axes that go. */
const REDUCTIONS: [number[], number[]][] = [
  [[3], [0]],
  [[13], [0]],
  [[5, 7], [0, 1]],
  [[40_003], [0]],
  [[3, 5], [1]],
  [[5, 3, 33], [2]],
  [[3, 20_001], [1]],
  [[6, 2, 3, 1001], [2, 3]],
  [[5, 3], [0]],
  [[13, 5, 7], [0, 1]],
  [[301, 41, 3], [0, 1]],
  [[1000, 64], [0]],
  [[3, 300], [0]],
  [[7, 1, 5003], [0]],
  [[3, 2, 9001], [1]],
  [[2, 5, 7, 3, 13], [1, 2, 3]],
  [[4, 1001, 24], [1]],
];

for (const [shape, axis] of REDUCTIONS) {
  Deno.test(`Sum and Mean equal the plain kernels: axes ${axis} of [${shape}]`, () => {
    // Positive values, so that the error is one of the sum and not of what is left of it.
    const size = shape.reduce((product, length) => product * length, 1);
    const x = { shape, values: seededValues(size, "sum").map(Math.abs) };
    for (const keepDims of [false, true]) {
      for (const name of ["Sum", "Mean"]) assertSame(name, { inputs: { x }, attrs: { axis, keepDims } });
    }
  });
}

for (const [shape, axis] of REDUCTIONS.filter(([shape, axis]) => axis.includes(shape.length - 1))) {
  Deno.test(`Max and Min equal the plain kernels: axes ${axis} of [${shape}]`, () => {
    const inputs = { x: { shape } };
    for (const keepDims of [false, true]) {
      assertSame("Max", { inputs, attrs: { reductionIndices: axis, keepDims }, tolerance: 0 });
      assertSame("Min", { inputs, attrs: { axis, keepDims }, tolerance: 0 });
    }
  });
}

Deno.test("reductions leave axes apart, integers and nothing to do to the plain kernels", () => {
  assertSame("Sum", { inputs: { x: { shape: [2, 3, 5] } }, attrs: { axis: [0, 2] }, taken: false });
  assertSame("Sum", { inputs: { x: { shape: [3, 1] } }, attrs: { axis: [1] }, taken: false });
  assertSame("Max", { inputs: { x: { shape: [2, 3] } }, attrs: { reductionIndices: [0] }, taken: false });
  const integers = { shape: [3], values: [1, 2, 16_777_217], dtype: "int32" } as const;
  assertSame("Sum", { inputs: { x: integers }, attrs: { axis: [0] }, taken: false });
});

Deno.test("Max and Min give NaN when there is one", () => {
  const x = { shape: [20], values: Array.from({ length: 20 }, (_, i) => i === 11 ? NaN : i) };
  assertSame("Max", { inputs: { x }, attrs: { reductionIndices: [0] }, tolerance: 0 });
  assertSame("Min", { inputs: { x }, attrs: { axis: [0] }, tolerance: 0 });
});

Deno.test("Sum of two million values is right to 1e-7 of the sum of their sizes", async () => {
  await selectBackend("simd");
  const values = seededValues(2_000_003, "long");
  const exact = values.reduce((sum, value) => sum + value, 0);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  const sum = tf.tidy(() => tf.sum(tf.tensor1d(values)).dataSync()[0]);
  assert.ok(Math.abs(sum - exact) < 1e-7 * size, `got ${sum}, expected ${exact}`);
});

Deno.test("Softmax equals the plain kernel, large logits included", () => {
  for (const shape of [[1], [3], [5, 3], [2, 7, 13], [33, 301], [2, 20_001]]) {
    assertSame("Softmax", { inputs: { logits: { shape } }, attrs: { dim: shape.length - 1 } });
  }
  const values = [1e4, 1e4 + 1, -1e4, 0, 88, 100];
  assertSame("Softmax", { inputs: { logits: { shape: [2, 3], values } }, attrs: { dim: 1 } });
});

Deno.test("gradients of reductions equal those through the plain kernels", async () => {
  await assertSameGradients([[3, 5, 7]], (x) => tf.softmax(x));
  await assertSameGradients([[3, 5]], (x) => tf.logSoftmax(x));
  await assertSameGradients([[3, 5, 7]], (x) => tf.square(tf.mean(x, [0, 1])));
  await assertSameGradients([[3, 5, 7]], (x) => tf.square(tf.sum(x, -1)));
  await assertSameGradients([[3, 5]], (x) => tf.add(tf.max(x), tf.min(x)));
});
