/** The gradient of InfoNCE against central differences in float64. */
import "../tensor/_float64.ts";
import assert from "node:assert/strict";
import { infoNceLoss } from "../../lib/losses/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { randomStream } from "../../lib/random.ts";

await selectBackend("reference");

const STEP = 1e-6;

Deno.test("infoNceLoss() has the gradient of central differences in both views", () => {
  const random = randomStream(1, "features");
  const views = [0, 1].map(() => tf.tensor(Float32Array.from({ length: 15 }, () => random.normal()), [3, 1, 5]));
  const lossOf = (first: Tensor, second: Tensor): tf.Scalar => infoNceLoss(first, second, { temperature: 0.3 });
  const gradients = tf.grads(lossOf)(views);
  views.forEach((view, which) => {
    const values = view.dataSync();
    for (let i = 0; i < values.length; i++) {
      const at = (offset: number): number =>
        tf.tidy(() => {
          const moved = values.slice();
          moved[i] += offset;
          const [first, second] = views.map((other, k) => k === which ? tf.tensor(moved, view.shape) : other);
          return lossOf(first, second).dataSync()[0];
        });
      const numeric = (at(STEP) - at(-STEP)) / (2 * STEP);
      const analytic = gradients[which].dataSync()[i];
      assert.ok(Math.abs(numeric - analytic) < 1e-8, `view ${which} [${i}]: analytic ${analytic}, numeric ${numeric}`);
    }
  });
});
