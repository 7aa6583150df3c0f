/** Batch normalisation over a batch that is spread over several ranks. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { channelLayout, outputOf } from "../channel_sum/layout.ts";
import { channelGradientSums, channelMoments, normalizeChannels, normGradient } from "./_kernels.ts";
import {
  channelBlock,
  expectChannels,
  gradientFactors,
  plainMoments,
  referenceBatchNorm,
  referenceMoments,
  tokens,
} from "./_statistics.ts";
import type { BatchNormAttributes, BatchNormInputs } from "./_statistics.ts";

/** Mean and biased variance, both `[C]`. */
const moments = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "ChannelMoments",
  composite: ({ x }) => referenceMoments(x),
  plain({ x }) {
    const { mean, variance } = plainMoments(x);
    return [mean, variance].map((values) => channelBlock(values));
  },
  simd({ x }, _, runtime) {
    const { mean, variance } = channelMoments(x, channelLayout(x.shape), runtime);
    return [mean, variance].map((values) => outputOf(values, [values.length], runtime));
  },
});

type NormalizeInputs = Record<"x" | "mean" | "factor" | "shift", Tensor>;

/** y = (x − mean)·factor + shift per channel. */
const normalize = definePrimitive<NormalizeInputs, NoAttributes>({
  name: "NormalizeChannels",
  composite: ({ x, mean, factor, shift }) => [tf.add(tf.mul(tf.sub(x, mean), factor), shift)],
  simd({ x, mean, factor, shift }, _, runtime) {
    const vectors = { mean: mean.data, scale: factor.data, shift: shift.data };
    return [normalizeChannels(x, vectors, { layout: channelLayout(x.shape), runtime })];
  },
});

/** Σ dy and Σ dy·(x − mean) per channel, both `[C]`. */
const centredGradientSums = definePrimitive<Record<"dy" | "x" | "mean", Tensor>, NoAttributes>({
  name: "CentredGradientSums",
  composite: ({ dy, x, mean }) => [tf.sum(tokens(dy), 0), tf.sum(tokens(tf.mul(dy, tf.sub(x, mean))), 0)],
  simd({ dy, x, mean }, _, runtime) {
    const layout = channelLayout(x.shape);
    const { sumDy, sumDyX } = channelGradientSums({ dy, x }, mean.data, { layout, runtime });
    return [sumDy, sumDyX].map((sums) => outputOf(sums, [layout.channels], runtime));
  },
});

/** dx = a·dy + b·(x − mean) + c per channel. */
const channelGradient = definePrimitive<Record<"dy" | "x" | "mean" | "a" | "b" | "c", Tensor>, NoAttributes>({
  name: "ChannelGradient",
  composite: ({ dy, x, mean, a, b, c }) => [tf.add(tf.add(tf.mul(dy, a), tf.mul(tf.sub(x, mean), b)), c)],
  simd({ dy, x, mean, a, b, c }, _, runtime) {
    const vectors = { mean: mean.data, a: a.data, b: b.data, c: c.data };
    return [normGradient({ dy, x }, vectors, { layout: channelLayout(x.shape), runtime })];
  },
});

/** A batch that is spread over several ranks, as seen from one of them. */
export interface SharedBatch {
  /** Replaces the values by their sums over all ranks. */
  allReduceSum(values: Float64Array): void;
  /** False where this rank has none of the batch and computes along with a stand-in, which must not count. */
  readonly counts: boolean;
}

type SharedBatchNormAttributes = BatchNormAttributes & { shared: SharedBatch };

/**
 * Statistics of the whole batch from those of its parts, and its number of positions.
 *
 * Chan et al. 1983: squares around a part's own mean, and that mean's distance from the whole one's.
 */
function sharedMoments(
  [mean, variance]: readonly ArrayLike<number>[],
  { positions, shared }: { positions: number; shared: SharedBatch },
): { mean: Float64Array; variance: Float64Array; count: number } {
  const channels = mean.length;
  const own = shared.counts ? positions : 0;
  const sums = new Float64Array(channels + 1);
  sums[channels] = own;
  if (shared.counts) { for (let c = 0; c < channels; c++) sums[c] = own * mean[c]; }
  shared.allReduceSum(sums);
  const count = sums[channels];
  const whole = sums.subarray(0, channels).map((sum) => sum / count);
  const squares = new Float64Array(channels);
  if (shared.counts) {
    for (let c = 0; c < channels; c++) squares[c] = own * (variance[c] + (mean[c] - whole[c]) ** 2);
  }
  shared.allReduceSum(squares);
  return { mean: whole, variance: squares.map((sum) => sum / count), count };
}

/** The training-mode op over all parts of a shared batch. */
export const sharedBatchNormOp = defineOp<BatchNormInputs, SharedBatchNormAttributes>({
  name: "batchNorm",
  differentiable: ["x", "scale", "bias"],
  validate: ({ x, scale, bias }) => expectChannels("batchNorm", x, { scale, bias }),
  reference: (inputs, attributes) => referenceBatchNorm(inputs, attributes)[0],
  forward({ x, scale, bias }, { epsilon, observe, shared }) {
    const own = moments({ x }, {});
    const positions = x.size / channelsOf(x);
    const whole = sharedMoments(own.map((tensor) => tensor.dataSync()), { positions, shared });
    tf.dispose(own);
    const [mean, variance] = [whole.mean, whole.variance].map((values) => tf.tensor1d(Float32Array.from(values)));
    const scales = scale.dataSync();
    const factor = tf.tensor1d(Float32Array.from(whole.variance, (value, c) => scales[c] / Math.sqrt(value + epsilon)));
    const [output] = normalize({ x, mean, factor, shift: bias }, {});
    factor.dispose();
    observe?.(mean, variance, whole.count);
    return { output, saved: [x, scale, mean, variance] };
  },
  backward(dy, [x, scale, mean, variance], { epsilon, shared }) {
    const [sumDy, sumDyX] = centredGradientSums({ dy, x, mean }, {});
    const channels = channelsOf(x);
    const sums = new Float64Array(2 * channels + 1);
    if (shared.counts) {
      sums.set(sumDy.dataSync());
      sums.set(sumDyX.dataSync(), channels);
      sums[2 * channels] = x.size / channels;
    }
    shared.allReduceSum(sums);
    const whole = {
      sumDy: sums.subarray(0, channels),
      sumDyX: sums.subarray(channels, 2 * channels),
      count: sums[2 * channels],
      epsilon,
    };
    const read = (vector: Tensor): { data: Float32Array } => ({ data: vector.dataSync<"float32">() });
    const { a, b, c } = gradientFactors({ scale: read(scale), variance: read(variance) }, whole);
    // A stand-in has no part in the statistics: nothing flows back through them.
    const through = shared.counts ? [a, b, c] : [a, new Float64Array(channels), new Float64Array(channels)];
    const [ta, tb, tc] = through.map((factors) => tf.tensor1d(Float32Array.from(factors)));
    const [dx] = channelGradient({ dy, x, mean, a: ta, b: tb, c: tc }, {});
    // Gradients of parameters are summed over the ranks with all others.
    return [dx, tf.mul(sumDyX, tf.rsqrt(tf.add(variance, epsilon))), sumDy];
  },
});
