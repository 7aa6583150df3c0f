/** Layer normalisation over the channels of every token. */
import { defineOp, definePrimitive } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { SimdArray } from "../../simd/runtime.ts";
import type { Tensor } from "../../tf.ts";
import { foldChunks, outputOf } from "../channel_sum/layout.ts";
import { gpuLayerNorm, gpuLayerNormGradient } from "./_webgpu.ts";

type LayerNormInputs = { x: Tensor; scale: Tensor; bias: Tensor };
type LayerNormAttributes = { epsilon: number };

function reference({ x, scale, bias }: LayerNormInputs, { epsilon }: LayerNormAttributes): Tensor {
  const mean = tf.mean(x, -1, true);
  const centred = tf.sub(x, mean);
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, epsilon))), scale), bias);
}

const forward = definePrimitive<LayerNormInputs, LayerNormAttributes>({
  name: "LayerNorm",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  plain({ x, scale, bias }, { epsilon }) {
    const channels = scale.data.length;
    const data = new Float32Array(x.data.length);
    for (let row = 0; row < data.length; row += channels) {
      const { mean, inverseStd } = rowMoments(x.data, row, channels, epsilon);
      for (let c = 0; c < channels; c++) {
        data[row + c] = (x.data[row + c] - mean) * inverseStd * scale.data[c] + bias.data[c];
      }
    }
    return [{ data, shape: x.shape }];
  },
  simd({ x, scale, bias }, { epsilon }, runtime) {
    const y = runtime.output(x.shape);
    const { rows, chunkRows, chunks } = rowChunks(x, scale.length);
    const args = [x.pointer, scale.pointer, bias.pointer, y.pointer, rows, scale.length, chunkRows, epsilon];
    runtime.run("layerNormForward", { units: chunks, grain: 1 }, args);
    return [y];
  },
  webgpu: (arrays, { epsilon }, runtime) => [gpuLayerNorm(arrays, { epsilon, runtime })],
  cut: { along: "tokens", of: ["x"] },
});

const backward = definePrimitive<{ dy: Tensor; x: Tensor; scale: Tensor }, LayerNormAttributes>({
  name: "LayerNormGradient",
  composite({ dy, x, scale }, { epsilon }) {
    const mean = tf.mean(x, -1, true);
    const centred = tf.sub(x, mean);
    const std = tf.sqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const normalised = tf.div(centred, std);
    const g = tf.mul(dy, scale);
    const projection = tf.mul(normalised, tf.mean(tf.mul(g, normalised), -1, true));
    const dx = tf.div(tf.sub(tf.sub(g, tf.mean(g, -1, true)), projection), std);
    const rows = [-1, channelsOf(x)];
    const dScale = tf.sum(tf.reshape(tf.mul(dy, normalised), rows), 0);
    return [dx, dScale, tf.sum(tf.reshape(dy, rows), 0)];
  },
  plain({ dy, x, scale }, { epsilon }) {
    const channels = scale.data.length;
    const dx = new Float32Array(x.data.length);
    const dScale = new Float64Array(channels);
    const dBias = new Float64Array(channels);
    for (let row = 0; row < dx.length; row += channels) {
      const { mean, inverseStd } = rowMoments(x.data, row, channels, epsilon);
      let meanG = 0, meanGx = 0;
      for (let c = 0; c < channels; c++) {
        const normalised = (x.data[row + c] - mean) * inverseStd;
        const g = dy.data[row + c] * scale.data[c];
        meanG += g, meanGx += g * normalised;
        dScale[c] += dy.data[row + c] * normalised, dBias[c] += dy.data[row + c];
      }
      meanG /= channels, meanGx /= channels;
      for (let c = 0; c < channels; c++) {
        const normalised = (x.data[row + c] - mean) * inverseStd;
        dx[row + c] = inverseStd * (dy.data[row + c] * scale.data[c] - meanG - normalised * meanGx);
      }
    }
    return [
      { data: dx, shape: x.shape },
      { data: Float32Array.from(dScale), shape: scale.shape },
      { data: Float32Array.from(dBias), shape: scale.shape },
    ];
  },
  simd({ dy, x, scale }, { epsilon }, runtime) {
    const channels = scale.length;
    const { rows, chunkRows, chunks } = rowChunks(x, channels);
    const dx = runtime.output(x.shape);
    const partials = runtime.scratch(chunks * 2 * channels);
    const addresses = [dy, x, scale, dx, partials].map(({ pointer }) => pointer);
    const args = [...addresses, rows, channels, chunkRows, epsilon];
    runtime.run("layerNormGradient", { units: chunks, grain: 1 }, args);
    const layout = { samples: 1, channels, width: channels, chunks };
    const sums = [0, 1].map((index) => foldChunks(partials.data, layout, { index, count: 2 }));
    return [dx, ...sums.map((values) => outputOf(values, scale.shape, runtime))];
  },
  webgpu: (arrays, { epsilon }, runtime) => gpuLayerNormGradient(arrays, { epsilon, runtime }),
  cut: { along: "tokens", of: ["dy", "x"], sums: [1, 2] },
});

/** Values and rows of a chunk at most: it stays in the second-level cache, and sums in float32 stay accurate. */
const CHUNK_VALUES = 32768, LARGEST_CHUNK = 512;

function rowChunks({ length }: SimdArray, channels: number): { rows: number; chunkRows: number; chunks: number } {
  const rows = length / channels;
  const chunkRows = Math.max(1, Math.min(LARGEST_CHUNK, Math.floor(CHUNK_VALUES / channels)));
  return { rows, chunkRows, chunks: Math.ceil(rows / chunkRows) };
}

function rowMoments(
  x: Float32Array,
  start: number,
  length: number,
  epsilon: number,
): { mean: number; inverseStd: number } {
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += x[i];
  const mean = sum / length;
  let squares = 0;
  for (let i = start; i < start + length; i++) squares += (x[i] - mean) * (x[i] - mean);
  return { mean, inverseStd: 1 / Math.sqrt(squares / length + epsilon) };
}

/** The op behind {@linkcode layerNorm}. */
export const layerNormOp = defineOp<LayerNormInputs, LayerNormAttributes>({
  name: "layerNorm",
  differentiable: ["x", "scale", "bias"],
  validate({ x, scale, bias }) {
    expectShape("layerNorm", "scale", { actual: shapeOf(scale), expected: [channelsOf(x)] });
    expectShape("layerNorm", "bias", { actual: shapeOf(bias), expected: [channelsOf(x)] });
  },
  reference,
  forward: (inputs, attributes) => ({ output: forward(inputs, attributes)[0], saved: [inputs.x, inputs.scale] }),
  backward: (dy, [x, scale], attributes) => backward({ dy, x, scale }, attributes),
});

/**
 * Normalises every token over its channels: y = (x − mean)/√(variance + ε)·scale + bias, biased variance.
 *
 * Shapes: x `[…, C]`, scale `[C]`, bias `[C]` → `[…, C]`.
 *
 * @throws {TypeError} when scale or bias do not fit x
 * @see Ba et al. 2016, "Layer Normalization"
 */
export function layerNorm(
  x: Tensor,
  { scale, bias, epsilon }: { scale: Tensor; bias: Tensor; epsilon: number },
): Tensor {
  return layerNormOp({ x, scale, bias }, { epsilon });
}
