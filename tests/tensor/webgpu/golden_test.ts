/** UniFormer on the GPU against numbers recorded from the official PyTorch code, with the same weights and inputs. */
import { infoNceLoss } from "../../../lib/losses/mod.ts";
import { buildPretrainModel, MODEL_PRESETS, toOfficialLayout } from "../../../lib/model/mod.ts";
import { sampleSquaredError, shapeOf, takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Scalar, Tensor } from "../../../lib/tensor/mod.ts";
import {
  assertGradient,
  assertNear,
  assertSummary,
  assignFormulaWeights,
  formulaVolumes,
  officialOrder,
  readGolden,
} from "../../model/_golden.ts";
import type { Golden, Summary } from "../../model/_golden.ts";
import { gpuTest } from "./_gpu.ts";

/** Of a tensor's standard deviation, as on the other backends. */
const TOLERANCE = 1e-4;

async function assertTensor(tensor: Tensor, expected: Summary, { axes, what }: { axes: "zxy" | "xyz"; what: string }) {
  const shape = shapeOf(tensor);
  assertSummary(officialOrder(await takeValues(tensor), { shape, axes }), expected, { tolerance: TOLERANCE, what });
}

gpuTest("uniformer-small has the official features, losses and gradients on webgpu", async (backend) => {
  // Whole volumes of NaN before every kernel would be most of the work here; the kernels' own tests have them.
  backend.poison = false;
  const { size, views, seed, train, grads: expected } = readGolden<Golden>("uniformer_32.json");
  const model = buildPretrainModel(MODEL_PRESETS["uniformer-small"], { seed: 0 });
  assignFormulaWeights(model);
  const input = formulaVolumes({ count: views, size, seed });
  const target = formulaVolumes({ count: views / 2, size, seed: seed + 1 });
  const trainable = model.parameters.filter(({ trainable }) => trainable);
  const kept: Tensor[] = [];
  const { value, grads } = tf.variableGrads(() => {
    const { features, reconstruction } = model.forward(input, { training: true });
    const [distill, cross] = tf.split(reconstruction as Tensor, 2);
    const [first, second] = tf.split(features[3] as Tensor, 2);
    const errors = [distill, cross].map((view) => tf.mean(sampleSquaredError(view, target)) as Scalar);
    const losses = [...errors, infoNceLoss(first, second, { temperature: 1 })];
    kept.push(...[...features, reconstruction, ...losses].map((tensor) => tf.keep(tf.clone(tensor as Tensor))));
    return tf.addN(losses) as Scalar;
  }, trainable.map(({ variable }) => variable));
  const losses = kept.splice(5);
  for (const [stage, feature] of kept.entries()) {
    const isFeature = stage < 4;
    const golden = isFeature ? train.features[stage] : train.reconstruction;
    await assertTensor(feature, golden, { axes: isFeature ? "zxy" : "xyz", what: `tensor ${stage}` });
  }
  const recorded = [train.loss_distill_view, train.loss_cross_view, train.loss_contrastive];
  for (const [i, loss] of losses.entries()) {
    const [actual] = await takeValues(loss);
    assertNear(actual, recorded[i], { within: 1e-5 * recorded[i], what: `loss ${i}` });
  }
  for (const parameter of trainable) {
    const { name, variable } = parameter;
    assertGradient(toOfficialLayout(await takeValues(grads[variable.name]), parameter), expected![name], { name });
  }
  model.dispose();
  tf.dispose([value, input, target]);
});
