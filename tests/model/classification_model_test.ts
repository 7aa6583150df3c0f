import assert from "node:assert/strict";
import {
  buildClassificationModel,
  buildSegmentationModel,
  loadWeights,
  toOfficialLayout,
} from "../../lib/model/mod.ts";
import type { ClassificationConfig } from "../../lib/model/mod.ts";
import { selectBackend, sizeOf, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

const CONFIG = {
  backbone: "uniformer",
  inChannels: 2,
  mlpRatio: 2,
  headDim: 4,
  embedDims: [2, 4, 4, 8],
  depths: [1, 1, 1, 1],
  classes: 3,
  head: "linear",
  hidden: 5,
} as const satisfies ClassificationConfig;

Deno.test("buildClassificationModel() names the encoder as segmentation does, and the head head.*", () => {
  const { classes, head, hidden, ...sizes } = CONFIG;
  const encoder = buildSegmentationModel({ ...sizes, classes }, { seed: 0 }).parameters
    .map(({ name }) => name).filter((name) => name.startsWith("encoder."));
  const names = (kind: "linear" | "mlp"): string[] =>
    buildClassificationModel({ ...sizes, classes, hidden, head: kind }, { seed: 0 }).parameters.map(({ name }) => name);
  assert.equal(head, "linear");
  assert.deepEqual(names("linear"), [...encoder, "head.weight", "head.bias"]);
  const mlp = ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"].map((name) => `head.${name}`);
  assert.deepEqual(names("mlp"), [...encoder, ...mlp]);
});

Deno.test("a classification by unet3d pools the encoder of a segmentation, under the official classification's names", async () => {
  const sizes = { backbone: "unet3d", initChannels: 8, inChannels: 2, classes: 3 } as const;
  const source = buildSegmentationModel(sizes, { seed: 7 });
  const model = buildClassificationModel({ ...sizes, head: "linear", hidden: 5 }, { seed: 8 });
  const encoder = source.parameters.map(({ name }) => name).filter((name) => /^(conv|ds\d)/.test(name));
  const names = encoder.map((name) => `model.unet.${name}`);
  assert.deepEqual(model.parameters.map(({ name }) => name), [...names, "head.weight", "head.bias"]);
  assert.equal(model.divisor, 8);
  const tensors = source.parameters.map((parameter) => ({
    name: `module.${parameter.name}`,
    shape: parameter.officialShape,
    read: () => Promise.resolve(toOfficialLayout(parameter.variable.dataSync() as Float32Array, parameter)),
  }));
  const { loaded, missing } = await loadWeights(model.parameters, tensors, { file: "w.pt" });
  assert.equal(loaded.length, encoder.length);
  assert.deepEqual(missing.map(({ name }) => name), ["head.weight", "head.bias"]);
  const x = tf.randomUniform([2, 16, 8, 24, 2], -1, 1, "float32", 6) as Tensor5D;
  const features = source.forwardWithFeatures(x, { training: false }).features[3];
  assert.deepEqual(features.shape, [2, 2, 1, 3, 64]);
  const expected = tf.mean(tf.reshape(features, [2, -1, 64]), 1).dataSync();
  assert.deepEqual(model.pool(x, { training: false }).dataSync(), expected);
  assert.deepEqual(model.forward(x, { training: false }).shape, [2, 3]);
});

Deno.test("forward() gives one logit per class, the head of the features' mean over voxels", () => {
  const model = buildClassificationModel(CONFIG, { seed: 1 });
  const x = tf.randomUniform([2, 16, 32, 16, 2], -1, 1, "float32", 5) as Tensor5D;
  const mode = { training: false };
  const pooled = model.pool(x, mode);
  assert.deepEqual(pooled.shape, [2, 8]);
  const logits = model.forward(x, mode);
  assert.deepEqual(logits.shape, [2, 3]);
  const [weight, bias] = ["head.weight", "head.bias"].map((name) => {
    return model.parameters.find((parameter) => parameter.name === name)!.variable.dataSync();
  });
  const features = pooled.dataSync();
  for (let b = 0; b < 2; b++) {
    for (let c = 0; c < 3; c++) {
      let sum = bias[c];
      for (let k = 0; k < 8; k++) sum += features[8 * b + k] * weight[3 * k + c];
      assert.ok(Math.abs(sum - logits.dataSync()[3 * b + c]) < 1e-5);
    }
  }
});

Deno.test("a pre-trained encoder loads by its official names, whatever stands on it", async () => {
  const { classes, head: _, hidden: __, ...sizes } = CONFIG;
  const source = buildSegmentationModel({ ...sizes, classes }, { seed: 7 });
  const model = buildClassificationModel(CONFIG, { seed: 8 });
  const tensors = source.parameters.map((parameter) => ({
    name: parameter.name.replace(/^encoder\./, "module.encoder.uniformer."),
    shape: parameter.officialShape,
    read: () => Promise.resolve(toOfficialLayout(parameter.variable.dataSync() as Float32Array, parameter)),
  }));
  const { loaded, missing } = await loadWeights(model.parameters, tensors, { file: "w.pt" });
  assert.deepEqual(missing.map(({ name }) => name), ["head.weight", "head.bias"]);
  assert.equal(loaded.length, model.parameters.length - 2);
  const x = tf.randomUniform([1, 16, 16, 16, 2], -1, 1, "float32", 6) as Tensor5D;
  const features = source.forwardWithFeatures(x, { training: false }).features[3];
  const expected = tf.mean(tf.reshape(features, [1, -1, 8]), 1).dataSync();
  assert.deepEqual(model.pool(x, { training: false }).dataSync(), expected);
  assert.ok(sizeOf(features.shape) > 0);
});

Deno.test("buildClassificationModel() refuses a single class, and inputs that the encoder cannot halve four times", () => {
  assert.throws(() => buildClassificationModel({ ...CONFIG, classes: 1 }, { seed: 0 }), {
    name: "RangeError",
    message: "Cannot build classification model: expected at least 2 classes, got 1",
  });
  const model = buildClassificationModel(CONFIG, { seed: 0 });
  assert.throws(
    () => model.forward(tf.zeros([1, 16, 16, 8, 2]) as Tensor5D, { training: false }),
    /^RangeError: Cannot apply classification model: expected depth, height and width divisible by 16/,
  );
});
