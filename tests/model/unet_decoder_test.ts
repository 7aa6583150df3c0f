/** Parts of the decoder: a residual block by hand, sizes of every step, and which parts are trained. */
import assert from "node:assert/strict";
import { Scope } from "../../lib/model/parameters.ts";
import { decoderParts, unetResBlock } from "../../lib/model/unet_decoder.ts";
import { selectBackend, shapeOf, tf } from "../../lib/tensor/mod.ts";
import { assignOfficial, parameterOf } from "./_layers.ts";

await selectBackend("reference");

const MODE = { training: true };

/** A 3³ kernel that looks at its own voxel alone. */
function centred(value: number): number[] {
  return Array.from({ length: 27 }, (_, i) => i === 13 ? value : 0);
}

function normalised(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
}

function bent(values: readonly number[]): number[] {
  return values.map((value) => value < 0 ? 0.01 * value : value);
}

Deno.test("unetResBlock() adds a normalised 1×1×1 convolution to two normalised convolutions, and bends the sum", () => {
  const scope = new Scope({ seed: 1 });
  const block = unetResBlock(scope, { inputs: 2, outputs: 1 });
  assignOfficial(parameterOf(scope.list(), "conv1.conv.weight"), [...centred(1), ...centred(2)]);
  assignOfficial(parameterOf(scope.list(), "conv2.conv.weight"), centred(-3));
  assignOfficial(parameterOf(scope.list(), "conv3.conv.weight"), [0.5, -1]);
  const voxels = [[1, 0], [4, -2], [0, 5], [-3, 1]];
  const output = tf.tidy(() => block(tf.tensor(voxels.flat(), [1, 1, 2, 2, 2]), MODE));
  const first = bent(normalised(voxels.map(([a, b]) => a + 2 * b)));
  const second = normalised(first.map((value) => -3 * value));
  const shortcut = normalised(voxels.map(([a, b]) => 0.5 * a - b));
  const expected = bent(second.map((value, i) => value + shortcut[i]));
  assert.ok(expected.some((value) => value < 0));
  output.dataSync().forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-5, `[${i}]: ${value}, not ${expected[i]}`);
  });
  tf.dispose([output, scope.list().map(({ variable }) => variable)]);
});

Deno.test("decoderParts() has four steps, from the deepest channels to the input's projection", () => {
  const scope = new Scope({ seed: 1 });
  const config = { inChannels: 3, embedDims: [2, 3, 5, 7] } as const;
  const { upWeights, blocks, projection } = decoderParts(scope, config, { skips: true });
  assert.deepEqual(upWeights.map(shapeOf), [[7, 8 * 5], [5, 8 * 3], [3, 8 * 2], [2, 8 * 2]]);
  tf.tidy(() => {
    const outputs = [5, 3, 2, 2].map((c, i) => shapeOf(blocks[i](tf.ones([1, 2, 1, 3, 2 * c]), MODE)));
    assert.deepEqual(outputs, [5, 3, 2, 2].map((c) => [1, 2, 1, 3, c]));
    assert.deepEqual(shapeOf(projection(tf.ones([1, 2, 1, 3, 3]), MODE)), [1, 2, 1, 3, 2]);
  });
  assert.ok(scope.list().every(({ trainable, unused }) => trainable && !unused));
  tf.dispose(scope.list().map(({ variable }) => variable));
});

Deno.test("decoderParts() draws the same values whether skips are used or not, and trains only what is used", () => {
  const config = { inChannels: 1, embedDims: [2, 3, 4, 5] } as const;
  const [used, unused] = [true, false].map((skips) => {
    const scope = new Scope({ seed: 3 });
    decoderParts(scope, config, { skips });
    return scope.list();
  });
  const state = (parameters: typeof used) => parameters.map(({ name, variable }) => [name, variable.dataSync()]);
  assert.deepEqual(state(unused), state(used));
  const trained = unused.filter(({ trainable }) => trainable).map(({ name }) => name);
  assert.deepEqual(trained, [5, 4, 3, 2].map((step) => `decoder${step}.transp_conv.conv.weight`));
  tf.dispose([...used, ...unused].map(({ variable }) => variable));
});
