/** Group normalisation; with as many groups as channels, and without scale and bias, it is instance normalisation. */
import { formatShape } from "../../../errors.ts";
import { defineOp, definePrimitive } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { channelGradientSums, channelMoments, normalizeChannels, normGradient } from "../batch_norm/_kernels.ts";
import { gpuNormalize, gpuNormGradient, gpuStatistics, normLayout } from "../batch_norm/_webgpu.ts";
import { channelLayout, outputOf } from "../channel_sum/layout.ts";
import type { ChannelLayout } from "../channel_sum/layout.ts";
import { bend, LEAKY_SLOPE } from "../leaky_relu/mod.ts";
import { forEachGroup, forEachValue, groupMoments } from "./_plain.ts";

interface GroupNormInputs {
  x: Tensor;
  scale: Tensor | undefined;
  bias: Tensor | undefined;
}
/** What follows the normalisation; fused, so that the normalised tensor itself is never stored. */
export type NormActivation = "none" | "relu" | "leakyRelu";
type GroupNormAttributes = { groups: number; epsilon: number; activation?: NormActivation };

/** What each activation multiplies negative values by. */
const SLOPES: Readonly<Record<NormActivation, number>> = { none: 1, relu: 0, leakyRelu: LEAKY_SLOPE };

/** x `[B, …, C]` → `[B, S, G, C/G]`. */
function grouped(x: Tensor, groups: number): Tensor {
  return tf.reshape(x, [shapeOf(x)[0], -1, groups, channelsOf(x) / groups]);
}

/** Output, and for every group of every sample mean and 1/√(variance + ε), both `[B, G]`. */
function composite(
  { x, scale, bias }: GroupNormInputs,
  { groups, epsilon, activation = "none" }: GroupNormAttributes,
): Tensor[] {
  const values = grouped(x, groups);
  const mean = tf.mean(values, [1, 3], true);
  const centred = tf.sub(values, mean);
  const std = tf.sqrt(tf.add(tf.mean(tf.square(centred), [1, 3], true), epsilon));
  const normalised = tf.reshape(tf.div(centred, std), shapeOf(x));
  const linear = scale && bias ? tf.add(tf.mul(normalised, scale), bias) : normalised;
  const statistics = [mean, tf.reciprocal(std)].map((values) => tf.reshape(values, [shapeOf(x)[0], groups]));
  return [activation === "none" ? linear : bend(linear, SLOPES[activation]), ...statistics];
}

const forward = definePrimitive<GroupNormInputs, GroupNormAttributes>({
  name: "GroupNorm",
  composite,
  plain({ x, scale, bias }, { groups, epsilon, activation = "none" }) {
    const data = new Float32Array(x.data.length);
    const means: number[] = [], inverseStds: number[] = [];
    forEachGroup(x.shape, groups, (group) => {
      const { mean, inverseStd } = groupMoments(x.data, group, epsilon);
      means.push(mean), inverseStds.push(inverseStd);
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        const value = scale && bias ? normalised * scale.data[c] + bias.data[c] : normalised;
        data[i] = value < 0 ? value * SLOPES[activation] : value;
      });
    });
    const statistics = [means, inverseStds].map((values) => Float32Array.from(values));
    return [{ data, shape: x.shape }, ...statistics.map((data) => ({ data, shape: [x.shape[0], groups] }))];
  },
  simd({ x, scale, bias }, { groups, epsilon, activation = "none" }, runtime) {
    const layout = channelLayout(x.shape, { samples: x.shape[0] });
    const { mean, inverseStd } = momentsOfGroups(channelMoments(x, layout, runtime), layout, { groups, epsilon });
    const expanded = expandGroups({ mean, inverseStd }, layout, groups);
    const factor = new Float64Array(expanded.mean.length), shift = new Float64Array(expanded.mean.length);
    forEachChannel(layout, (i, c) => {
      factor[i] = expanded.inverseStd[i] * (scale ? scale.data[c] : 1);
      if (bias) shift[i] = bias.data[c];
    });
    const vectors = { mean: expanded.mean, scale: factor, shift, slope: SLOPES[activation] };
    const y = normalizeChannels(x, vectors, { layout, runtime });
    return [y, ...[mean, inverseStd].map((values) => outputOf(values, [x.shape[0], groups], runtime))];
  },
  webgpu({ x, scale, bias }, { groups, epsilon, activation = "none" }, runtime) {
    const services = { layout: normLayout(x, { samples: x.shape[0], groups }), runtime };
    const [mean, inverse] = [0, 1].map(() => runtime.output([x.shape[0], groups]));
    gpuStatistics(x, { mean, inverse, variance: runtime.scratch(mean.length) }, { ...services, epsilon });
    const normalisation = { statistics: { mean, inverse }, scale, shift: bias, slope: SLOPES[activation] };
    return [gpuNormalize(x, normalisation, services), mean, inverse];
  },
  cut: { along: "samples", of: ["x"] },
});

