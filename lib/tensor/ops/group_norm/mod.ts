/** Group normalisation; with as many groups as channels it is instance normalisation. */
import { formatShape } from "../../../errors.ts";
import { defineOp, definePrimitive } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { channelGradientSums, channelMoments, normalizeChannels, normGradient } from "../batch_norm/_kernels.ts";
import { gpuNormalize, gpuNormGradient, gpuStatistics, normLayout } from "../batch_norm/_webgpu.ts";
import { channelLayout, outputOf } from "../channel_sum/layout.ts";
import type { ChannelLayout } from "../channel_sum/layout.ts";

type GroupNormInputs = { x: Tensor; scale: Tensor; bias: Tensor };
/** What follows the normalisation; fused, so that the normalised tensor itself is never stored. */
export type NormActivation = "none" | "relu";
type GroupNormAttributes = { groups: number; epsilon: number; activation?: NormActivation };

/** x `[B, …, C]` → `[B, S, G, C/G]`. */
function grouped(x: Tensor, groups: number): Tensor {
  return tf.reshape(x, [shapeOf(x)[0], -1, groups, channelsOf(x) / groups]);
}

/** Output, and for every group of every sample mean and 1/√(variance + ε), both `[B, G]`. */
function composite(
  { x, scale, bias }: GroupNormInputs,
  { groups, epsilon, activation }: GroupNormAttributes,
): Tensor[] {
  const values = grouped(x, groups);
  const mean = tf.mean(values, [1, 3], true);
  const centred = tf.sub(values, mean);
  const std = tf.sqrt(tf.add(tf.mean(tf.square(centred), [1, 3], true), epsilon));
  const linear = tf.add(tf.mul(tf.reshape(tf.div(centred, std), shapeOf(x)), scale), bias);
  const statistics = [mean, tf.reciprocal(std)].map((values) => tf.reshape(values, [shapeOf(x)[0], groups]));
  return [activation === "relu" ? tf.relu(linear) : linear, ...statistics];
}

const forward = definePrimitive<GroupNormInputs, GroupNormAttributes>({
  name: "GroupNorm",
  composite,
  plain({ x, scale, bias }, { groups, epsilon, activation }) {
    const data = new Float32Array(x.data.length);
    const means: number[] = [], inverseStds: number[] = [];
    forEachGroup(x.shape, groups, (group) => {
      const { mean, inverseStd } = groupMoments(x.data, group, epsilon);
      means.push(mean), inverseStds.push(inverseStd);
      forEachValue(group, (i, c) => data[i] = (x.data[i] - mean) * inverseStd * scale.data[c] + bias.data[c]);
    });
    if (activation === "relu") { for (let i = 0; i < data.length; i++) data[i] = Math.max(0, data[i]); }
    const statistics = [means, inverseStds].map((values) => Float32Array.from(values));
    return [{ data, shape: x.shape }, ...statistics.map((data) => ({ data, shape: [x.shape[0], groups] }))];
  },
  simd({ x, scale, bias }, { groups, epsilon, activation }, runtime) {
    const layout = channelLayout(x.shape, { samples: x.shape[0] });
    const { mean, inverseStd } = momentsOfGroups(channelMoments(x, layout, runtime), layout, { groups, epsilon });
    const expanded = expandGroups({ mean, inverseStd }, layout, groups);
    const factor = new Float64Array(expanded.mean.length), shift = new Float64Array(expanded.mean.length);
    forEachChannel(layout, (i, c) => (factor[i] = expanded.inverseStd[i] * scale.data[c], shift[i] = bias.data[c]));
    const vectors = { mean: expanded.mean, scale: factor, shift, rectify: activation === "relu" };
    const y = normalizeChannels(x, vectors, { layout, runtime });
    return [y, ...[mean, inverseStd].map((values) => outputOf(values, [x.shape[0], groups], runtime))];
  },
  webgpu({ x, scale, bias }, { groups, epsilon, activation }, runtime) {
    const services = { layout: normLayout(x, { samples: x.shape[0], groups }), runtime };
    const [mean, inverse] = [0, 1].map(() => runtime.output([x.shape[0], groups]));
    gpuStatistics(x, { mean, inverse, variance: runtime.scratch(mean.length) }, { ...services, epsilon });
    const normalisation = { statistics: { mean, inverse }, scale, shift: bias, rectify: activation === "relu" };
    return [gpuNormalize(x, normalisation, services), mean, inverse];
  },
});

interface GradientInputs extends Record<"dy" | "x" | "scale" | "mean" | "inverseStd", Tensor> {
  /** The output, where a ReLU was fused: dy counts only where it is positive. */
  y: Tensor | undefined;
}

