/** Depthwise 3-D convolution with an odd cubic kernel, stride 1 and zero padding that keeps the size. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { Block, NoAttributes } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { channelSum } from "../channel_sum/mod.ts";
import { convolve, flipKernel, padBorder, weightGradient as plainWeightGradient } from "./_plain.ts";
import type { DepthwiseSize } from "./_plain.ts";

interface DepthwiseInputs {
  x: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
}

/** The input shifted by every kernel offset, in the kernel's memory order. */
function* shifts(x: Tensor, kernel: number): Generator<Tensor> {
  const border = (kernel - 1) / 2;
  const [b, d, h, w, c] = shapeOf(x);
  const pad: [number, number] = [border, border];
  const padded = tf.pad(x, [[0, 0], pad, pad, pad, [0, 0]]);
  for (let kd = 0; kd < kernel; kd++) {
    for (let kh = 0; kh < kernel; kh++) {
      for (let kw = 0; kw < kernel; kw++) yield tf.slice(padded, [0, kd, kh, kw, 0], [b, d, h, w, c]);
    }
  }
}

function reference({ x, weight, bias }: DepthwiseInputs): Tensor {
  const taps = tf.unstack(tf.reshape(weight, [-1, channelsOf(weight)]));
  const terms = [...shifts(x, shapeOf(weight)[0])].map((shifted, i) => tf.mul(shifted, taps[i]));
  const y = tf.addN(terms);
  return bias ? tf.add(y, bias) : y;
}

function sizeFrom(x: Pick<Block, "shape">, kernel: number): DepthwiseSize {
  const [batch, depth, height, width, channels] = x.shape;
  return { batch, depth, height, width, channels, kernel };
}

const forward = definePrimitive<DepthwiseInputs, NoAttributes>({
  name: "DepthwiseConv3d",
  composite: (inputs) => [reference(inputs)],
  plain({ x, weight, bias }) {
    const size = sizeFrom(x, weight.shape[0]);
    return [{ data: convolve(padBorder(x.data, size), weight.data, size, bias?.data), shape: x.shape }];
  },
  simd: ({ x, weight, bias }, _, runtime) => [simdConvolve({ x, weight, bias: bias?.pointer ?? 0 }, runtime)],
});

const inputGradient = definePrimitive<{ dy: Tensor; weight: Tensor }, NoAttributes>({
  name: "DepthwiseConv3dInputGradient",
  composite: ({ dy, weight }) => [reference({ x: dy, weight: tf.reverse(weight, [0, 1, 2]), bias: undefined })],
  plain({ dy, weight }) {
    const size = sizeFrom(dy, weight.shape[0]);
    return [{
      data: convolve(padBorder(dy.data, size), flipKernel(weight.data, size.channels), size),
      shape: dy.shape,
    }];
  },
  simd({ dy, weight }, _, runtime) {
    const flipped = runtime.scratch(weight.length);
    flipped.data.set(flipKernel(weight.data, weight.shape[3]));
    return [simdConvolve({ x: dy, weight: { ...flipped, shape: weight.shape }, bias: 0 }, runtime)];
  },
});

const weightGradient = definePrimitive<{ x: Tensor; dy: Tensor }, { kernel: number }>({
  name: "DepthwiseConv3dWeightGradient",
  composite({ x, dy }, { kernel }) {
    const perTap = [...shifts(x, kernel)].map((shifted) => tf.sum(tf.mul(shifted, dy), [0, 1, 2, 3]));
    return [tf.reshape(tf.stack(perTap), [kernel, kernel, kernel, channelsOf(x)])];
  },
  plain({ x, dy }, { kernel }) {
    const size = sizeFrom(x, kernel);
    const data = plainWeightGradient(padBorder(x.data, size), dy.data, size);
    return [{ data, shape: [kernel, kernel, kernel, size.channels] }];
  },
  simd({ x, dy }, { kernel }, runtime) {
    const size = sizeFrom(x, kernel);
    const { batch, depth, height, width, channels } = size;
    const padded = simdPad(x, size, runtime);
    const dWeight = runtime.output([kernel, kernel, kernel, channels]);
    dWeight.data.fill(0);
    const rows = batch * depth * height;
    const lines = kernel * kernel;
    const addresses = [padded.pointer, dy.pointer, dWeight.pointer];
    const sizes = [rows, depth, height, width, channels, kernel];
    runtime.run("depthwiseWeightGradient", { units: lines, grain: 1 }, [...addresses, ...sizes]);
    return [dWeight];
  },
});

function simdPad(x: SimdArray, size: DepthwiseSize, runtime: SimdRuntime): SimdArray {
  const grow = size.kernel - 1;
  const { batch, depth, height, width, channels } = size;
  const padded = runtime.scratch(batch * (depth + grow) * (height + grow) * (width + grow) * channels);
  padded.data.fill(0);
  padBorder(x.data, size, padded.data);
  return padded;
}

function simdConvolve(
  { x, weight, bias }: { x: SimdArray; weight: SimdArray; bias: number },
  runtime: SimdRuntime,
): SimdArray {
  const size = sizeFrom(x, weight.shape[0]);
  const { batch, depth, height, width, channels, kernel } = size;
  const padded = simdPad(x, size, runtime);
  const y = runtime.output(x.shape);
  const rows = batch * depth * height;
  const addresses = [padded.pointer, weight.pointer, bias, y.pointer];
  const sizes = [depth, height, width, channels, kernel];
  runtime.run("depthwiseForward", { units: rows, grain: 4 }, [...addresses, ...sizes]);
  return y;
}

/** The op behind {@linkcode depthwiseConv3d}. */
export const depthwiseConv3dOp = defineOp<DepthwiseInputs, NoAttributes>({
  name: "depthwiseConv3d",
  differentiable: ["x", "weight", "bias"],
  validate({ x, weight, bias }) {
    const channels = channelsOf(x);
    const [kernel] = shapeOf(weight);
    expectShape("depthwiseConv3d", "x", { actual: shapeOf(x), expected: [null, null, null, null, null] });
    expectShape("depthwiseConv3d", "weight", { actual: shapeOf(weight), expected: [kernel, kernel, kernel, channels] });
    if (bias) expectShape("depthwiseConv3d", "bias", { actual: shapeOf(bias), expected: [channels] });
    if (kernel % 2 === 0) {
      throw new RangeError(`Cannot apply depthwiseConv3d: expected an odd kernel size, got ${kernel}`);
    }
  },
  reference,
  forward(inputs) {
    const [output] = forward(inputs, {});
    return { output, saved: [inputs.x, inputs.weight, ...(inputs.bias ? [inputs.bias] : [])] };
  },
  backward(dy, [x, weight, bias]) {
    const [dx] = inputGradient({ dy, weight }, {});
    const [dWeight] = weightGradient({ x, dy }, { kernel: shapeOf(weight)[0] });
    return bias ? [dx, dWeight, channelSum({ x: dy }, {})[0]] : [dx, dWeight];
  },
});

/**
 * Convolves every channel with its own k³ kernel (cross-correlation, as in PyTorch), keeping the size.
 *
 * Shapes: x `[B, D, H, W, C]`, weight `[k, k, k, C]` with odd k, bias `[C]` → `[B, D, H, W, C]`.
 *
 * @throws {TypeError | RangeError} when shapes do not fit or k is even
 */
export function depthwiseConv3d(x: Tensor, weight: Tensor, { bias }: { bias?: Tensor } = {}): Tensor5D {
  return depthwiseConv3dOp({ x, weight, bias }, {}) as Tensor5D;
}
