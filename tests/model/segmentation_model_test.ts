/** The segmentation model: sizes, modes, seeds, recomputation, what it shares with pre-training, and its errors. */
import assert from "node:assert/strict";
import { buildPretrainModel, buildSegmentationModel, MODEL_PRESETS } from "../../lib/model/mod.ts";
import type { SegmentationConfig, SegmentationModel } from "../../lib/model/mod.ts";
import { selectBackend, shapeOf, sizeOf, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";
import { readGolden } from "./_golden.ts";

await selectBackend("auto");

const SIZES = {
  backbone: "uniformer",
  embedDims: [4, 4, 8, 8],
  depths: [1, 1, 1, 1],
  headDim: 4,
  mlpRatio: 2,
} as const;
const CONFIG: SegmentationConfig = { ...SIZES, inChannels: 2, classes: 3 };
const UNET3D: SegmentationConfig = { backbone: "unet3d", initChannels: 8, inChannels: 2, classes: 3 };
const TRAINING = { training: true };

function volumes(shape: number[] = [2, 16, 16, 32, 2]): Tensor5D {
  return tf.randomNormal<tf.Rank.R5>(shape as [number, number, number, number, number], 0, 1, "float32", 1);
}

function stateOf({ parameters }: Pick<SegmentationModel, "parameters">): Map<string, Float32Array> {
  return new Map(parameters.map(({ name, variable }) => [name, variable.dataSync().slice() as Float32Array]));
}

for (const config of [CONFIG, UNET3D]) {
  Deno.test(`a segmentation by ${config.backbone} has three logits of the input's size in training, one in evaluation`, () => {
    const model = buildSegmentationModel(config, { seed: 1 });
    tf.tidy(() => {
      const x = volumes();
      const trained = model.forward(x, TRAINING), evaluated = model.forward(x, { training: false });
      const shape = [2, 16, 16, 32, 3];
      assert.deepEqual(trained.map(shapeOf), [shape, shape, shape]);
      assert.deepEqual(evaluated.map(shapeOf), [shape]);
    });
    model.dispose();
  });

  Deno.test(`a segmentation by ${config.backbone} has the same gradients when blocks are recomputed, and leaves nothing`, () => {
    const before = tf.memory().numTensors;
    const [kept, recomputed] = [false, true].map((recomputeBlocks) => stepOf(config, recomputeBlocks));
    assert.deepEqual(recomputed, kept);
    const without = kept.gradients.filter(([, gradient]) => gradient === undefined).map(([name]) => String(name));
    assert.ok(without.every((name) => /running|num_batches/.test(name)), without.join());
    assert.equal(tf.memory().numTensors, before);
  });
}

/** Gradients of a step, and the state after it. */
function stepOf(config: SegmentationConfig, recomputeBlocks: boolean) {
  const model = buildSegmentationModel(config, { seed: 1 });
  const gradients = tf.tidy(() => {
    const x = volumes();
    const lossOf = (): tf.Scalar => {
      const outputs = model.forward(x, { training: true, recomputeBlocks });
      return tf.addN(outputs.map((logits) => tf.mean(tf.square(logits)) as tf.Scalar));
    };
    const { grads } = tf.variableGrads(lossOf);
    return model.parameters.map(({ name, variable }) => [name, grads[variable.name]?.dataSync()]);
  });
  const state = stateOf(model);
  model.dispose();
  return { gradients, state };
}

Deno.test("a segmentation by unet3d has the official state dict of pre-training, and coarse outputs", () => {
  const model = buildSegmentationModel({ ...MODEL_PRESETS.unet3d, inChannels: 4, classes: 3 }, { seed: 0 });
  const { rep_template: _, ...official } = readGolden<Record<string, number[]>>("unet3d_32.state_dict.json");
  const shapes = Object.fromEntries(model.parameters.map(({ name, officialShape }) => [name, officialShape]));
  assert.deepEqual(shapes, {
    ...official,
    "conv1a.weight": [32, 4, 3, 3, 3],
    "up1conv.weight": [3, 32, 1, 1, 1],
    "up1conv.bias": [3],
    "ds_out.0.weight": [3, 128, 1, 1, 1],
    "ds_out.0.bias": [3],
    "ds_out.1.weight": [3, 64, 1, 1, 1],
    "ds_out.1.bias": [3],
  });
  assert.ok(model.parameters.every(({ trainable }) => trainable));
  model.dispose();
});

Deno.test("buildSegmentationModel() has the official numbers of parameters for every number of inputs", () => {
  for (const [inChannels, expected] of [[4, 34_323_593], [3, 34_321_353], [1, 34_316_873]]) {
    const model = buildSegmentationModel({ ...MODEL_PRESETS["uniformer-small"], inChannels, classes: 3 }, { seed: 0 });
    const trainable = model.parameters.filter(({ trainable }) => trainable);
    assert.equal(trainable.reduce((sum, { shape }) => sum + sizeOf(shape), 0), expected, `${inChannels} inputs`);
    assert.ok(model.parameters.every(({ unused }) => !unused));
    model.dispose();
  }
});

Deno.test("buildSegmentationModel() draws weights from the seed alone", () => {
  const [first, again, other] = [1, 1, 2].map((seed) => buildSegmentationModel(CONFIG, { seed }));
  assert.deepEqual(stateOf(again), stateOf(first));
  assert.notDeepEqual(stateOf(other), stateOf(first));
  for (const model of [first, again, other]) model.dispose();
});

Deno.test("the pre-training model's state has every parameter of the segmentation model but its heads", () => {
  const segmentation = buildSegmentationModel({ ...CONFIG, inChannels: 1 }, { seed: 1 });
  const pretraining = buildPretrainModel({ ...SIZES, inChannels: 1 }, { seed: 1 });
  const shapes = new Map(pretraining.parameters.map(({ name, officialShape }) => [
    name.replace("encoder.uniformer.", "encoder."),
    officialShape,
  ]));
  const missing = segmentation.parameters.filter(({ name }) => !shapes.has(name)).map(({ name }) => name);
  const heads = ["decoder.out.conv.conv", "ms_out.0", "ms_out.1"];
  assert.deepEqual(missing, heads.flatMap((head) => [`${head}.weight`, `${head}.bias`]));
  for (const { name, officialShape } of segmentation.parameters) {
    if (shapes.has(name)) assert.deepEqual(shapes.get(name), officialShape, name);
  }
  for (const model of [segmentation, pretraining]) model.dispose();
});

Deno.test("buildSegmentationModel() throws when there is no class, its model when sizes do not divide by its stride", () => {
  for (const classes of [0, 1.5]) {
    assert.throws(() => buildSegmentationModel({ ...CONFIG, classes }, { seed: 1 }), {
      name: "RangeError",
      message: `Cannot build segmentation model: expected at least 1 class, got ${classes}`,
    });
  }
  for (const [config, divisor, size] of [[CONFIG, 16, 24], [UNET3D, 8, 12]] as const) {
    const model = buildSegmentationModel(config, { seed: 1 });
    assert.equal(model.divisor, divisor);
    const x = volumes([1, 16, size, 16, 2]);
    const expected = `depth, height and width divisible by ${divisor}`;
    assert.throws(() => model.forward(x, TRAINING), {
      name: "RangeError",
      message: `Cannot apply segmentation model: expected ${expected}, got [1, 16, ${size}, 16, 2]`,
    });
    x.dispose();
    model.dispose();
  }
});