/** Gradients of x, scale and bias. */
const backward = definePrimitive<GradientInputs, { groups: number }>({
  name: "GroupNormGradient",
  composite({ dy, x, y, scale, mean, inverseStd }, { groups }) {
    const masked = y ? tf.mul(dy, tf.step(y)) : dy;
    const [means, factors] = [mean, inverseStd].map((values) => tf.reshape(values, [shapeOf(x)[0], 1, groups, 1]));
    const normalised = tf.mul(tf.sub(grouped(x, groups), means), factors);
    const g = grouped(tf.mul(masked, scale), groups);
    const projection = tf.mul(normalised, tf.mean(tf.mul(g, normalised), [1, 3], true));
    const dx = tf.mul(tf.sub(tf.sub(g, tf.mean(g, [1, 3], true)), projection), factors);
    const rows = [-1, channelsOf(x)];
    const dScale = tf.sum(tf.mul(tf.reshape(masked, rows), tf.reshape(normalised, rows)), 0);
    return [tf.reshape(dx, shapeOf(x)), dScale, tf.sum(tf.reshape(masked, rows), 0)];
  },
  plain({ dy, x, y, scale, mean: means, inverseStd: inverseStds }, { groups }) {
    const dx = new Float32Array(x.data.length);
    const dScale = new Float64Array(scale.data.length);
    const dBias = new Float64Array(scale.data.length);
    const gradient = (i: number): number => !y || y.data[i] > 0 ? dy.data[i] : 0;
    forEachGroup(x.shape, groups, (group) => {
      const mean = means.data[group.index], inverseStd = inverseStds.data[group.index];
      let meanG = 0, meanGx = 0, count = 0;
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        const g = gradient(i) * scale.data[c];
        meanG += g, meanGx += g * normalised, count++;
        dScale[c] += gradient(i) * normalised, dBias[c] += gradient(i);
      });
      meanG /= count, meanGx /= count;
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        dx[i] = inverseStd * (gradient(i) * scale.data[c] - meanG - normalised * meanGx);
      });
    });
    return [
      { data: dx, shape: x.shape },
      { data: Float32Array.from(dScale), shape: scale.shape },
      { data: Float32Array.from(dBias), shape: scale.shape },
    ];
  },
  simd({ dy, x, y, scale, mean, inverseStd }, { groups }, runtime) {
    const layout = channelLayout(x.shape, { samples: x.shape[0] });
    const services = { layout, runtime };
    const expanded = expandGroups({ mean: mean.data, inverseStd: inverseStd.data }, layout, groups);
    const sums = channelGradientSums({ dy, x, y }, expanded.mean, services);
    const factors = gradientFactors({ ...sums, scale: scale.data, inverseStd: expanded.inverseStd }, layout, groups);
    const dx = normGradient({ dy, x, y }, { mean: expanded.mean, ...factors }, services);
    const dScale = new Float64Array(layout.channels), dBias = new Float64Array(layout.channels);
    forEachChannel(layout, (i, c) => {
      dScale[c] += sums.sumDyX[i] * expanded.inverseStd[i];
      dBias[c] += sums.sumDy[i];
    });
    return [dx, ...[dScale, dBias].map((values) => outputOf(values, scale.shape, runtime))];
  },
  webgpu({ dy, x, y, scale, mean, inverseStd }, { groups }, runtime) {
    const known = { scale, mean, spread: inverseStd, isVariance: false };
    const layout = normLayout(x, { samples: x.shape[0], groups });
    return gpuNormGradient({ dy, x, y }, known, { layout, runtime });
  },
});

/** Mean and 1/√(variance + ε) `[samples, groups]` of the channels' own moments. */
function momentsOfGroups(
  { mean, variance }: { mean: Float64Array; variance: Float64Array },
  { samples, channels }: ChannelLayout,
  { groups, epsilon }: { groups: number; epsilon: number },
): { mean: Float64Array; inverseStd: Float64Array } {
  const width = channels / groups;
  const means = new Float64Array(samples * groups), inverseStds = new Float64Array(samples * groups);
  for (let g = 0; g < means.length; g++) {
    let sum = 0, squares = 0;
    for (let i = g * width; i < (g + 1) * width; i++) sum += mean[i];
    means[g] = sum / width;
    for (let i = g * width; i < (g + 1) * width; i++) squares += variance[i] + (mean[i] - means[g]) ** 2;
    inverseStds[g] = 1 / Math.sqrt(squares / width + epsilon);
  }
  return { mean: means, inverseStd: inverseStds };
}

/** Values of groups for each of their channels: `[samples, channels]`. */
function expandGroups(
  { mean, inverseStd }: Record<"mean" | "inverseStd", ArrayLike<number>>,
  { samples, channels }: ChannelLayout,
  groups: number,
): { mean: Float64Array; inverseStd: Float64Array } {
  const width = channels / groups;
  const [means, inverseStds] = [mean, inverseStd].map((values) => {
    const expanded = new Float64Array(samples * channels);
    for (let g = 0; g < values.length; g++) expanded.fill(values[g], g * width, (g + 1) * width);
    return expanded;
  });
  return { mean: means, inverseStd: inverseStds };
}

/** Visits every channel of every sample: its place in `[samples, channels]`, and its number. */
function forEachChannel({ samples, channels }: ChannelLayout, visit: (i: number, c: number) => void): void {
  for (let sample = 0, i = 0; sample < samples; sample++) {
    for (let c = 0; c < channels; c++, i++) visit(i, c);
  }
}

