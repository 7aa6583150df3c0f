/** The pre-training decoder: four up-convolutions and one output channel, by hand. */
import assert from "node:assert/strict";
import { buildLinearDecoder } from "../../lib/model/linear_decoder.ts";
import { Scope } from "../../lib/model/parameters.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { assignOfficial, parameterOf } from "./_layers.ts";

await selectBackend("reference");

const MODE = { training: true };
const STEPS = ["decoder5", "decoder4", "decoder3", "decoder2"];

Deno.test("buildLinearDecoder() multiplies one weight per step, chosen by the bits of the voxel's place", () => {
  const scope = new Scope({ seed: 1 });
  const decoder = buildLinearDecoder(scope, { inChannels: 1, embedDims: [1, 1, 1, 1] });
  const weights = STEPS.map((_, step) => Array.from({ length: 8 }, (_, corner) => 1 + step + 0.1 * corner));
  STEPS.forEach((name, i) => assignOfficial(parameterOf(scope.list(), `${name}.transp_conv.conv.weight`), weights[i]));
  assignOfficial(parameterOf(scope.list(), "out_1.conv.conv.weight"), [2]);
  assignOfficial(parameterOf(scope.list(), "out_1.conv.conv.bias"), [-1]);
  const output = tf.tidy(() => decoder(tf.tensor([3], [1, 1, 1, 1, 1]), MODE));
  assert.deepEqual(output.shape, [1, 16, 16, 16, 1]);
  const values = output.dataSync();
  for (const [z, y, x] of [[0, 0, 0], [15, 15, 15], [8, 0, 0], [0, 4, 1], [6, 9, 13]]) {
    const chosen = weights.map((corners, step) => {
      const bit = (place: number): number => (place >> (3 - step)) & 1;
      return corners[4 * bit(x) + 2 * bit(y) + bit(z)];
    });
    const expected = 2 * chosen.reduce((product, weight) => product * weight, 3) - 1;
    const actual = values[(z * 16 + y) * 16 + x];
    assert.ok(
      Math.abs(actual - expected) < 1e-4 * Math.abs(expected),
      `(${z}, ${y}, ${x}): ${actual}, not ${expected}`,
    );
  }
  tf.dispose([output, scope.list().map(({ variable }) => variable)]);
});

Deno.test("buildLinearDecoder() is affine: no norm, no activation, no skip", () => {
  const scope = new Scope({ seed: 2 });
  const decoder = buildLinearDecoder(scope, { inChannels: 1, embedDims: [2, 3, 4, 5] });
  const deviation = tf.tidy(() => {
    const a = tf.randomNormal([1, 1, 2, 1, 5], 0, 1, "float32", 1);
    const b = tf.randomNormal([1, 1, 2, 1, 5], 0, 1, "float32", 2);
    const [whole, onlyA, onlyB, nothing] = [tf.add(a, b), a, b, tf.zerosLike(a)].map((x) => decoder(x, MODE));
    assert.deepEqual(whole.shape, [1, 16, 32, 16, 1]);
    return tf.max(tf.abs(tf.sub(tf.add(whole, nothing), tf.add(onlyA, onlyB)))).dataSync()[0];
  });
  assert.ok(deviation < 1e-5, `${deviation}`);
  tf.dispose(scope.list().map(({ variable }) => variable));
});

Deno.test("buildLinearDecoder() declares what only segmentation uses, without training it", () => {
  const scope = new Scope({ seed: 2 });
  buildLinearDecoder(scope, { inChannels: 1, embedDims: [2, 3, 4, 5] });
  const names = (unused: boolean): string[] =>
    scope.list().filter((parameter) => (parameter.unused ?? false) === unused).map(({ name }) => name);
  const out = ["weight", "bias"].map((name) => `out_1.conv.conv.${name}`);
  assert.deepEqual(names(false), [...STEPS.map((step) => `${step}.transp_conv.conv.weight`), ...out]);
  const blocks = STEPS.flatMap((step) => [1, 2, 3].map((i) => `${step}.conv_block.conv${i}.conv.weight`));
  const projection = ["proj", "norm"].flatMap((part) => ["weight", "bias"].map((name) => `proj1.${part}.${name}`));
  assert.deepEqual(names(true), [...blocks, ...projection]);
  assert.ok(
    scope.list().every(({ unused, trainable, variable }) => trainable === !unused && variable.trainable === trainable),
  );
  tf.dispose(scope.list().map(({ variable }) => variable));
});
