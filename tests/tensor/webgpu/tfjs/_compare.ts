/** Runs tfjs operations on the GPU and on the reference backend and compares. */
import assert from "node:assert/strict";
import { randomStream } from "../../../../lib/random.ts";
import { selectBackend, tf } from "../../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../../lib/tensor/mod.ts";
import { relativeError } from "../../_ops.ts";

/** Seeded normal values. */
export function random(name: string, shape: readonly number[]): Tensor {
  const stream = randomStream(1, name, ...shape);
  const length = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(Float32Array.from({ length }, () => stream.normal()), [...shape]);
}

async function resultOf(compute: () => Tensor): Promise<{ shape: number[]; values: ArrayLike<number> }> {
  const before = tf.memory().numTensors;
  const tensor = tf.tidy(compute);
  const { shape } = tensor;
  const values = await tensor.data();
  tensor.dispose();
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  return { shape, values };
}

/** Compares shape and values; 0 = the same values. */
export async function compare(
  title: string,
  { compute, tolerance = 0 }: { compute: () => Tensor; tolerance?: number },
): Promise<void> {
  await selectBackend("webgpu");
  const actual = await resultOf(compute);
  await selectBackend("reference");
  const expected = await resultOf(compute);
  assert.deepEqual(actual.shape, expected.shape, title);
  const { error, text } = relativeError(actual.values, expected.values);
  assert.ok(error <= tolerance, `${title}: ${text}`);
}
