/** Squared error per sample by hand: values, gradient, error. */
import { sampleSquaredError, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("sampleSquaredError() averages over the voxels of each sample and spares the target", () => {
  const prediction = tf.tensor([1, 2, 3, 4], [2, 1, 2]), target = tf.tensor([0, 4, 3, 1], [2, 1, 2]);
  assertValues(sampleSquaredError(prediction, target), [2], [2.5, 4.5]);
  const weighted = (p: tf.Tensor): tf.Tensor => tf.mul(sampleSquaredError(p, target), tf.tensor1d([1, 10]));
  assertValues(tf.grad(weighted)(prediction), [2, 1, 2], [1, -2, 0, 30]);
});

Deno.test("sampleSquaredError() throws when the shapes differ", () => {
  const message = "Cannot apply sampleSquaredError: expected target of shape [2, 3], got [2, 2]";
  assertRefused(() => sampleSquaredError(tf.zeros([2, 3]), tf.zeros([2, 2])), "TypeError", message);
});
