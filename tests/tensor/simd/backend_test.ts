/** The simd backend as tfjs sees it. */
import assert from "node:assert/strict";
import { linear, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { SimdBackend } from "../../../lib/tensor/simd/backend.ts";

await selectBackend("simd");
const backend = tf.backend() as unknown as SimdBackend;

Deno.test("SimdBackend runs tfjs's own kernels on tensors that lie in the heap", () => {
  tf.tidy(() => {
    const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]));
    assert.deepEqual([...tf.concat([y, tf.mul(y, y)], 1).dataSync()], [11, 121]);
  });
});

Deno.test("readSync() returns a copy, which later tensors cannot change", () => {
  const values = tf.tidy(() => linear(tf.ones([3, 2]), tf.ones([2, 5])).dataSync());
  tf.tidy(() => linear(tf.fill([3, 2], 7), tf.ones([2, 5])));
  assert.deepEqual([...values], Array(15).fill(2));
  assert.ok(values.buffer instanceof ArrayBuffer);
});

Deno.test("disposed tensors give their heap back: 1000 products leave it as it was", () => {
  const run = (): void => tf.tidy(() => void linear(tf.ones([30, 20]), tf.ones([20, 50])));
  run();
  const { usedBytes, heldBytes } = backend.heapUse;
  for (let i = 0; i < 1000; i++) run();
  assert.deepEqual([backend.heapUse.usedBytes, backend.heapUse.heldBytes], [usedBytes, heldBytes]);
});
