/** The gradient of the whole loss, templates included, against central differences in float64. */
import "../tensor/_float64.ts";
import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { batchGradients } from "../../lib/trainer/step.ts";
import { toyModel, toyOptions, toySample, toyTemplates } from "./_toy.ts";

await selectBackend("reference");

const STEP = 1e-6;

Deno.test("batchGradients() has the gradient of central differences in every weight and template voxel", async () => {
  const model = toyModel();
  const templates = toyTemplates({ trained: true });
  const samples = [["t1", "t2", "flair"], ["flair"], ["t2", "t1"]].map((names, i) => toySample(names, `sample ${i}`));
  const parameters = [...model.parameters.filter(({ trainable }) => trainable), templates.parameter];
  const { method } = toyOptions({ method: { cmrWeight: 1.5, mdWeight: 10, clWeight: 0.7, temperature: 0.5 } });
  const options = { method, place: { seed: 5, epoch: 7, index: 2 }, contrastive: true };
  const run = (): ReturnType<typeof batchGradients> =>
    batchGradients(samples, { model, templates, parameters }, options);
  const lossAt = async (): Promise<number> => {
    const { losses, gradients } = await run();
    tf.dispose([...gradients.values()]);
    return losses.total;
  };
  const { gradients } = await run();
  assert.deepEqual([...gradients.keys()].sort(), ["bias", "lift", "mix", "readout", "rep_template"]);
  let moving = 0;
  for (const { name, variable } of parameters) {
    const analytic = gradients.get(name)?.dataSync();
    if (!analytic) continue;
    const original = variable.dataSync().slice();
    const extremes = [Math.min(...original), Math.max(...original)].map((value) => original.indexOf(value));
    // Every eleventh voxel of the templates, and those that the normalisation hangs on.
    const probes = [...original.keys()].filter((i) => original.length < 10 || i % 11 === 0 || extremes.includes(i));
    for (const index of probes) {
      const at = (offset: number): Promise<number> => {
        const moved = original.slice();
        moved[index] += offset;
        tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
        return lossAt();
      };
      const numeric = (await at(STEP) - await at(-STEP)) / (2 * STEP);
      await at(0);
      const error = Math.abs(numeric - analytic[index]);
      assert.ok(
        error <= 1e-7 * Math.max(1, Math.abs(numeric)),
        `d${name}[${index}]: got ${analytic[index]}, expected ${numeric}`,
      );
      if (Math.abs(numeric) > 1e-3) moving++;
    }
  }
  assert.ok(moving > 20, `only ${moving} of the probes move the loss`);
  tf.dispose([...gradients.values()]);
  templates.dispose();
  model.dispose();
});
