/** Both backbones against numbers recorded from the official PyTorch code, with the same weights and inputs. */
import assert from "node:assert/strict";
import { infoNceLoss } from "../../lib/losses/mod.ts";
import { buildPretrainModel, MODEL_PRESETS, toOfficialLayout } from "../../lib/model/mod.ts";
import type { PretrainOutput } from "../../lib/model/mod.ts";
import { sampleSquaredError, selectBackend, sizeOf, tf } from "../../lib/tensor/mod.ts";
import type { Scalar, Tensor } from "../../lib/tensor/mod.ts";
import {
  assertGradient,
  assertNear,
  assertSamples,
  assertSummary,
  assignFormulaWeights,
  formulaVolumes,
  officialValues,
  readGolden,
} from "./_golden.ts";
import type { Golden, GoldenPass } from "./_golden.ts";

await selectBackend("auto");

/** Of a tensor's standard deviation: float32 accumulates about 1e-6. */
const TOLERANCE = 1e-4;

/** Losses of a batch whose first half is the distillation view and whose second half is the cross-modal view. */
function lossesOf({ features, reconstruction }: PretrainOutput, target: Tensor): [Scalar, Scalar, Scalar] {
  const [distill, cross] = tf.split(reconstruction as Tensor, 2);
  const [first, second] = tf.split(features[features.length - 1] as Tensor, 2);
  const meanSquaredError = (view: Tensor): Scalar => tf.mean(sampleSquaredError(view, target));
  return [meanSquaredError(distill), meanSquaredError(cross), infoNceLoss(first, second, { temperature: 1 })];
}

function assertPass(output: PretrainOutput, losses: Scalar[], { expected, mode }: {
  expected: GoldenPass;
  mode: string;
}): void {
  output.features.forEach((feature, stage) => {
    const what = `${mode} features[${stage}]`;
    assertSummary(officialValues(feature, "zxy"), expected.features[stage], { tolerance: TOLERANCE, what });
  });
  const rebuilt = officialValues(output.reconstruction, "xyz");
  assertSummary(rebuilt, expected.reconstruction, { tolerance: TOLERANCE, what: `${mode} reconstruction` });
  const names = ["loss_distill_view", "loss_cross_view", "loss_contrastive"] as const;
  names.forEach((name, i) => {
    assertNear(losses[i].dataSync()[0], expected[name], { within: 1e-6, what: `${mode} ${name}` });
  });
}

Deno.test("uniformer-small has the official features, losses and gradients in training, then in evaluation", () => {
  const golden = readGolden<Golden>("uniformer_32.json");
  const { size, views, seed } = golden;
  const model = buildPretrainModel(MODEL_PRESETS["uniformer-small"], { seed: 0 });
  assignFormulaWeights(model);
  const input = formulaVolumes({ count: views, size, seed });
  const target = formulaVolumes({ count: views / 2, size, seed: seed + 1 });

  const trainable = model.parameters.filter(({ trainable }) => trainable);
  const { value, grads } = tf.variableGrads(() => {
    const output = model.forward(input, { training: true });
    const losses = lossesOf(output, target);
    assertPass(output, losses, { expected: golden.train, mode: "training" });
    return tf.addN(losses);
  }, trainable.map(({ variable }) => variable));
  value.dispose();
  const names = trainable.map(({ name }) => name);
  assert.deepEqual(names.toSorted(), Object.keys(golden.grads).toSorted());
  for (const parameter of trainable) {
    const { name, variable } = parameter;
    const gradient = toOfficialLayout(grads[variable.name].dataSync() as Float32Array, parameter);
    assertGradient(gradient, golden.grads[name], { name });
  }
  tf.dispose(grads);

  tf.tidy(() => {
    const output = model.forward(input, { training: false });
    assertPass(output, lossesOf(output, target), { expected: golden.eval, mode: "evaluation" });
  });
  model.dispose();
  tf.dispose([input, target]);
});

Deno.test("unet3d has the official features and reconstruction of the first view", () => {
  const { size, seed, train } = readGolden<Golden>("unet3d_32.json");
  const model = buildPretrainModel(MODEL_PRESETS.unet3d, { seed: 0 });
  assignFormulaWeights(model);
  tf.tidy(() => {
    // Group normalisation keeps samples apart, so one of the recorded batch can be computed alone.
    const { features, reconstruction } = model.forward(formulaVolumes({ count: 1, size, seed }), { training: true });
    const expected = [...train.features, train.reconstruction];
    [...features, reconstruction].forEach((tensor, i) => {
      const { shape, std } = expected[i];
      const actual = officialValues(tensor, "xyz");
      assert.equal(actual.length, sizeOf(shape.slice(1)));
      assertSamples(actual, expected[i], { within: TOLERANCE * std, what: `tensor ${i}` });
    });
  });
  model.dispose();
});
