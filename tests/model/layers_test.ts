/** Layers by hand: which official weight meets which voxel, and what normalisations remember. */
import assert from "node:assert/strict";
import {
  batchNormLayer,
  defaultConv,
  defaultPointwiseConv,
  depthwiseConv,
  encoderConv,
  inScope,
  instanceNorm,
  layerNormLayer,
  linearLayer,
  normConvLayer,
  patchConv,
  plainConv,
  plainPointwiseConv,
  pointwiseConv,
  upConvolve,
  upConvWeight,
} from "../../lib/model/layers.ts";
import type { Layer } from "../../lib/model/layers.ts";
import { Scope } from "../../lib/model/parameters.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { assignOfficial, parameterOf } from "./_layers.ts";

await selectBackend("reference");

/** A layer under the scope `layer`, with its parameters given in official order, applied to plain values. */
function layerUnderTest(build: (scope: Scope) => Layer, official: Record<string, readonly number[] | number>) {
  const scope = new Scope({ seed: 1 });
  const layer = build(scope);
  for (const [name, values] of Object.entries(official)) assignOfficial(parameterOf(scope.list(), name), values);
  return {
    apply(values: readonly number[], shape: readonly number[], training = true): number[] {
      return tf.tidy(() => [...layer(tf.tensor([...values], [...shape]), { training }).dataSync()]);
    },
    values: (name: string): number[] => [...parameterOf(scope.list(), name).variable.dataSync()],
    shapes: (): (readonly number[])[] => scope.list().map(({ officialShape }) => officialShape),
  };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** All zeros but a one. */
function oneHot(length: number, at: number): number[] {
  return range(length).map((i) => Number(i === at));
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-6, `[${i}]: ${value}, not ${expected[i]}`));
}

for (const build of [linearLayer, pointwiseConv, defaultPointwiseConv]) {
  Deno.test(`${build.name}() maps channels by the official matrix [out, in] and adds the bias`, () => {
    const layer = layerUnderTest((scope) => build(scope, { inputs: 3, outputs: 2 }), {
      weight: [1, 2, 3, 4, 5, 6],
      bias: [0.5, -0.5],
    });
    assert.deepEqual(layer.apply([1, 0, -1, 0, 10, 0], [1, 2, 1, 1, 3]), [-1.5, -2.5, 20.5, 49.5]);
    assert.deepEqual(layer.shapes(), [build === linearLayer ? [2, 3] : [2, 3, 1, 1, 1], [2]]);
  });
}

Deno.test("patchConv() meets voxel (z, y, x) with the official weight at (z, x, y)", () => {
  const layer = layerUnderTest((scope) => patchConv(scope, { inputs: 1, outputs: 1 }), { weight: range(8), bias: 100 });
  const seen = range(8).map((voxel) => layer.apply(oneHot(8, voxel), [1, 2, 2, 2, 1])[0] - 100);
  assert.deepEqual(seen, [0, 2, 1, 3, 4, 6, 5, 7]);
});

Deno.test("depthwiseConv() meets voxel (z, y, x) with its channel's official weight at (z, x, y)", () => {
  const build = (scope: Scope): Layer => depthwiseConv(scope, { channels: 2, kernel: 3 });
  const layer = layerUnderTest(build, { weight: range(54), bias: [0, 1000] });
  // A one at z = 0, y = 1, x = 2 of channel 1 is seen by the kernel around the centre voxel.
  const at = ((0 * 3 + 1) * 3 + 2) * 2 + 1;
  const centre = layer.apply(oneHot(54, at), [1, 3, 3, 3, 2]).slice(13 * 2, 14 * 2);
  assert.deepEqual(centre, [0, 1000 + 27 + (0 * 9 + 2 * 3 + 1)]);
});

Deno.test("defaultConv() meets voxel (z, y, x) with the official weight at (x, y, z), at its stride", () => {
  const build = (stride?: number) => (scope: Scope): Layer => defaultConv(scope, { inputs: 2, outputs: 1, stride });
  const official = { weight: range(54), bias: [0] };
  const at = ((0 * 3 + 1) * 3 + 2) * 2 + 1;
  const weight = 27 + (2 * 9 + 1 * 3 + 0);
  assert.equal(layerUnderTest(build(), official).apply(oneHot(54, at), [1, 3, 3, 3, 2])[13], weight);
  const strided = layerUnderTest(build(2), official).apply(oneHot(54, 13 * 2 + 1), [1, 3, 3, 3, 2]);
  assert.equal(strided.length, 8);
  assert.equal(strided[0], 27 + 26);
  assert.equal(strided[7], 27);
});

Deno.test("encoderConv() meets voxel (z, y, x) with the official weight at (z, x, y), plainConv() with that at (x, y, z)", () => {
  const official = { weight: range(54) };
  const at = ((0 * 3 + 1) * 3 + 2) * 2 + 1;
  const seen = (build: typeof plainConv, more: Record<string, number[]> = {}): number =>
    layerUnderTest((scope) => build(scope, { inputs: 2, outputs: 1 }), { ...official, ...more })
      .apply(oneHot(54, at), [1, 3, 3, 3, 2])[13];
  assert.equal(seen(encoderConv, { bias: [1000] }), 1000 + 27 + (0 * 9 + 2 * 3 + 1));
  assert.equal(seen(plainConv), 27 + (2 * 9 + 1 * 3 + 0));
});

Deno.test("plainPointwiseConv() maps channels by the official matrix [out, in] and has no bias", () => {
  const build = (scope: Scope): Layer => plainPointwiseConv(scope, { inputs: 3, outputs: 2 });
  const layer = layerUnderTest(build, { weight: [1, 2, 3, 4, 5, 6] });
  assert.deepEqual(layer.apply([1, 0, -1, 0, 10, 0], [1, 2, 1, 1, 3]), [-2, -2, 20, 50]);
  assert.deepEqual(layer.shapes(), [[2, 3, 1, 1, 1]]);
});