/**
 * dx = a·dy + b·(x − mean) + c per channel of a sample, where b and c carry the gradient through the group's statistics.
 *
 * Takes scale `[channels]`, the others `[samples, channels]`.
 */
function gradientFactors(
  { sumDy, sumDyX, scale, inverseStd }: {
    sumDy: Float64Array;
    sumDyX: Float64Array;
    scale: Float32Array;
    inverseStd: Float64Array;
  },
  layout: ChannelLayout,
  groups: number,
): Record<"a" | "b" | "c", Float64Array> {
  const width = layout.channels / groups, count = layout.length / groups;
  const [a, b, c] = [0, 1, 2].map(() => new Float64Array(inverseStd.length));
  const sumG = new Float64Array(inverseStd.length / width), sumGx = new Float64Array(sumG.length);
  forEachChannel(layout, (i, channel) => {
    const g = Math.floor(i / width);
    sumG[g] += scale[channel] * sumDy[i];
    sumGx[g] += scale[channel] * sumDyX[i];
    a[i] = scale[channel] * inverseStd[i];
  });
  for (let g = 0; g < sumG.length; g++) {
    const first = g * width, factor = inverseStd[first];
    b.fill(-(factor ** 3) * sumGx[g] / count, first, first + width);
    c.fill(-factor * sumG[g] / count, first, first + width);
  }
  return { a, b, c };
}

/** One sample's share of channels: values lie at start + row·channels + [0, width). */
interface Group {
  /** Place in `[samples, groups]`. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly channels: number;
  readonly firstChannel: number;
  readonly width: number;
}

function forEachGroup(shape: readonly number[], groups: number, visit: (group: Group) => void): void {
  const channels = shape[shape.length - 1];
  const sample = shape.slice(1).reduce((product, size) => product * size, 1);
  const width = channels / groups;
  for (let b = 0; b < shape[0]; b++) {
    for (let g = 0; g < groups; g++) {
      const range = { start: b * sample + g * width, end: (b + 1) * sample };
      visit({ index: b * groups + g, ...range, channels, firstChannel: g * width, width });
    }
  }
}

function forEachValue(
  { start, end, channels, firstChannel, width }: Group,
  visit: (i: number, c: number) => void,
): void {
  for (let row = start; row < end; row += channels) {
    for (let c = 0; c < width; c++) visit(row + c, firstChannel + c);
  }
}

function groupMoments(
  x: Float32Array,
  group: Group,
  epsilon: number,
): { mean: number; inverseStd: number } {
  let sum = 0, squares = 0, count = 0;
  forEachValue(group, (i) => (sum += x[i], count++));
  const mean = sum / count;
  forEachValue(group, (i) => squares += (x[i] - mean) ** 2);
  return { mean, inverseStd: 1 / Math.sqrt(squares / count + epsilon) };
}

/** The op behind {@linkcode groupNorm}. */
export const groupNormOp = defineOp<GroupNormInputs, GroupNormAttributes>({
  name: "groupNorm",
  differentiable: ["x", "scale", "bias"],
  validate({ x, scale, bias }, { groups }) {
    const channels = channelsOf(x);
    expectShape("groupNorm", "scale", { actual: shapeOf(scale), expected: [channels] });
    expectShape("groupNorm", "bias", { actual: shapeOf(bias), expected: [channels] });
    if (channels % groups !== 0) {
      const shape = formatShape(shapeOf(x));
      throw new RangeError(
        `Cannot apply groupNorm: expected channels divisible by ${groups} groups, got x of shape ${shape}`,
      );
    }
  },
  reference: (inputs, attributes) => composite(inputs, attributes)[0],
  forward(inputs, attributes) {
    const [output, mean, inverseStd] = forward(inputs, attributes);
    const rectified = attributes.activation === "relu" ? [output] : [];
    return { output, saved: [inputs.x, inputs.scale, mean, inverseStd, ...rectified] };
  },
  backward(dy, [x, scale, mean, inverseStd, y], { groups }) {
    return backward({ dy, x, y, scale, mean, inverseStd }, { groups });
  },
});

/**
 * Normalises every sample over space and groups of channels, then scales and shifts per channel.
 *
 * Shapes: x `[B, …, C]`, scale `[C]`, bias `[C]` → `[B, …, C]`; biased variance.
 *
 * @param options `activation` "relu" applies ReLU in the same pass: cheaper than a ReLU of its own, and a gradient then
 * keeps one tensor less
 * @throws {TypeError | RangeError} when scale or bias do not fit x, or the groups do not divide its channels
 * @see Wu and He 2018, "Group Normalization"
 */
export function groupNorm(
  x: Tensor,
  { scale, bias, groups, epsilon, activation = "none" }: {
    readonly scale: Tensor;
    readonly bias: Tensor;
    readonly groups: number;
    readonly epsilon: number;
    readonly activation?: NormActivation;
  },
): Tensor {
  return groupNormOp({ x, scale, bias }, { groups, epsilon, activation });
}
