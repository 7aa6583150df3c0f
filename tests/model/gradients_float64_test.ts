/** Gradients of whole models against central differences in float64. */
import "../tensor/_float64.ts";
import assert from "node:assert/strict";
import { randomStream } from "../../lib/random.ts";
import { segmentationLoss } from "../../lib/losses/mod.ts";
import { buildPretrainModel, buildSegmentationModel } from "../../lib/model/mod.ts";
import type { ModelConfig, Parameter } from "../../lib/model/mod.ts";
import { sampleSquaredError, selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Scalar, Tensor5D } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

function volumes(size: number, seed: number): Tensor5D {
  const random = randomStream(seed, "volumes");
  const values = Float32Array.from({ length: 2 * size ** 3 }, () => random.normal());
  return tf.tensor(values, [2, size, size, size, 1]);
}

const MODELS: readonly { config: ModelConfig; step: number; probes: readonly string[] }[] = [
  {
    config: {
      backbone: "uniformer",
      inChannels: 1,
      embedDims: [8, 8, 16, 16],
      depths: [1, 1, 1, 1],
      headDim: 8,
      mlpRatio: 2,
    },
    step: 1e-5,
    probes: [
      "encoder.uniformer.patch_embed1.proj.weight",
      "encoder.uniformer.blocks1.0.pos_embed.weight",
      "encoder.uniformer.blocks1.0.norm1.weight",
      "encoder.uniformer.blocks2.0.attn.weight",
      "encoder.uniformer.blocks2.0.norm2.bias",
      "encoder.uniformer.patch_embed3.norm.weight",
      "encoder.uniformer.blocks3.0.attn.qkv.weight",
      "encoder.uniformer.blocks3.0.mlp.fc1.bias",
      "encoder.uniformer.blocks4.0.attn.proj.weight",
      "encoder.uniformer.norm.weight",
      "decoder.decoder3.transp_conv.conv.weight",
      "decoder.out_1.conv.conv.bias",
    ],
  },
  {
    config: { backbone: "unet3d", inChannels: 1, initChannels: 8 },
    // Small, so that hardly a voxel crosses the kink of a ReLU on the way.
    step: 1e-7,
    probes: [
      "conv1a.weight",
      "conv1b.gn1.weight",
      "ds2.bias",
      "conv4c.conv2.weight",
      "up3conva.weight",
      "up1conv.bias",
    ],
  },
];

for (const { config, step, probes } of MODELS) {
  Deno.test(`${config.backbone} in training has the gradient of central differences`, () => {
    const model = buildPretrainModel(config, { seed: 6 });
    const [input, target] = [volumes(model.divisor, 1), volumes(model.divisor, 2)];
    // The deepest features take part so that the encoder's gradient is not made of the reconstruction's alone.
    const lossOf = (): Scalar =>
      tf.tidy(() => {
        const { features, reconstruction } = model.forward(input, { training: true });
        const deepest = tf.mean(tf.mul(features[3], tf.sin(features[3])));
        return tf.add(tf.mean(sampleSquaredError(reconstruction, target)), deepest);
      });
    assertGradients(lossOf, { parameters: model.parameters, probes, step });
    tf.dispose([input, target]);
    model.dispose();
  });
}

Deno.test("unet3d with skips in training has the gradient of central differences", () => {
  const config = { backbone: "unet3d", inChannels: 1, initChannels: 8, classes: 2 } as const;
  const model = buildSegmentationModel(config, { seed: 6 });
  const input = volumes(2 * model.divisor, 1);
  const target = tf.tidy(() => {
    const inside = tf.cast(tf.greater(input, 0), "float32");
    return tf.concat([inside, tf.sub(1, inside)], -1);
  });
  const lossOf = (): Scalar =>
    tf.tidy(() => segmentationLoss(model.forward(input, { training: true }), target, { diceShare: 0.7 }));
  const probes = [
    "conv1a.weight",
    "conv1b.gn1.weight",
    "ds2.bias",
    "conv4c.conv2.weight",
    "up4conva.weight",
    "up3convb.gn2.bias",
    "up2convb.conv1.weight",
    "up1conv.weight",
    "ds_out.0.weight",
    "ds_out.1.bias",
  ];
  assertGradients(lossOf, { parameters: model.parameters, probes, step: 1e-7 });
  tf.dispose([input, target]);
  model.dispose();
});

/** Compares each probe's largest gradient with the central difference. */
function assertGradients(
  lossOf: () => Scalar,
  { parameters, probes, step }: { parameters: readonly Parameter[]; probes: readonly string[]; step: number },
): void {
  const { value, grads } = tf.variableGrads(lossOf);
  for (const probe of probes) {
    const parameter = parameters.find(({ name }) => name === probe);
    assert.ok(parameter, probe);
    const { variable } = parameter;
    const analytic = grads[variable.name].dataSync() as Float32Array;
    const original = variable.dataSync().slice();
    // Where the gradient is largest, so that the numeric one has digits.
    const index = analytic.reduce((best, value, i) => Math.abs(value) > Math.abs(analytic[best]) ? i : best, 0);
    const at = (offset: number): number =>
      tf.tidy(() => {
        const moved = original.slice();
        moved[index] += offset;
        variable.assign(tf.tensor(moved, variable.shape));
        return lossOf().dataSync()[0];
      });
    const numeric = (at(step) - at(-step)) / (2 * step);
    at(0);
    assert.ok(Math.abs(numeric) > 1e-6, `d${probe}[${index}] is too small to tell anything: ${numeric}`);
    const error = Math.abs(numeric - analytic[index]) / Math.abs(numeric);
    assert.ok(error < 1e-4, `d${probe}[${index}]: analytic ${analytic[index]}, numeric ${numeric}`);
  }
  tf.dispose([value, grads]);
}
