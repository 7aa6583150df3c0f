/** Linear maps by hand, and their errors. */
import { linear, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("linear() multiplies the channels of every token by the weight [in, out] and adds the bias", () => {
  const x = tf.tensor([1, 2, 0, -1], [2, 1, 2]);
  const weight = tf.tensor2d([[1, 10, 100], [2, 20, 200]]);
  assertValues(linear(x, weight), [2, 1, 3], [5, 50, 500, -2, -20, -200]);
  const bias = tf.tensor1d([0.5, 0, -1]);
  assertValues(linear(x, weight, { bias }), [2, 1, 3], [5.5, 50, 499, -1.5, -20, -201]);
});

Deno.test("linear() throws when weight or bias do not fit", () => {
  const x = tf.zeros([2, 3]);
  const weight = "Cannot apply linear: expected weight of shape [3, *], got [2, 3]";
  assertRefused(() => linear(x, tf.zeros([2, 3])), "TypeError", weight);
  const bias = "Cannot apply linear: expected bias of shape [4], got [3]";
  assertRefused(() => linear(x, tf.zeros([3, 4]), { bias: tf.zeros([3]) }), "TypeError", bias);
});
