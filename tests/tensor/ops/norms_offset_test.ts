/** Norms of values far from 0, where mean and variance are hard in float32; the simd kernels against double precision. */
import assert from "node:assert/strict";
import { batchNorm, groupNorm, layerNorm, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { relativeError } from "../_ops.ts";
import { normalised, offsetValues } from "./_moments.ts";

await selectBackend("simd");

const shape = [2, 61, 97, 6], [B, H, W, C] = shape;
const epsilon = 1e-5;
const parameters = { scale: tf.ones([C]), bias: tf.zeros([C]), epsilon };

/** Every norm, and which values it normalises together. */
const NORMS: Record<string, { apply(x: Tensor): Tensor; key(i: number): number }> = {
  "batchNorm()": { apply: (x) => batchNorm(x, parameters), key: (i) => i % C },
  "layerNorm()": { apply: (x) => layerNorm(x, parameters), key: (i) => Math.floor(i / C) },
  "groupNorm()": {
    apply: (x) => groupNorm(x, { ...parameters, groups: 3 }),
    key: (i) => Math.floor(i / (H * W * C)) * 3 + Math.floor(i % C / 2),
  },
};

for (const [name, { apply, key }] of Object.entries(NORMS)) {
  // Float32 has steps of 1e-7 of the mean: what a sum of squares without centring would lose is 1e-7 of its square.
  for (const mean of [100, -10_000]) {
    Deno.test(`${name} keeps its digits on simd when the mean is ${mean} deviations away`, () => {
      const values = offsetValues(B * H * W * C, mean);
      const actual = tf.tidy(() => apply(tf.tensor(values, shape)).dataSync());
      const { error, text } = relativeError(actual, normalised(values, { key, epsilon }));
      assert.ok(error <= Math.abs(mean) * 3e-7, text);
    });
  }
}
