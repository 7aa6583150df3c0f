/** The gradient of the segmentation loss against central differences in float64. */
import "../tensor/_float64.ts";
import assert from "node:assert/strict";
import { diceBceLoss } from "../../lib/losses/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { randomStream } from "../../lib/random.ts";

await selectBackend("reference");

const STEP = 1e-6;

Deno.test("diceBceLoss() has the gradient of central differences", () => {
  const random = randomStream(1, "logits");
  const shape = [2, 1, 2, 3, 2];
  const values = Float32Array.from({ length: 24 }, (_, i) => i === 0 ? 0 : 3 * random.normal());
  const target = tf.tensor(Float32Array.from(values, () => random.integer(2)), shape);
  const gradient = tf.grad((z) => diceBceLoss(z, target))(tf.tensor(values, shape)).dataSync();
  for (let i = 0; i < values.length; i++) {
    const at = (offset: number): number =>
      tf.tidy(() => diceBceLoss(tf.tensor(values.with(i, values[i] + offset), shape), target).dataSync()[0]);
    const numeric = (at(STEP) - at(-STEP)) / (2 * STEP);
    assert.ok(Math.abs(numeric - gradient[i]) < 1e-8, `[${i}]: analytic ${gradient[i]}, numeric ${numeric}`);
  }
});
