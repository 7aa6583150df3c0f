/** Norms of values far from 0, where mean and variance are hard in float32; the shaders against double precision. */
import assert from "node:assert/strict";
import { batchNorm, groupNorm, layerNorm, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { relativeError } from "../_ops.ts";
import { normalised, offsetValues } from "../ops/_moments.ts";
import { asRealGpu, gpuTest } from "./_gpu.ts";

// So many rows that invocations of a GPU take several blocks of 8.
const shape = [2, 301, 97, 12], [B, H, W, C] = shape;
const epsilon = 1e-5;

/** Every norm, and which values it normalises together. */
const NORMS: Record<string, { apply(x: Tensor): Tensor; key(i: number): number }> = {
  "batchNorm()": { apply: (x) => batchNorm(x, parameters()), key: (i) => i % C },
  "layerNorm()": { apply: (x) => layerNorm(x, parameters()), key: (i) => Math.floor(i / C) },
  "groupNorm()": {
    apply: (x) => groupNorm(x, { ...parameters(), groups: 3 }),
    key: (i) => Math.floor(i / (H * W * C)) * 3 + Math.floor(i % C / 4),
  },
};

function parameters(): { scale: Tensor; bias: Tensor; epsilon: number } {
  return { scale: tf.ones([C]), bias: tf.zeros([C]), epsilon };
}

for (const [name, { apply, key }] of Object.entries(NORMS)) {
  // Float32 has steps of 1e-7 of the mean: what a sum of squares without centring would lose is 1e-7 of its square.
  for (const mean of [100, -10_000]) {
    gpuTest(`${name} keeps its digits on webgpu when the mean is ${mean} deviations away`, async (backend) => {
      const values = offsetValues(B * H * W * C, mean);
      const expected = normalised(values, { key, epsilon });
      const run = async (): Promise<ArrayLike<number>> => {
        const y = tf.tidy(() => apply(tf.tensor(values, shape)));
        const result = await y.data();
        y.dispose();
        return result;
      };
      for (const actual of [await run(), await asRealGpu(backend, run)]) {
        const { error, text } = relativeError(actual, expected);
        assert.ok(error <= Math.abs(mean) * 3e-7, text);
      }
    });
  }
}
