/** A backbone with its decoder: seeds, modes, sizes, and what it leaves in memory. */
import assert from "node:assert/strict";
import { buildPretrainModel, describeParameters, divisorOf, MODEL_PRESETS } from "../../lib/model/mod.ts";
import type { ModelConfig, PretrainModel } from "../../lib/model/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

const UNIFORMER: ModelConfig = {
  backbone: "uniformer",
  inChannels: 1,
  embedDims: [4, 4, 8, 8],
  depths: [1, 1, 1, 1],
  headDim: 4,
  mlpRatio: 2,
};
const UNET: ModelConfig = { backbone: "unet3d", inChannels: 1, initChannels: 8 };

function volumes(size = 16): Tensor5D {
  return tf.randomNormal<tf.Rank.R5>([2, size, size, size, 1], 0, 1, "float32", 1);
}

function stateOf({ parameters }: PretrainModel): Map<string, Float32Array> {
  return new Map(parameters.map(({ name, variable }) => [name, variable.dataSync().slice() as Float32Array]));
}

for (const config of [UNIFORMER, UNET]) {
  Deno.test(`describeParameters() tells what ${config.backbone} will be made of, and makes nothing`, () => {
    const { numTensors } = tf.memory();
    const descriptions = describeParameters(config);
    assert.equal(tf.memory().numTensors, numTensors);
    const model = buildPretrainModel(config, { seed: 1 });
    assert.deepEqual(descriptions, model.parameters.map(({ variable: _, ...description }) => description));
    model.dispose();
  });

  Deno.test(`buildPretrainModel() draws ${config.backbone}'s weights from the seed alone`, () => {
    const [first, again, other] = [1, 1, 2].map((seed) => buildPretrainModel(config, { seed }));
    assert.deepEqual(stateOf(again), stateOf(first));
    assert.notDeepEqual(stateOf(other), stateOf(first));
    for (const model of [first, again, other]) model.dispose();
  });

  Deno.test(`buildPretrainModel() gives the same gradients and state when ${config.backbone}'s blocks are recomputed`, () => {
    const [kept, recomputed] = [false, true].map((recomputeBlocks) => {
      const model = buildPretrainModel(config, { seed: 1 });
      const gradients = tf.tidy(() => {
        const input = volumes();
        const { grads } = tf.variableGrads(() =>
          tf.mean(tf.square(model.forward(input, { training: true, recomputeBlocks }).reconstruction))
        );
        return model.parameters.map(({ name, variable }) => [name, grads[variable.name]?.dataSync()]);
      });
      const state = stateOf(model);
      model.dispose();
      return { gradients, state };
    });
    assert.ok(kept.gradients.length > 20);
    assert.deepEqual(recomputed, kept);
  });

  Deno.test(`buildPretrainModel() keeps nothing of ${config.backbone} after outputs and parameters are freed`, () => {
    const before = tf.memory().numTensors;
    const model = buildPretrainModel(config, { seed: 1 });
    assert.equal(tf.memory().numTensors, before + model.parameters.length);
    const { value, grads } = tf.tidy(() => {
      const input = volumes();
      return tf.variableGrads(() => tf.mean(tf.square(model.forward(input, { training: true }).reconstruction)));
    });
    tf.dispose([value, grads]);
    assert.equal(tf.memory().numTensors, before + model.parameters.length);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
}

Deno.test("PretrainModel updates running statistics in training and nothing in evaluation", () => {
  const model = buildPretrainModel(UNIFORMER, { seed: 1 });
  const initial = stateOf(model);
  const run = (training: boolean): number[] =>
    tf.tidy(() => [...model.forward(volumes(), { training }).reconstruction.dataSync()]);
  const evaluated = run(false);
  assert.deepEqual(stateOf(model), initial);
  run(true);
  const changed = [...stateOf(model)].filter(([name, values]) => String(values) !== String(initial.get(name)));
  const buffers = model.parameters.filter(({ trainable, unused }) => !trainable && !unused).map(({ name }) => name);
  assert.equal(buffers.length, 3 * 5);
  assert.deepEqual(changed.map(([name]) => name), buffers);
  assert.notDeepEqual(run(false), evaluated);
  model.dispose();
});

Deno.test("PretrainModel throws when the input's sizes are not divisible by its divisor", () => {
  const cases = [
    { config: UNIFORMER, divisor: 16, shape: "[2, 24, 24, 24, 1]", size: 24 },
    { config: MODEL_PRESETS["unet3d-tiny"], divisor: 8, shape: "[2, 12, 12, 12, 1]", size: 12 },
  ];
  for (const { config, divisor, shape, size } of cases) {
    const model = buildPretrainModel(config, { seed: 1 });
    assert.deepEqual([model.divisor, divisorOf(config)], [divisor, divisor]);
    const input = volumes(size);
    assert.throws(() => model.forward(input, { training: true }), {
      name: "RangeError",
      message:
        `Cannot apply ${config.backbone}: expected depth, height and width divisible by ${divisor}, got ${shape}`,
    });
    input.dispose();
    model.dispose();
  }
});
