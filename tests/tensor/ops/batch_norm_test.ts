/** Batch normalisation by hand, what it reports of the batch, and its errors. */
import assert from "node:assert/strict";
import { batchNorm, frozenBatchNorm, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("batchNorm() normalises each channel over batch and space and reports biased moments", () => {
  // Channel 0: 1, 3 with variance 1; channel 1: 4, 4 with variance 0; ε = 3 halves what is left.
  const x = tf.tensor([1, 4, 3, 4], [2, 1, 2]);
  const seen: unknown[] = [];
  const output = batchNorm(x, {
    scale: tf.tensor1d([4, 5]),
    bias: tf.tensor1d([10, -1]),
    epsilon: 3,
    observe: (mean, variance, count) => seen.push([...mean.dataSync()], [...variance.dataSync()], count),
  });
  assertValues(output, [2, 1, 2], [8, -1, 12, -1]);
  assert.deepEqual(seen, [[2, 4], [1, 0], 2]);
});

Deno.test("frozenBatchNorm() normalises with the given statistics", () => {
  const [scale, bias, mean, variance] = [[2, 1], [0, 1], [1, 0], [3, 8]].map((values) => tf.tensor1d(values));
  const output = frozenBatchNorm(tf.tensor2d([[1, 6], [5, 0]]), { scale, bias, mean, variance, epsilon: 1 });
  assertValues(output, [2, 2], [0, 3, 4, 1]);
});

Deno.test("batchNorm() and frozenBatchNorm() throw when a vector does not fit the channels", () => {
  const x = tf.zeros([2, 3]), three = tf.zeros([3]), two = tf.zeros([2]);
  const message = (op: string, what: string): string => `Cannot apply ${op}: expected ${what} of shape [3], got [2]`;
  const norm = (scale: tf.Tensor, bias: tf.Tensor) => () => batchNorm(x, { scale, bias, epsilon: 1 });
  assertRefused(norm(two, three), "TypeError", message("batchNorm", "scale"));
  assertRefused(norm(three, two), "TypeError", message("batchNorm", "bias"));
  for (const name of ["scale", "bias", "mean", "variance"]) {
    const vectors = { scale: three, bias: three, mean: three, variance: three, [name]: two };
    const frozen = (): tf.Tensor => frozenBatchNorm(x, { ...vectors, epsilon: 1 });
    assertRefused(frozen, "TypeError", message("frozenBatchNorm", name));
  }
});
