/** The gradient through template windows against central differences in float64. */
import "../tensor/_float64.ts";
import assert from "node:assert/strict";
import { randomStream } from "../../lib/random.ts";
import { Templates } from "../../lib/templates/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

const STEP = 1e-6;

Deno.test("windows() has the gradient of central differences in every voxel, the extremes included", () => {
  const templates = new Templates({ modalities: ["t1", "t2"], size: [3, 4, 2], epsilon: 1e-9 });
  const random = randomStream(1, "templates");
  const values = Float32Array.from({ length: 48 }, () => random.normal());
  const weights = tf.tensor(Float32Array.from({ length: 36 }, () => random.normal()), [3, 2, 2, 3, 1]);
  const places = [
    { modality: "t1", start: [1, -1, 0] as const },
    { modality: "t2", start: [0, 3, -1] as const },
    { modality: "t1", start: [0, 1, 0] as const },
  ];
  const lossOf = (): tf.Scalar => tf.sum(tf.mul(templates.windows(places, [3, 2, 2]), weights));
  const at = (index: number, offset: number): number =>
    tf.tidy(() => {
      const moved = values.slice();
      moved[index] += offset;
      templates.variable.assign(tf.tensor(moved, [2, 2, 4, 3]));
      return lossOf().dataSync()[0];
    });
  at(0, 0);
  const { grads } = tf.variableGrads(lossOf, [templates.variable]);
  const analytic = grads[templates.variable.name].dataSync();
  for (let i = 0; i < values.length; i++) {
    const numeric = (at(i, STEP) - at(i, -STEP)) / (2 * STEP);
    assert.ok(Math.abs(numeric - analytic[i]) < 1e-8, `[${i}]: analytic ${analytic[i]}, numeric ${numeric}`);
  }
  templates.dispose();
});
