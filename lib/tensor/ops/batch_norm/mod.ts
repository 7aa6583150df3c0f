/** Batch normalisation: with the batch's own statistics in training, with given ones in evaluation. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor1D } from "../../tf.ts";
import { channelLayout, outputOf } from "../channel_sum/layout.ts";
import { channelGradientSums, channelMoments, normalizeChannels, normGradient } from "./_kernels.ts";
import { sharedBatchNormOp } from "./_shared.ts";
import type { SharedBatch } from "./_shared.ts";
import {
  channelBlock,
  expectChannels,
  gradientFactors,
  plainMoments,
  referenceBatchNorm,
  tokens,
} from "./_statistics.ts";
import type { BatchNormAttributes, BatchNormInputs, ObserveMoments } from "./_statistics.ts";
import { gpuGradientSums, gpuNormalize, gpuNormGradient, gpuStatistics, normLayout } from "./_webgpu.ts";

export type { SharedBatch } from "./_shared.ts";
export type { ObserveMoments } from "./_statistics.ts";

type ScaleShiftInputs = { x: Tensor; scale: Tensor; shift: Tensor };

/** Output, mean `[C]` and biased variance `[C]`. */
const forward = definePrimitive<BatchNormInputs, { epsilon: number }>({
  name: "BatchNorm",
  composite: referenceBatchNorm,
  plain({ x, scale, bias }, { epsilon }) {
    const channels = scale.data.length;
    const { mean, variance } = plainMoments(x);
    const factor = variance.map((value, c) => scale.data[c] / Math.sqrt(value + epsilon));
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i += channels) {
      for (let c = 0; c < channels; c++) data[i + c] = (x.data[i + c] - mean[c]) * factor[c] + bias.data[c];
    }
    return [{ data, shape: x.shape }, ...[mean, variance].map((sums) => channelBlock(sums))];
  },
  simd({ x, scale, bias }, { epsilon }, runtime) {
    const layout = channelLayout(x.shape);
    const { mean, variance } = channelMoments(x, layout, runtime);
    const factor = variance.map((value, c) => scale.data[c] / Math.sqrt(value + epsilon));
    const y = normalizeChannels(x, { mean, scale: factor, shift: bias.data }, { layout, runtime });
    return [y, ...[mean, variance].map((values) => outputOf(values, scale.shape, runtime))];
  },
  webgpu({ x, scale, bias }, { epsilon }, runtime) {
    const services = { layout: normLayout(x), runtime };
    const [mean, variance] = [0, 1].map(() => runtime.output(scale.shape));
    const statistics = { mean, variance, inverse: runtime.scratch(scale.length) };
    gpuStatistics(x, statistics, { ...services, epsilon });
    return [gpuNormalize(x, { statistics, scale, shift: bias }, services), mean, variance];
  },
});

type BatchNormGradientInputs = Record<"dy" | "x" | "scale" | "mean" | "variance", Tensor>;