interface GradientInputs extends Record<"dy" | "x" | "mean" | "inverseStd", Tensor> {
  scale: Tensor | undefined;
  /** The output, where an activation was fused: its sign tells how much of dy counts. */
  y: Tensor | undefined;
}

/** `slope` is what dy is multiplied by where y is not positive. */
type GradientAttributes = { groups: number; slope: number };

/** Gradients of x, and of scale and bias if there is a scale. */
const backward = definePrimitive<GradientInputs, GradientAttributes>({
  name: "GroupNormGradient",
  composite({ dy, x, y, scale, mean, inverseStd }, { groups, slope }) {
    const masked = y ? tf.mul(dy, tf.step(y, slope)) : dy;
    const [means, factors] = [mean, inverseStd].map((values) => tf.reshape(values, [shapeOf(x)[0], 1, groups, 1]));
    const normalised = tf.mul(tf.sub(grouped(x, groups), means), factors);
    const g = grouped(scale ? tf.mul(masked, scale) : masked, groups);
    const projection = tf.mul(normalised, tf.mean(tf.mul(g, normalised), [1, 3], true));
    const dx = tf.mul(tf.sub(tf.sub(g, tf.mean(g, [1, 3], true)), projection), factors);
    if (!scale) return [tf.reshape(dx, shapeOf(x))];
    const rows = [-1, channelsOf(x)];
    const dScale = tf.sum(tf.mul(tf.reshape(masked, rows), tf.reshape(normalised, rows)), 0);
    return [tf.reshape(dx, shapeOf(x)), dScale, tf.sum(tf.reshape(masked, rows), 0)];
  },
  plain({ dy, x, y, scale, mean: means, inverseStd: inverseStds }, { groups, slope }) {
    const dx = new Float32Array(x.data.length);
    const channels = x.shape[x.shape.length - 1];
    const dScale = new Float64Array(channels), dBias = new Float64Array(channels);
    const gradient = (i: number): number => !y || y.data[i] > 0 ? dy.data[i] : slope * dy.data[i];
    const scaleOf = (c: number): number => scale ? scale.data[c] : 1;
    forEachGroup(x.shape, groups, (group) => {
      const mean = means.data[group.index], inverseStd = inverseStds.data[group.index];
      let meanG = 0, meanGx = 0, count = 0;
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        const g = gradient(i) * scaleOf(c);
        meanG += g, meanGx += g * normalised, count++;
        dScale[c] += gradient(i) * normalised, dBias[c] += gradient(i);
      });
      meanG /= count, meanGx /= count;
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        dx[i] = inverseStd * (gradient(i) * scaleOf(c) - meanG - normalised * meanGx);
      });
    });
    const sums = scale ? [dScale, dBias] : [];
    return [
      { data: dx, shape: x.shape },
      ...sums.map((values) => ({ data: Float32Array.from(values), shape: [channels] })),
    ];
  },
  simd({ dy, x, y, scale, mean, inverseStd }, { groups, slope }, runtime) {
    const layout = channelLayout(x.shape, { samples: x.shape[0] });
    const services = { layout, runtime };
    const expanded = expandGroups({ mean: mean.data, inverseStd: inverseStd.data }, layout, groups);
    const sums = channelGradientSums({ dy, x, y, slope }, expanded.mean, services);
    const scales = scale?.data ?? new Float32Array(layout.channels).fill(1);
    const factors = gradientFactors({ ...sums, scale: scales, inverseStd: expanded.inverseStd }, layout, groups);
    const dx = normGradient({ dy, x, y, slope }, { mean: expanded.mean, ...factors }, services);
    if (!scale) return [dx];
    const dScale = new Float64Array(layout.channels), dBias = new Float64Array(layout.channels);
    forEachChannel(layout, (i, c) => {
      dScale[c] += sums.sumDyX[i] * expanded.inverseStd[i];
      dBias[c] += sums.sumDy[i];
    });
    return [dx, ...[dScale, dBias].map((values) => outputOf(values, scale.shape, runtime))];
  },
  webgpu({ dy, x, y, scale, mean, inverseStd }, { groups, slope }, runtime) {
    const known = { scale, mean, spread: inverseStd, isVariance: false };
    const layout = normLayout(x, { samples: x.shape[0], groups });
    return gpuNormGradient({ dy, x, y, slope }, known, { layout, runtime });
  },
  cut: { along: "samples", of: ["dy", "x", "y", "mean", "inverseStd"], sums: [1, 2] },
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

