/** Activation checkpointing: the same numbers, fewer tensors. */
import assert from "node:assert/strict";
import { gelu, linear, selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { checkpoint } from "../../lib/tensor/checkpoint.ts";
import type { CheckpointedBlock } from "../../lib/tensor/checkpoint.ts";

await selectBackend("simd");

const WIDTH = 6;

/** Two blocks of a linear layer and a GELU each, with or without checkpoints. */
function network(weights: readonly Tensor[], { checkpointed }: { checkpointed: boolean }) {
  const passes: boolean[] = [];
  const blocks = weights.map((weight): CheckpointedBlock => (x, { recomputing }) => {
    passes.push(recomputing);
    return gelu(linear(gelu(linear(x, weight)), weight));
  });
  const apply = (x: Tensor): Tensor =>
    blocks.reduce(
      (h, block, i) =>
        checkpointed ? checkpoint(block, h, { parameters: [weights[i]] }) : block(h, { recomputing: false }),
      x,
    );
  return { apply, passes };
}

/** Value and gradients of Σ network(x)·x, and the largest number of tensors while the forward pass was kept. */
function measure(checkpointed: boolean): { values: number[][]; passes: boolean[]; kept: number } {
  const weights = [1, 2, 3].map((seed) => tf.randomNormal([WIDTH, WIDTH], 0, 1, "float32", seed));
  const x = tf.randomNormal([5, WIDTH], 0, 1, "float32", 4);
  const { apply, passes } = network(weights, { checkpointed });
  let kept = 0;
  const run = tf.valueAndGrads((input: Tensor, ...parameters: Tensor[]) => {
    assert.equal(parameters.length, 3);
    const y = tf.sum(tf.mul(apply(input), input));
    kept = tf.memory().numTensors;
    return y;
  });
  const { value, grads } = run([x, ...weights]);
  const values = [value, ...grads].map((tensor) => [...tensor.dataSync()]);
  tf.dispose([value, ...grads, x, ...weights]);
  return { values, passes, kept };
}

Deno.test("checkpoint() gives the bits of the block, value and gradients, and keeps fewer tensors", () => {
  const before = tf.memory().numTensors;
  const plain = measure(false), checkpointed = measure(true);
  assert.deepEqual(checkpointed.values, plain.values);
  assert.ok(checkpointed.kept < plain.kept, `${checkpointed.kept} tensors, ${plain.kept} without checkpoints`);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("checkpoint() tells the block when it runs again, last block first", () => {
  assert.deepEqual(measure(true).passes, [false, false, false, true, true, true]);
});

Deno.test("checkpoint() gives zeros to a parameter that the block does not use", () => {
  const gradients = tf.tidy(() => {
    const run = tf.grads((x: Tensor, unused: Tensor) => checkpoint((h) => tf.square(h), x, { parameters: [unused] }));
    return run([tf.tensor1d([3]), tf.tensor1d([1, 2])]).map((gradient) => [...gradient.dataSync()]);
  });
  assert.deepEqual(gradients, [[6], [0, 0]]);
});