/** Gradients of x, scale and bias. */
const backward = definePrimitive<BatchNormGradientInputs, { epsilon: number }>({
  name: "BatchNormGradient",
  composite({ dy, x, scale, mean, variance }, { epsilon }) {
    const count = x.size / channelsOf(x);
    const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
    const normalised = tf.mul(tf.sub(x, mean), inverseStd);
    const dBias = tf.sum(tokens(dy), 0), dScale = tf.sum(tokens(tf.mul(dy, normalised)), 0);
    const centred = tf.sub(tf.sub(dy, tf.div(dBias, count)), tf.mul(normalised, tf.div(dScale, count)));
    return [tf.mul(centred, tf.mul(scale, inverseStd)), dScale, dBias];
  },
  plain({ dy, x, scale, mean, variance }, { epsilon }) {
    const channels = scale.data.length;
    const sumDy = new Float64Array(channels), sumDyX = new Float64Array(channels);
    for (let i = 0; i < x.data.length; i += channels) {
      for (let c = 0; c < channels; c++) {
        sumDy[c] += dy.data[i + c];
        sumDyX[c] += dy.data[i + c] * (x.data[i + c] - mean.data[c]);
      }
    }
    const count = x.data.length / channels;
    const { a, b, c, dScale } = gradientFactors({ scale, variance }, { sumDy, sumDyX, count, epsilon });
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i += channels) {
      for (let j = 0; j < channels; j++) {
        data[i + j] = a[j] * dy.data[i + j] + b[j] * (x.data[i + j] - mean.data[j]) + c[j];
      }
    }
    return [{ data, shape: x.shape }, channelBlock(dScale), channelBlock(sumDy)];
  },
  simd({ dy, x, scale, mean, variance }, { epsilon }, runtime) {
    const services = { layout: channelLayout(x.shape), runtime };
    const { sumDy, sumDyX } = channelGradientSums({ dy, x }, mean.data, services);
    const count = x.length / scale.length;
    const { a, b, c, dScale } = gradientFactors({ scale, variance }, { sumDy, sumDyX, count, epsilon });
    const dx = normGradient({ dy, x }, { mean: mean.data, a, b, c }, services);
    return [dx, ...[dScale, sumDy].map((values) => outputOf(values, scale.shape, runtime))];
  },
  webgpu({ dy, x, scale, mean, variance }, { epsilon }, runtime) {
    const known = { scale, mean, spread: variance, isVariance: true, epsilon };
    return gpuNormGradient({ dy, x }, known, { layout: normLayout(x), runtime });
  },
});

function referenceScaleShift({ x, scale, shift }: ScaleShiftInputs): Tensor {
  return tf.add(tf.mul(x, scale), shift);
}

/** y = x·scale + shift per channel. */
const scaleShift = definePrimitive<ScaleShiftInputs, NoAttributes>({
  name: "ScaleShift",
  composite: (inputs) => [referenceScaleShift(inputs)],
  plain({ x, scale, shift }) {
    const channels = scale.data.length;
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i += channels) {
      for (let c = 0; c < channels; c++) data[i + c] = x.data[i + c] * scale.data[c] + shift.data[c];
    }
    return [{ data, shape: x.shape }];
  },
  simd({ x, scale, shift }, _, runtime) {
    const vectors = { mean: new Float32Array(scale.length), scale: scale.data, shift: shift.data };
    return [normalizeChannels(x, vectors, { layout: channelLayout(x.shape), runtime })];
  },
  webgpu: ({ x, scale, shift }, _, runtime) => {
    return [gpuNormalize(x, { scale, shift }, { layout: normLayout(x), runtime })];
  },
});

/** Σ dy and Σ dy·x per channel, both `[C]`. */
const gradientSums = definePrimitive<{ dy: Tensor; x: Tensor }, NoAttributes>({
  name: "ChannelGradientSums",
  composite: ({ dy, x }) => [tf.sum(tokens(dy), 0), tf.sum(tokens(tf.mul(dy, x)), 0)],
  plain({ dy, x }) {
    const channels = x.shape[x.shape.length - 1];
    const sumDy = new Float64Array(channels);
    const sumDyX = new Float64Array(channels);
    for (let i = 0; i < x.data.length; i += channels) {
      for (let c = 0; c < channels; c++) {
        sumDy[c] += dy.data[i + c];
        sumDyX[c] += dy.data[i + c] * x.data[i + c];
      }
    }
    return [sumDy, sumDyX].map((sums) => ({ data: Float32Array.from(sums), shape: [channels] }));
  },
  simd({ dy, x }, _, runtime) {
    const layout = channelLayout(x.shape);
    const { sumDy, sumDyX } = channelGradientSums({ dy, x }, new Float32Array(layout.channels), { layout, runtime });
    return [sumDy, sumDyX].map((sums) => outputOf(sums, [layout.channels], runtime));
  },
  webgpu({ dy, x }, _, runtime) {
    const layout = normLayout(x);
    const [sums, products] = [0, 1].map(() => runtime.output([layout.channels]));
    gpuGradientSums({ dy, x }, { sums, products }, { layout, runtime });
    return [sums, products];
  },
});

