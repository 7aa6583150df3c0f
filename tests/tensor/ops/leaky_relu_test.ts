/** Leaky ReLU by hand: values, sums, gradients, errors. */
import { leakyRelu, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("leakyRelu() multiplies values below zero by 0.01, or by the slope given", () => {
  const x = tf.tensor1d([-2, 0, 3]);
  assertValues(leakyRelu(x), [3], [-0.02, 0, 3]);
  assertValues(leakyRelu(x, { slope: 0.5 }), [3], [-1, 0, 3]);
  assertValues(tf.grad((x) => leakyRelu(x, { slope: 0.5 }))(x), [3], [0.5, 0.5, 1]);
});

Deno.test("leakyRelu() bends the sum with a residual, and gives both terms its gradient", () => {
  const x = tf.tensor1d([-2, 1, 3]), residual = tf.tensor1d([1, -5, 4]);
  assertValues(leakyRelu(x, { residual, slope: 0.1 }), [3], [-0.1, -0.4, 7]);
  const gradients = tf.grads((x, residual) => leakyRelu(x, { residual, slope: 0.1 }))([x, residual]);
  for (const gradient of gradients) assertValues(gradient, [3], [0.1, 0.1, 1]);
});

Deno.test("leakyRelu() throws when shapes differ or the slope is out of range", () => {
  const shape = "Cannot apply leakyRelu: expected residual of shape [2], got [3]";
  assertRefused(() => leakyRelu(tf.zeros([2]), { residual: tf.zeros([3]) }), "TypeError", shape);
  for (const slope of [-0.5, 2, NaN]) {
    const message = `Cannot apply leakyRelu: expected a slope from 0 to 1, got ${slope}`;
    assertRefused(() => leakyRelu(tf.zeros([2]), { slope }), "RangeError", message);
  }
});
