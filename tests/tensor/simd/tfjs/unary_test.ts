/** Functions of one operand, and AddN, on the simd backend. */
import assert from "node:assert/strict";
import { selectBackend, tf } from "../../../../lib/tensor/mod.ts";
import { assertSame, assertSameGradients, seededValues } from "./_compare.ts";

const SIZES = [1, 3, 5, 13, 1000, 40_003];

for (const name of ["Relu", "LeakyRelu", "Sigmoid", "Neg", "Square", "Abs", "Exp", "Step"]) {
  Deno.test(`${name} equals the plain kernel`, () => {
    for (const size of SIZES) assertSame(name, { inputs: { x: { shape: [size] } }, attrs: { alpha: 0.2 } });
  });
}

for (const name of ["Sqrt", "Rsqrt"]) {
  Deno.test(`${name} equals the plain kernel`, () => {
    for (const size of SIZES) {
      const values = seededValues(size, "positive").map((value) => value * value + 1e-3);
      assertSame(name, { inputs: { x: { shape: [size], values } } });
    }
  });
}

Deno.test("unary kernels keep NaN and infinity as the plain ones do", () => {
  const extremes = [NaN, Infinity, -Infinity, 0, -0];
  for (const name of ["Relu", "LeakyRelu", "Sigmoid", "Neg", "Square", "Sqrt", "Abs", "Exp", "Step"]) {
    const values = name === "Exp" ? [...extremes, 100, -110] : extremes;
    assertSame(name, { inputs: { x: { shape: [values.length], values } }, attrs: { alpha: 0.25 }, tolerance: 0 });
  }
});

Deno.test("unary kernels leave integers and empty tensors to the plain ones", () => {
  assertSame("Neg", { inputs: { x: { shape: [2], values: [1, -2], dtype: "int32" } }, taken: false });
  assertSame("Exp", { inputs: { x: { shape: [0] } }, taken: false });
});

Deno.test("Exp is right to two units in the last place wherever the result is a normal float32", async () => {
  await selectBackend("simd");
  const x = Float32Array.from({ length: 100_000 }, (_, i) => -87 + i * (175.5 / 100_000));
  const y = tf.tidy(() => tf.exp(tf.tensor1d(x)).dataSync());
  x.forEach((value, i) => {
    const exact = Math.exp(value), error = Math.abs(y[i] - exact) / exact;
    assert.ok(error < 2 * 2 ** -23, `e^${value}: got ${y[i]}, expected ${exact}`);
  });
});

Deno.test("AddN equals the plain kernel for two to six terms", () => {
  for (let terms = 2; terms <= 6; terms++) {
    for (const size of [1, 7, 33_000]) {
      assertSame("AddN", { inputs: Array.from({ length: terms }, () => ({ shape: [size] })) });
    }
  }
});

Deno.test("gradients of activations equal those through the plain kernels", async () => {
  await assertSameGradients([[3, 41]], (x) => tf.relu(x));
  await assertSameGradients([[3, 41]], (x) => tf.leakyRelu(x, 0.2));
  await assertSameGradients([[3, 41]], (x) => tf.sigmoid(x));
  await assertSameGradients([[3, 41]], (x) => tf.exp(tf.neg(tf.abs(x))));
});
