import { equal, ok } from "node:assert/strict";
import { batchNorm, selectBackend, type SharedBatch, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { randomStream } from "../../lib/random.ts";

const CHANNELS = 5;

function randomTensor(rows: number, key: string, { centre = 0 } = {}): Tensor {
  const random = randomStream(3, key);
  return tf.tensor2d(
    Float32Array.from({ length: rows * CHANNELS }, (_, i) => centre + (i % CHANNELS) * random.uniform()),
    [rows, CHANNELS],
  );
}

type Result = {
  y: Float32Array;
  gradients: Float32Array[];
  mean: Float32Array;
  variance: Float32Array;
  count: number;
};

/** Output and gradients of Σ y·weight, and what was observed. */
function run(inputs: Record<"x" | "scale" | "bias" | "weight", Tensor>, shared?: SharedBatch): Result {
  const { x, scale, bias, weight } = inputs;
  const seen: Pick<Result, "mean" | "variance" | "count">[] = [];
  const observe = (mean: Tensor, variance: Tensor, count: number): void => {
    seen.push({ mean: mean.dataSync<"float32">(), variance: variance.dataSync<"float32">(), count });
  };
  return tf.tidy(() => {
    const norm = (x: Tensor, scale: Tensor, bias: Tensor): Tensor =>
      batchNorm(x, { scale, bias, epsilon: 1e-5, observe, shared });
    const y = norm(x, scale, bias).dataSync<"float32">();
    const gradients = tf.grads((...args) => tf.sum(tf.mul(norm(args[0], args[1], args[2]), weight)))([x, scale, bias]);
    return { y, gradients: gradients.map((gradient) => gradient.dataSync<"float32">()), ...seen[0] };
  });
}

/** Ranks one after the other: each exchange is replayed until what all ranks say in it is known. */
function runShared(
  parts: readonly (() => Record<"x" | "scale" | "bias" | "weight", Tensor>)[],
  counts: boolean[],
): Result[] {
  const said: Float64Array[][] = [];
  for (let known = 0;; known++) {
    let exchanges = 0;
    const results = parts.map((part, rank) => {
      exchanges = 0;
      const allReduceSum = (values: Float64Array): void => {
        const exchange = exchanges++;
        if (exchange < known) values.set(said[exchange].reduce((sum, own) => sum.map((value, i) => value + own[i])));
        else (said[exchange] ??= [])[rank] = values.slice();
      };
      return tf.tidy(() => run(part(), { allReduceSum, counts: counts[rank] }));
    });
    if (known >= exchanges) return results;
    said.length = known + 1;
  }
}

function assertNear(actual: Float32Array, expected: Float32Array, what: string): void {
  equal(actual.length, expected.length, what);
  const size = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
  actual.forEach((value, i) =>
    ok(Math.abs(value - expected[i]) <= 2e-5 * size, `${what}[${i}]: ${value}, ${expected[i]}`)
  );
}

for (const backend of ["reference", "simd"] as const) {
  for (const centre of [0, 100]) {
    Deno.test(`batchNorm() over shared parts around ${centre} gives the whole batch's values and gradients, ${backend}`, async () => {
      await selectBackend(backend, { threads: 1 });
      const make = (from: number, to: number) => () => {
        const slice = (tensor: Tensor): Tensor => tf.slice(tensor, [from, 0], [to - from, CHANNELS]);
        const x = slice(randomTensor(37, "x", { centre })), weight = slice(randomTensor(37, "weight"));
        return { x, weight, scale: tf.tensor1d([1, 2, -1, 0.5, 3]), bias: tf.tensor1d([0, 1, 2, 3, 4]) };
      };
      const whole = tf.tidy(() => run(make(0, 37)()));
      // The middle one has nothing of the batch: its input, here the first row again, must not count.
      const [a, standIn, b] = runShared([make(0, 20), make(0, 1), make(20, 37)], [true, false, true]);
      for (const part of [a, standIn, b]) {
        equal(part.count, 37);
        assertNear(part.mean, whole.mean, "mean");
        assertNear(part.variance, whole.variance, "variance");
      }
      assertNear(Float32Array.of(...a.y, ...b.y), whole.y, "y");
      assertNear(Float32Array.of(...a.gradients[0], ...b.gradients[0]), whole.gradients[0], "dx");
      for (const [i, name] of [[1, "dscale"], [2, "dbias"]] as const) {
        assertNear(a.gradients[i].map((value, c) => value + b.gradients[i][c]), whole.gradients[i], name);
      }
    });
  }
}