/** The training-mode op behind {@linkcode batchNorm}. */
export const batchNormOp = defineOp<BatchNormInputs, BatchNormAttributes>({
  name: "batchNorm",
  differentiable: ["x", "scale", "bias"],
  validate: ({ x, scale, bias }) => expectChannels("batchNorm", x, { scale, bias }),
  reference: (inputs, attributes) => referenceBatchNorm(inputs, attributes)[0],
  forward(inputs, { epsilon, observe }) {
    const [output, mean, variance] = forward(inputs, { epsilon });
    observe?.(mean as Tensor1D, variance as Tensor1D, inputs.x.size / channelsOf(inputs.x));
    return { output, saved: [inputs.x, inputs.scale, mean, variance] };
  },
  backward: (dy, [x, scale, mean, variance], { epsilon }) => backward({ dy, x, scale, mean, variance }, { epsilon }),
});

/** The op behind {@linkcode frozenBatchNorm}: y = x·scale + shift per channel. */
export const scaleShiftOp = defineOp<ScaleShiftInputs, NoAttributes>({
  name: "scaleShift",
  differentiable: ["x", "scale", "shift"],
  validate: ({ x, scale, shift }) => expectChannels("scaleShift", x, { scale, shift }),
  reference: referenceScaleShift,
  forward: (inputs) => ({ output: scaleShift(inputs, {})[0], saved: [inputs.x, inputs.scale] }),
  backward(dy, [x, scale]) {
    const [sumDy, sumDyX] = gradientSums({ dy, x }, {});
    return [scaleShift({ x: dy, scale, shift: tf.zerosLike(scale) }, {})[0], sumDyX, sumDy];
  },
});

/** Scale and bias of a normalisation and its stabiliser. */
export interface NormParameters {
  readonly scale: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;
}

/**
 * Normalises every channel over batch and space with the batch's own statistics.
 *
 * Shapes: x `[…, C]`, scale `[C]`, bias `[C]` → `[…, C]`. Gradients flow through mean and variance.
 *
 * With `shared` the statistics are those of the whole batch of which x is a part, and gradients flow through them to all
 * parts; values are read in between, which a GPU does not allow.
 *
 * @param options `observe` sees the statistics, for running averages
 * @throws {TypeError} when scale or bias do not fit x
 * @see Ioffe and Szegedy 2015, "Batch Normalization"
 */
export function batchNorm(
  x: Tensor,
  { scale, bias, epsilon, observe, shared }: NormParameters & {
    readonly observe?: ObserveMoments;
    readonly shared?: SharedBatch;
  },
): Tensor {
  if (shared) return sharedBatchNormOp({ x, scale, bias }, { epsilon, observe, shared });
  return batchNormOp({ x, scale, bias }, { epsilon, observe });
}

/** scale/√(variance + ε) and bias − mean·that: normalisation as one scale and shift. */
function foldStatistics(
  { scale, bias, mean, variance }: Record<"scale" | "bias" | "mean" | "variance", Tensor>,
  epsilon: number,
): { scale: Tensor; shift: Tensor } {
  const folded = tf.div(scale, tf.sqrt(tf.add(variance, epsilon)));
  return { scale: folded, shift: tf.sub(bias, tf.mul(mean, folded)) };
}

/**
 * Normalises every channel with given statistics, as batch normalisation does in evaluation.
 *
 * Shapes: x `[…, C]`, the others `[C]` → `[…, C]`.
 *
 * @throws {TypeError} when a vector does not fit x
 */
export function frozenBatchNorm(
  x: Tensor,
  { scale, bias, epsilon, mean, variance }: NormParameters & { readonly mean: Tensor; readonly variance: Tensor },
): Tensor {
  expectChannels("frozenBatchNorm", x, { scale, bias, mean, variance });
  return scaleShiftOp({ x, ...foldStatistics({ scale, bias, mean, variance }, epsilon) }, {});
}