Deno.test("upConvolve() writes the official weight at (x, y, z) to voxel (z, y, x)", () => {
  const build = (scope: Scope): Layer => {
    const weight = upConvWeight(scope, { inputs: 1, outputs: 2 });
    return (x) => upConvolve(x, weight);
  };
  const layer = layerUnderTest(build, { weight: range(16) });
  const fine = layer.apply([1], [1, 1, 1, 1, 1]);
  assert.deepEqual(fine.filter((_, i) => i % 2 === 0), [0, 4, 2, 6, 1, 5, 3, 7]);
  assert.deepEqual(fine.filter((_, i) => i % 2 === 1), [8, 12, 10, 14, 9, 13, 11, 15]);
  assert.deepEqual(layer.shapes(), [[1, 2, 2, 2, 2]]);
});

Deno.test("layerNormLayer() normalises the channels of a token with its stabiliser, then scales and shifts", () => {
  const build = (scope: Scope): Layer => layerNormLayer(scope, { channels: 2, epsilon: 3 });
  assertClose(layerUnderTest(build, {}).apply([1, 3], [1, 2]), [-0.5, 0.5]);
  assertClose(layerUnderTest(build, { weight: [2, 4], bias: [1, 0] }).apply([1, 3], [1, 2]), [0, 2]);
});

Deno.test("normConvLayer() normalises eight groups sample by sample, cuts off below zero, and convolves that", () => {
  // Every channel of the output is the same one of what was normalised, a half more.
  const identity = range(8 * 8 * 27).map((i) => Number(i % 27 === 13 && Math.floor(i / 27) % 9 === 0));
  const build = (scope: Scope): Layer => normConvLayer({ norm: scope.child("norm"), conv: scope.child("conv") }, 8);
  const layer = layerUnderTest(build, { "conv.weight": identity, "conv.bias": range(8).map(() => 0.5) });
  // Two voxels whose channels differ by 2·(channel + 1): every group of one channel becomes −1, 1.
  const sample = [...range(8).map((c) => c), ...range(8).map((c) => c + 2 * (c + 1))];
  const expected = range(16).map((i) => 0.5 + (i < 8 ? 0 : 1 / Math.sqrt(1 + 1e-5 / ((i % 8) + 1) ** 2)));
  assertClose(layer.apply([...sample, ...sample.map((v) => 5 * v)], [2, 1, 1, 2, 8]).slice(0, 16), expected);
});

Deno.test("instanceNorm() normalises every channel over space and can apply leaky ReLU", () => {
  const x = tf.tensor([0, 10, 2, 30], [1, 1, 1, 2, 2]);
  const near = 1 / Math.sqrt(1 + 1e-5), far = 1 / Math.sqrt(1 + 1e-7);
  assertClose([...instanceNorm(x).dataSync()], [-near, -far, near, far]);
  const bent = instanceNorm(x, { activation: "leakyRelu" });
  assertClose([...bent.dataSync()], [-0.01 * near, -0.01 * far, near, far]);
});

Deno.test("batchNormLayer() uses the batch in training and remembers mean and unbiased variance with momentum", () => {
  const layer = layerUnderTest((scope) => batchNormLayer(scope, { channels: 1 }), { weight: [2], bias: [1] });
  // Mean 3, biased variance 14/4, unbiased variance 14/3.
  const values = [1, 2, 3, 6], shape = [2, 1, 1, 2, 1];
  assertClose(layer.apply(values, shape), values.map((x) => 2 * (x - 3) / Math.sqrt(3.5 + 1e-5) + 1));
  assertClose(layer.values("running_mean"), [0.3]);
  assertClose(layer.values("running_var"), [0.9 + 0.1 * 14 / 3]);
  layer.apply(values, shape);
  assertClose(layer.values("running_mean"), [0.9 * 0.3 + 0.3]);
  assertClose(layer.values("running_var"), [0.81 + 0.19 * 14 / 3]);
  assert.deepEqual(layer.values("num_batches_tracked"), [2]);
});

Deno.test("batchNormLayer() uses and keeps the running statistics in evaluation", () => {
  const official = { weight: [2], bias: [1], running_mean: [5], running_var: [4] };
  const layer = layerUnderTest((scope) => batchNormLayer(scope, { channels: 1 }), official);
  const expected = [5, 7].map((x) => 2 * (x - 5) / Math.sqrt(4 + 1e-5) + 1);
  assertClose(layer.apply([5, 7], [1, 1, 1, 2, 1], false), expected);
  assert.deepEqual(["running_mean", "running_var", "num_batches_tracked"].map(layer.values), [[5], [4], [0]]);
});

Deno.test("batchNormLayer() remembers a variance of 0 for a single value", () => {
  const layer = layerUnderTest((scope) => batchNormLayer(scope, { channels: 1 }), {});
  assertClose(layer.apply([7], [1, 1, 1, 1, 1]), [0]);
  assertClose(layer.values("running_var"), [0.9]);
});

Deno.test("inScope() frees all but the result outside training, and nothing in training", () => {
  const x = tf.ones([2]);
  const compute = (): ReturnType<typeof tf.add> => tf.add(tf.mul(x, 2), 1);
  for (const [training, left] of [[false, 1], [true, 2]] as const) {
    tf.engine().startScope();
    const before = tf.memory().numTensors;
    assert.deepEqual([...inScope({ training }, compute).dataSync()], [3, 3]);
    assert.equal(tf.memory().numTensors - before, left);
    tf.engine().endScope();
  }
  x.dispose();
});
