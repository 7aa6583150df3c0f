/** Tensor operations under a heap that is too small for their tensors. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import type { Random } from "../../../lib/random.ts";
import { depthwiseConv3d, gelu, linear, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { registerSimd } from "./_simd.ts";

const MIB = 2 ** 20;
/** One thread's scratch and a slab take 4.5 MiB of it. */
const LIMITED_BYTES = 5.5 * MIB;

const wide = await registerSimd("wide", {});
const limited = await registerSimd("limited", { heapBytes: LIMITED_BYTES, poison: true });

const CHANNELS = 32;

/** Operations `[rows, 32]` → `[any, 32]`, by SIMD kernels and by tfjs's plain ones. */
const OPERATIONS: readonly ((x: Tensor, other: Tensor, random: Random) => Tensor)[] = [
  (x, other) => tf.tanh(linear(x, tf.slice(other, [0, 0], [CHANNELS, CHANNELS]))),
  (x) => gelu(x),
  (x, other) => tf.grad((a: Tensor) => tf.sum(gelu(linear(a, tf.slice(other, [0, 0], [CHANNELS, CHANNELS])))))(x),
  (x) => tf.reshape(depthwiseConv3d(volume(x), tf.ones([3, 3, 3, CHANNELS])), [-1, CHANNELS]),
  (x) => tf.reshape(tf.clone(x), x.shape),
  (x, _, random) => tf.slice(x, [random.integer(x.shape[0] - CHANNELS + 1), 0], [CHANNELS, CHANNELS]),
  (x, other) => tf.slice(tf.concat([other, x]), [x.shape[0], 0], [other.shape[0], CHANNELS]),
  (x) => tf.reshape(tf.transpose(x), x.shape),
  (x) => tf.reshape(tf.real(tf.complex(x, tf.zerosLike(x))), x.shape),
  (x) => gelu(tf.cast(tf.greater(x, 0), "float32")),
  (x) => tf.tanh(tf.add(x, tf.mean(x, 0))),
  (_, __, random) => noise(CHANNELS + random.integer(700), random),
];

/** The first rows as `[1, 2, 4, 4, 32]`. */
function volume(x: Tensor): Tensor {
  return tf.reshape(tf.slice(x, [0, 0], [CHANNELS, CHANNELS]), [1, 2, 4, 4, CHANNELS]);
}

const base = randomStream(1, "spill-values");
const BASE = Float32Array.from({ length: 100_003 }, () => base.uniform() - 0.5);

/** `[rows, 32]` values from a random place of the fixed ones. */
function noise(rows: number, random: Random): Tensor {
  const begin = random.integer(BASE.length - rows * CHANNELS);
  return tf.tensor2d(BASE.slice(begin, begin + rows * CHANNELS), [rows, CHANNELS]);
}

/** Random operations with random disposal; all that was read on the way, and what lives at the end. */
function runSequence(seed: number): Float32Array[] {
  const random = randomStream(seed, "spill-test");
  const live = [noise(800, random), noise(600, random)];
  const read: Float32Array[] = [];
  const pick = (): number => random.integer(live.length);
  for (let i = 0; i < 12; i++) {
    const operation = OPERATIONS[random.integer(OPERATIONS.length)];
    live.push(tf.tidy(() => operation(live[pick()], live[pick()], random)));
    if (live.length > 2 && random.integer(4) === 0) live.splice(pick(), 1)[0].dispose();
    if (random.integer(4) === 0) read.push(live[pick()].dataSync() as Float32Array);
  }
  // Everything is wanted in the heap once more, oldest first: just what was sent out.
  live.push(...live.map((tensor) => gelu(tensor)));
  for (const tensor of live) read.push(tensor.dataSync() as Float32Array), tensor.dispose();
  return read;
}

async function runOn(backend: string, seeds: number[]): Promise<Float32Array[][]> {
  await tf.setBackend(backend);
  return seeds.map(runSequence);
}

/** Index of the first value with other bits, or −1. */
function firstDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return expected.length;
  const a = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  const b = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return i;
  }
  return -1;
}

for (let first = 0; first < 500; first += 50) {
  Deno.test(`random operations give the same numbers when tensors must leave the heap: from ${first}`, async () => {
    const seeds = Array.from({ length: 50 }, (_, i) => first + i);
    const expected = await runOn("wide", seeds);
    const before = limited.heapUse.spills.count;
    const actual = await runOn("limited", seeds);
    assert.ok(limited.heapUse.spills.count > before + 50, "too few spills to test them");
    for (const [i, seed] of seeds.entries()) {
      assert.equal(actual[i].length, expected[i].length);
      actual[i].forEach((values, k) => {
        const at = firstDifference(values, expected[i][k]);
        assert.equal(at, -1, `seed ${seed}, array ${k}: ${values[at]} at [${at}], expected ${expected[i][k][at]}`);
      });
    }
  });
}

Deno.test("after all that nothing is left, inside or outside, and the heap never passed its limit", () => {
  const { returns, spilledBytes, peakBytes, heldBytes } = limited.heapUse;
  assert.ok(returns.count > 500, `${returns.count} returns`);
  assert.equal(spilledBytes, 0);
  assert.ok(peakBytes <= LIMITED_BYTES && heldBytes <= 16 * MIB);
  assert.equal(wide.heapUse.spills.count, 0);
  assert.equal(limited.heapUse.usedBytes, wide.heapUse.usedBytes);
});

/** One step of gradient descent of two layers on fixed data. */
function step(weights: tf.Variable[], [x, y]: Tensor[]): number {
  return tf.tidy(() => {
    const loss = (): tf.Scalar => {
      const [first, second] = weights;
      return tf.mean(tf.squaredDifference(linear(gelu(linear(x, first)), second), y)) as tf.Scalar;
    };
    const { value, grads } = tf.variableGrads(loss, weights);
    for (const weight of weights) weight.assign(tf.sub(weight, tf.mul(grads[weight.name], 0.1)));
    return value.dataSync()[0];
  });
}

Deno.test("1000 training steps that spill leave bytes and tensors as they were, and the loss falls", async () => {
  await tf.setBackend("limited");
  const random = randomStream(1, "spill-training");
  const data = [noise(300, random), noise(300, random)];
  const others = Array.from({ length: 20 }, () => noise(600, random));
  const weights = [0, 1].map(() => tf.variable(noise(CHANNELS, random)));
  const observed: unknown[] = [], losses: number[] = [];
  const before = limited.heapUse.spills.count;
  for (let i = 0; i <= 1000; i++) {
    losses.push(step(weights, data));
    tf.tidy(() => void gelu(others[i % others.length]));
    const { usedBytes, spilledBytes } = limited.heapUse;
    if (i % 200 === 40) observed.push([usedBytes, spilledBytes, tf.memory().numTensors, tf.memory().numDataBuffers]);
  }
  assert.deepEqual(observed, Array(5).fill(observed[0]));
  assert.ok(losses[1000] < losses[0] / 2, `${losses[1000]} after ${losses[0]}`);
  assert.ok(limited.heapUse.spills.count > before + 500);
  tf.dispose([...data, ...others, ...weights]);
});
