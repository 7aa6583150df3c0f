/** Nearest upsampling by hand: values, gradient, error. */
import { selectBackend, tf, upsampleNearest } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues, range } from "./_expect.ts";

await selectBackend("reference");

Deno.test("upsampleNearest() repeats every voxel twice along depth, height and width", () => {
  const x = tf.tensor([1, 10, 2, 20], [1, 1, 1, 2, 2]);
  const row = [1, 10, 1, 10, 2, 20, 2, 20];
  assertValues(upsampleNearest(x), [1, 2, 2, 4, 2], [...row, ...row, ...row, ...row]);
});

Deno.test("upsampleNearest() sums the gradient of a voxel's eight copies", () => {
  const weighted = (x: tf.Tensor): tf.Tensor => tf.mul(upsampleNearest(x), tf.tensor(range(16), [1, 2, 2, 4, 1]));
  assertValues(tf.grad(weighted)(tf.zeros([1, 1, 1, 2, 1])), [1, 1, 1, 2, 1], [52, 68]);
});

Deno.test("upsampleNearest() throws when x is not 5-D", () => {
  const message = "Cannot apply upsampleNearest: expected x of shape [*, *, *, *, *], got [2, 3, 4]";
  assertRefused(() => upsampleNearest(tf.zeros([2, 3, 4])), "TypeError", message);
});
