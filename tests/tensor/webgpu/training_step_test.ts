/** Whole training steps on the GPU: losses and all gradients against the reference backend. */
import assert from "node:assert/strict";
import { resolveConfig } from "../../../lib/config.ts";
import { MODALITIES } from "../../../lib/dataset/mod.ts";
import type { Sample } from "../../../lib/dataset/mod.ts";
import { decodeSafetensors } from "../../../lib/interop/mod.ts";
import type { Safetensor } from "../../../lib/interop/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../../../lib/model/mod.ts";
import type { ModelName } from "../../../lib/model/mod.ts";
import { randomStream } from "../../../lib/random.ts";
import { Templates } from "../../../lib/templates/mod.ts";
import type { TemplateOptions } from "../../../lib/templates/mod.ts";
import { selectBackend, takeValues, tf } from "../../../lib/tensor/mod.ts";
import { pretrain } from "../../../lib/trainer/mod.ts";
import { batchGradients } from "../../../lib/trainer/step.ts";
import type { ViewSample } from "../../../lib/trainer/views.ts";
import { RECIPES, recipeSchema } from "../../../recipes/mod.ts";
import { MemoryStore, toyOptions } from "../../trainer/_toy.ts";
import { gpuTest, withBindingLimit } from "./_gpu.ts";

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

/** Templates of noise: at those of zeros, norms would enlarge nothing but rounding. */
function templatesOf({ size, epsilon }: Pick<TemplateOptions, "size" | "epsilon">): Templates {
  const templates = new Templates({ modalities: MODALITIES, size, epsilon });
  const random = randomStream(3, "templates");
  const { variable } = templates;
  const values = Float32Array.from({ length: variable.size }, () => random.uniform());
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  return templates;
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
  const templates = templatesOf({ size: templateSize, epsilon });
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

/** One update of everything, templates included: all weights and both moments by name. */
async function updateOf(model: ModelName, size: number): Promise<ReadonlyMap<string, Safetensor>> {
  const samples = samplesOf(size).map((sample, i) => ({ ...sample, subject: `${i}` })) as Sample[];
  const load = ({ subject }: { subject: number }): Promise<Sample> => Promise.resolve(samples[subject]);
  const training = { count: samples.length, source: { load, close: () => {} } };
  const network = buildPretrainModel(MODEL_PRESETS[model], { seed: 1 });
  const templates = templatesOf({ size: [40, 36, 33], epsilon: 1e-9 });
  const store = new MemoryStore();
  // AdamW with its usual ε moves weights by what is left of gradients that are 0 but for rounding.
  const options = toyOptions({
    method: { blockSize: 8, templateGradient: "range-scaled", templateSmoothing: 2, clStartEpoch: 0 },
    optimizer: { epsilon: 1e-2, clipNorm: 1 },
    run: { epochs: 1 },
  });
  const parts = { model: network, templates, training, trainingCentres: training, validation: training, store };
  await pretrain(parts, options);
  network.dispose();
  templates.dispose();
  return decodeSafetensors(store.latest.tensors, "update").tensors;
}

for (const [model, size, kibibytes] of [["uniformer-tiny", 32, 1024], ["unet3d-tiny", 16, 432]] as const) {
  gpuTest(
    `pretrain() on a device that binds ${kibibytes} KiB equals that on one that binds all: ${model}`,
    async (backend) => {
      const start = backend.use.dispatches;
      const whole = await updateOf(model, size);
      const before = backend.use.dispatches;
      const parts = await withBindingLimit(backend, 1024 * kibibytes, () => updateOf(model, size));
      assert.ok(backend.use.dispatches - before > before - start, "nothing was done in parts");
      assert.deepEqual([...parts.keys()], [...whole.keys()]);
      for (const [name, { data }] of whole) {
        const [expected, values] = [data, parts.get(name)!.data] as [Float32Array, Float32Array];
        const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
        const worst = expected.reduce((largest, value, i) => Math.max(largest, Math.abs(values[i] - value)), 0);
        assert.ok(worst <= 1e-4 * scale + 5 * NOISE, `${name}: off by ${worst}, largest ${scale}`);
      }
    },
  );
}
