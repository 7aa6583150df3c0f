/** Batch normalisation: with the batch's own statistics in training, with given ones in evaluation. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor1D } from "../../tf.ts";

type BatchNormInputs = { x: Tensor; scale: Tensor; bias: Tensor };
type BatchNormAttributes = { epsilon: number; observe?: ObserveMoments };
/** Receives the batch's mean and biased variance, both `[C]`, which are disposed after the call. */
export type ObserveMoments = (mean: Tensor1D, variance: Tensor1D, count: number) => void;
type ScaleShiftInputs = { x: Tensor; scale: Tensor; shift: Tensor };

function tokens(x: Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, channelsOf(x)]);
}

function referenceMoments(x: Tensor): Tensor[] {
  const mean = tf.mean(tokens(x), 0);
  return [mean, tf.mean(tf.square(tf.sub(tokens(x), mean)), 0)];
}

/** x `[…, C]` → mean `[C]` and biased variance `[C]` over everything but the channels. */
const channelMoments = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "ChannelMoments",
  composite: ({ x }) => referenceMoments(x),
  plain({ x }) {
    const channels = x.shape[x.shape.length - 1];
    const count = x.data.length / channels;
    const mean = new Float64Array(channels);
    const variance = new Float64Array(channels);
    for (let i = 0; i < x.data.length; i += channels) {
      for (let c = 0; c < channels; c++) mean[c] += x.data[i + c];
    }
    for (let c = 0; c < channels; c++) mean[c] /= count;
    for (let i = 0; i < x.data.length; i += channels) {
      for (let c = 0; c < channels; c++) variance[c] += (x.data[i + c] - mean[c]) ** 2;
    }
    for (let c = 0; c < channels; c++) variance[c] /= count;
    return [mean, variance].map((sums) => ({ data: Float32Array.from(sums), shape: [channels] }));
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
});

/** out = a·u + b·v + c per channel, with a, b, c `[C]`. */
const combine = definePrimitive<{ u: Tensor; v: Tensor; a: Tensor; b: Tensor; c: Tensor }, NoAttributes>({
  name: "ChannelCombine",
  composite: ({ u, v, a, b, c }) => [tf.add(tf.add(tf.mul(u, a), tf.mul(v, b)), c)],
  plain({ u, v, a, b, c }) {
    const channels = a.data.length;
    const data = new Float32Array(u.data.length);
    for (let i = 0; i < data.length; i += channels) {
      for (let j = 0; j < channels; j++) {
        data[i + j] = a.data[j] * u.data[i + j] + b.data[j] * v.data[i + j] + c.data[j];
      }
    }
    return [{ data, shape: u.shape }];
  },
});

function expectChannels(op: string, x: Tensor, vectors: Record<string, Tensor>): void {
  for (const [name, vector] of Object.entries(vectors)) {
    expectShape(op, name, { actual: shapeOf(vector), expected: [channelsOf(x)] });
  }
}

/** scale/√(variance + ε) and bias − mean·that: normalisation as one scale and shift. */
function foldStatistics(
  { scale, bias, mean, variance }: Record<"scale" | "bias" | "mean" | "variance", Tensor>,
  epsilon: number,
): { scale: Tensor; shift: Tensor } {
  const folded = tf.div(scale, tf.sqrt(tf.add(variance, epsilon)));
  return { scale: folded, shift: tf.sub(bias, tf.mul(mean, folded)) };
}

/** The training-mode op behind {@linkcode batchNorm}. */
export const batchNormOp = defineOp<BatchNormInputs, BatchNormAttributes>({
  name: "batchNorm",
  differentiable: ["x", "scale", "bias"],
  validate: ({ x, scale, bias }) => expectChannels("batchNorm", x, { scale, bias }),
  reference({ x, scale, bias }, { epsilon }) {
    const [mean, variance] = referenceMoments(x);
    return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon))), scale), bias);
  },
  forward({ x, scale, bias }, { epsilon, observe }) {
    const [mean, variance] = channelMoments({ x }, {});
    observe?.(mean as Tensor1D, variance as Tensor1D, x.size / channelsOf(x));
    const folded = foldStatistics({ scale, bias, mean, variance }, epsilon);
    return { output: scaleShift({ x, ...folded }, {})[0], saved: [x, scale, mean, variance] };
  },
  backward(dy, [x, scale, mean, variance], { epsilon }) {
    const count = x.size / channelsOf(x);
    const [sumDy, sumDyX] = gradientSums({ dy, x }, {});
    const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
    const dScale = tf.mul(inverseStd, tf.sub(sumDyX, tf.mul(mean, sumDy)));
    // dx = a·dy + b·x + c, where b and c carry the gradient through variance and mean.
    const a = tf.mul(scale, inverseStd);
    const b = tf.div(tf.neg(tf.mul(tf.mul(a, inverseStd), dScale)), count);
    const c = tf.neg(tf.add(tf.div(tf.mul(a, sumDy), count), tf.mul(b, mean)));
    return [combine({ u: dy, v: x, a, b, c }, {})[0], dScale, sumDy];
  },
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
 * @param options `observe` sees the statistics, for running averages
 * @throws {TypeError} when scale or bias do not fit x
 * @see Ioffe and Szegedy 2015, "Batch Normalization"
 */
export function batchNorm(
  x: Tensor,
  { scale, bias, epsilon, observe }: NormParameters & { readonly observe?: ObserveMoments },
): Tensor {
  return batchNormOp({ x, scale, bias }, { epsilon, observe });
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
