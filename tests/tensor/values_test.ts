import assert from "node:assert/strict";
import { selectBackend, takeValues, tf } from "../../lib/tensor/mod.ts";

for (const backend of ["reference", "simd"] as const) {
  Deno.test(`takeValues() reads the values on ${backend} and frees the tensor`, async () => {
    await selectBackend(backend);
    const before = tf.memory().numTensors;
    const x = tf.tidy(() => tf.mul(tf.tensor1d([1, 2, 3]), 2));
    assert.deepEqual([...await takeValues(x)], [2, 4, 6]);
    assert.ok(x.isDisposed);
    assert.equal(tf.memory().numTensors, before);
  });
}
