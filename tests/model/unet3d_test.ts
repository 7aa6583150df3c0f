/** UNET3D: resolutions, independence of samples, residual blocks, and a decoder that sees the deepest features only. */
import assert from "node:assert/strict";
import { Scope } from "../../lib/model/parameters.ts";
import { buildUnet3d, buildUnet3dDecoder } from "../../lib/model/unet3d.ts";
import { conv3d, selectBackend, shapeOf, tf } from "../../lib/tensor/mod.ts";
import type { Tensor, Tensor5D } from "../../lib/tensor/mod.ts";
import { assignOfficial, parameterOf } from "./_layers.ts";

await selectBackend("reference");

const MODE = { training: true };

function volumes(seed: number): Tensor5D {
  return tf.randomNormal<tf.Rank.R5>([2, 8, 16, 8, 1], 0, 1, "float32", seed);
}

function largestDifference(a: Tensor, b: Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
}

Deno.test("buildUnet3dDecoder() adds each skip at its own resolution", () => {
  const scope = new Scope({ seed: 4 });
  const decoder = buildUnet3dDecoder(scope, { initChannels: 8, outputs: 2 });
  for (const parameter of scope.list()) {
    if (/\.conv2\.(weight|bias)$/.test(parameter.name)) assignOfficial(parameter, 0);
  }
  tf.tidy(() => {
    const shapes = [[1, 2, 4, 2, 32], [1, 4, 8, 4, 16], [1, 8, 16, 8, 8]];
    const skips = shapes.map((shape, i) => tf.randomNormal(shape, 0, 1, "float32", i + 1));
    // Nothing comes from below but biases, and blocks let all through: what is left of a step is its skip.
    const deepest = tf.zeros([1, 1, 2, 1, 64]) as Tensor5D;
    const features = [deepest, deepest, deepest, deepest];
    const { quarter, half, output } = decoder({ features, skips }, MODE);
    const bias = (name: string): Tensor => parameterOf(scope.list(), `${name}.bias`).variable;
    assert.ok(largestDifference(quarter, tf.add(skips[0], bias("up4conva"))) < 1e-5);
    const without = decoder({ features, skips: [] }, MODE);
    assert.deepEqual([half, output].map(shapeOf), [[1, 4, 8, 4, 16], [1, 8, 16, 8, 2]]);
    assert.deepEqual([without.half, without.output].map(shapeOf), [half, output].map(shapeOf));
    const zero = tf.zerosLike(skips[0]), halfSkipOnly = decoder({ features, skips: [zero, skips[1]] }, MODE).half;
    assert.ok(largestDifference(tf.sub(halfSkipOnly, without.half), skips[1]) < 1e-5);
  });
  tf.dispose(scope.list().map(({ variable }) => variable));
});

function withUnet(run: (unet: ReturnType<typeof buildUnet3d>, scope: Scope) => void): void {
  const scope = new Scope({ seed: 4 });
  const unet = buildUnet3d(scope, { inChannels: 1, initChannels: 8 });
  tf.tidy(() => run(unet, scope));
  tf.dispose(scope.list().map(({ variable }) => variable));
}

Deno.test("buildUnet3d() gives features at 1/2, 1/4 and 1/8 of the resolution and a whole volume", () => {
  withUnet((unet) => {
    const { features, reconstruction } = unet(volumes(1), MODE);
    assert.deepEqual(features.map(shapeOf), [[2, 4, 8, 4, 16], [2, 2, 4, 2, 32], [2, 1, 2, 1, 64], [2, 1, 2, 1, 64]]);
    assert.deepEqual(shapeOf(reconstruction), [2, 8, 16, 8, 1]);
  });
});

Deno.test("buildUnet3d() keeps samples apart, in training too", () => {
  withUnet((unet) => {
    const [a, b] = tf.split(volumes(1) as Tensor, 2);
    const together = unet(tf.concat([a, b]) as Tensor5D, MODE).reconstruction;
    const apart = tf.concat([a, b].map((x) => unet(x as Tensor5D, MODE).reconstruction as Tensor));
    assert.ok(largestDifference(together, apart) < 1e-5);
  });
});

Deno.test("buildUnet3d() passes its residual blocks unchanged where they end in zeros", () => {
  withUnet((unet, scope) => {
    for (const parameter of scope.list()) {
      if (/\.conv2\.(weight|bias)$/.test(parameter.name)) assignOfficial(parameter, 0);
    }
    const x = volumes(2);
    const { features, reconstruction } = unet(x, MODE);
    const variable = (name: string): Tensor => parameterOf(scope.list(), name).variable;
    const convolve = (input: Tensor, name: string, stride: number): Tensor =>
      conv3d(input, variable(`${name}.weight`), { bias: variable(`${name}.bias`), stride });
    const first = convolve(convolve(x, "conv1a", 1), "ds1", 2);
    assert.equal(largestDifference(features[0], first), 0);
    assert.equal(largestDifference(features[3], features[2]), 0);
    // Without skips only nearest upsampling is left: every block of 8³ voxels is of one value.
    const blocks = tf.reshape(reconstruction, [2, 8, 2, 8, 8]);
    assert.ok(largestDifference(tf.max(blocks, [1, 3, 4]), tf.min(blocks, [1, 3, 4])) < 1e-6);
    assert.ok(largestDifference(tf.max(blocks, 2), tf.min(blocks, 2)) > 1e-3);
  });
});
