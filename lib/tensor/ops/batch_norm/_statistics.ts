/** What both forms of batch normalisation are computed from. */
import type { Block } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor1D } from "../../tf.ts";

export type BatchNormInputs = { x: Tensor; scale: Tensor; bias: Tensor };
export type BatchNormAttributes = { epsilon: number; observe?: ObserveMoments };
/** Receives the batch's mean and biased variance, both `[C]`, which are disposed after the call. */
export type ObserveMoments = (mean: Tensor1D, variance: Tensor1D, count: number) => void;

export function tokens(x: Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, channelsOf(x)]);
}

export function referenceMoments(x: Tensor): Tensor[] {
  const mean = tf.mean(tokens(x), 0);
  return [mean, tf.mean(tf.square(tf.sub(tokens(x), mean)), 0)];
}

export function referenceBatchNorm({ x, scale, bias }: BatchNormInputs, { epsilon }: { epsilon: number }): Tensor[] {
  const [mean, variance] = referenceMoments(x);
  const normalised = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
  return [tf.add(tf.mul(normalised, scale), bias), mean, variance];
}

export function plainMoments({ data, shape }: Block): { mean: Float64Array; variance: Float64Array } {
  const channels = shape[shape.length - 1];
  const count = data.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) mean[c] += data[i + c];
  }
  for (let c = 0; c < channels; c++) mean[c] /= count;
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) variance[c] += (data[i + c] - mean[c]) ** 2;
  }
  for (let c = 0; c < channels; c++) variance[c] /= count;
  return { mean, variance };
}

export function channelBlock(values: Float64Array): Block {
  return { data: Float32Array.from(values), shape: [values.length] };
}

/** dx = a·dy + b·(x − mean) + c per channel, where b and c carry the gradient through variance and mean. */
export function gradientFactors(
  { scale, variance }: Record<"scale" | "variance", { readonly data: Float32Array }>,
  { sumDy, sumDyX, count, epsilon }: { sumDy: Float64Array; sumDyX: Float64Array; count: number; epsilon: number },
): Record<"a" | "b" | "c" | "dScale", Float64Array> {
  const inverseStd = new Float64Array(variance.data).map((value) => 1 / Math.sqrt(value + epsilon));
  const a = inverseStd.map((value, c) => value * scale.data[c]);
  return {
    a,
    b: a.map((value, c) => -value * inverseStd[c] ** 2 * sumDyX[c] / count),
    c: a.map((value, c) => -value * sumDy[c] / count),
    dScale: inverseStd.map((value, c) => value * sumDyX[c]),
  };
}

export function expectChannels(op: string, x: Tensor, vectors: Record<string, Tensor>): void {
  for (const [name, vector] of Object.entries(vectors)) {
    expectShape(op, name, { actual: shapeOf(vector), expected: [channelsOf(x)] });
  }
}
