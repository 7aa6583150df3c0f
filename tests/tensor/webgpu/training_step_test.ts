/** Whole training steps on the GPU: losses and all gradients against the reference backend. */
import assert from "node:assert/strict";
import { resolveConfig } from "../../../lib/config.ts";
import { MODALITIES } from "../../../lib/dataset/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../../../lib/model/mod.ts";
import type { ModelName } from "../../../lib/model/mod.ts";
import { randomStream } from "../../../lib/random.ts";
import { Templates } from "../../../lib/templates/mod.ts";
import { selectBackend, takeValues, tf } from "../../../lib/tensor/mod.ts";
import { batchGradients } from "../../../lib/trainer/step.ts";
import type { ViewSample } from "../../../lib/trainer/views.ts";
import { RECIPES, recipeSchema } from "../../../recipes/mod.ts";
import { gpuTest } from "./_gpu.ts";

const TOLERANCE = 1e-3;
/** Gradients that are 0 but for rounding, as that of a bias before a norm, lie below it. */
const NOISE = 1e-6;

/** One subject with four sequences and one with a single sequence, partly outside of the templates. */
function samplesOf(size: number): ViewSample[] {
  return [["flair", "t1", "t1c", "t2"], ["t2"]].map((modalities, subject) => {
    const random = randomStream(0, "voxels", subject);
    const voxels = Float32Array.from({ length: modalities.length * size ** 3 }, () => random.uniform());
    return { modalities, voxels, cropSize: [size, size, size], templateStart: [3 * subject - 2, 4, 5] };
  });
}

/** All three losses and the gradients of all parameters, templates included. */
async function stepOf(model: ModelName, size: number) {
  const assignments = [`model=${model}`, `cropSize=[${size},${size},${size}]`, "templates.size=[40,36,33]"];
  const { method, seed, templates: { size: templateSize, epsilon } } = resolveConfig(
    recipeSchema,
    RECIPES.official.recipe,
    { assignments },
  );
  const network = buildPretrainModel(MODEL_PRESETS[model], { seed });
  const templates = new Templates({ modalities: MODALITIES, size: templateSize, epsilon });
  const random = randomStream(3, "templates");
  const { variable } = templates;
  const values = Float32Array.from({ length: variable.size }, () => random.uniform());
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  const parameters = [...network.parameters.filter(({ trainable }) => trainable), templates.parameter];
  const place = { seed, epoch: method.templateFillUntilEpoch + 1, index: 0 };
  const parts = { model: network, templates, parameters };
  const { losses, gradients } = await batchGradients(samplesOf(size), parts, { method, place, contrastive: true });
  const named = new Map<string, Float32Array>();
  for (const [name, gradient] of gradients) named.set(name, await takeValues(gradient));
  network.dispose();
  templates.dispose();
  return { losses, gradients: named };
}

for (const [model, size] of [["uniformer-tiny", 32], ["unet3d-tiny", 16]] as const) {
  gpuTest(`batchGradients() on webgpu equals the reference backend: ${model}, ${size}³`, async () => {
    const actual = await stepOf(model, size);
    await selectBackend("reference");
    const expected = await stepOf(model, size);
    for (const [name, loss] of Object.entries(expected.losses) as ["total" | "cmr" | "md" | "cl", number][]) {
      assert.ok(
        Math.abs(actual.losses[name]! - loss) <= 1e-5 * loss,
        `${name}: got ${actual.losses[name]}, not ${loss}`,
      );
    }
    assert.deepEqual([...actual.gradients.keys()], [...expected.gradients.keys()]);
    for (const [name, gradient] of expected.gradients) {
      const values = actual.gradients.get(name)!;
      const scale = gradient.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const worst = gradient.reduce((largest, value, i) => Math.max(largest, Math.abs(values[i] - value)), 0);
      assert.ok(worst <= TOLERANCE * scale + NOISE, `${name}: off by ${worst}, largest ${scale}`);
    }
  });
}