/** The op behind {@linkcode groupNorm}. */
export const groupNormOp = defineOp<GroupNormInputs, GroupNormAttributes>({
  name: "groupNorm",
  differentiable: ["x", "scale", "bias"],
  validate({ x, scale, bias }, { groups }) {
    const channels = channelsOf(x);
    if (scale && bias) {
      expectShape("groupNorm", "scale", { actual: shapeOf(scale), expected: [channels] });
      expectShape("groupNorm", "bias", { actual: shapeOf(bias), expected: [channels] });
    } else if (scale || bias) {
      throw new TypeError(
        `Cannot apply groupNorm: expected both scale and bias, got ${scale ? "scale" : "bias"} alone`,
      );
    }
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
    const scale = inputs.scale ? [inputs.scale] : [];
    return { output, saved: [inputs.x, mean, inverseStd, ...(isBent(attributes) ? [output] : []), ...scale] };
  },
  backward(dy, [x, mean, inverseStd, ...more], attributes) {
    const y = isBent(attributes) ? more.shift() : undefined;
    const { groups, activation = "none" } = attributes;
    return backward({ dy, x, y, scale: more[0], mean, inverseStd }, { groups, slope: SLOPES[activation] });
  },
});

/** True where an activation follows: the gradient then needs the output. */
function isBent({ activation = "none" }: GroupNormAttributes): boolean {
  return activation !== "none";
}

/**
 * Normalises every sample over space and groups of channels, then scales and shifts per channel.
 *
 * With as many groups as channels and neither scale nor bias it is PyTorch's InstanceNorm.
 *
 * Shapes: x `[B, …, C]`, scale `[C]`, bias `[C]` → `[B, …, C]`; biased variance.
 *
 * @param options `scale` and `bias` come together or not at all; `activation` "relu", or "leakyRelu" of slope 0.01, is
 * applied in the same pass: cheaper than one of its own, and a gradient then keeps one tensor less
 * @throws {TypeError | RangeError} when scale or bias do not fit x or come alone, or the groups do not divide its channels
 * @see Wu and He 2018, "Group Normalization"; Ulyanov et al. 2016, "Instance Normalization"
 */
export function groupNorm(
  x: Tensor,
  { scale, bias, groups, epsilon, activation = "none" }: {
    readonly scale?: Tensor;
    readonly bias?: Tensor;
    readonly groups: number;
    readonly epsilon: number;
    readonly activation?: NormActivation;
  },
): Tensor {
  return groupNormOp({ x, scale, bias }, { groups, epsilon, activation });
}
