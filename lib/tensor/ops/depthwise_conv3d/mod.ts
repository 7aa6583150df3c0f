/** Depthwise 3-D convolution with an odd cubic kernel, stride 1 and zero padding that keeps the size. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { channelSum } from "../channel_sum/mod.ts";
import { convolve, flipKernel, padBorder, sizeOf, weightGradient as plainWeightGradient } from "./_plain.ts";
import { simdConvolve, simdWeightGradient } from "./_simd.ts";
import { gpuConvolve, gpuWeightGradient } from "./_webgpu.ts";

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
  const channels = channelsOf(weight);
  const taps = tf.reshape(weight, [-1, channels]);
  const terms = [...shifts(x, shapeOf(weight)[0])].map((shifted, tap) => {
    return tf.mul(shifted, tf.slice(taps, [tap, 0], [1, channels]));
  });
  const y = tf.addN(terms);
  return bias ? tf.add(y, bias) : y;
}

const forward = definePrimitive<DepthwiseInputs, NoAttributes>({
  name: "DepthwiseConv3d",
  composite: (inputs) => [reference(inputs)],
  plain({ x, weight, bias }) {
    const size = sizeOf(x, weight.shape[0]);
    return [{ data: convolve(padBorder(x.data, size), weight.data, size, bias?.data), shape: x.shape }];
  },
  simd: ({ x, weight, bias }, _, runtime) => [simdConvolve({ x, weight, bias }, { turned: false, runtime })],
  webgpu: ({ x, weight, bias }, _, runtime) => [gpuConvolve({ x, weight, bias }, { turned: false, runtime })],
  cut: { along: "samples", of: ["x"] },
});

const inputGradient = definePrimitive<{ dy: Tensor; weight: Tensor }, NoAttributes>({
  name: "DepthwiseConv3dInputGradient",
  composite: ({ dy, weight }) => [reference({ x: dy, weight: tf.reverse(weight, [0, 1, 2]), bias: undefined })],
  plain({ dy, weight }) {
    const size = sizeOf(dy, weight.shape[0]);
    return [{
      data: convolve(padBorder(dy.data, size), flipKernel(weight.data, size.channels), size),
      shape: dy.shape,
    }];
  },
  simd: ({ dy, weight }, _, runtime) => [simdConvolve({ x: dy, weight }, { turned: true, runtime })],
  webgpu: ({ dy, weight }, _, runtime) => [gpuConvolve({ x: dy, weight }, { turned: true, runtime })],
  cut: { along: "samples", of: ["dy"] },
});

const weightGradient = definePrimitive<{ x: Tensor; dy: Tensor }, { kernel: number }>({
  name: "DepthwiseConv3dWeightGradient",
  composite({ x, dy }, { kernel }) {
    const perTap = [...shifts(x, kernel)].map((shifted) => tf.sum(tf.mul(shifted, dy), [0, 1, 2, 3]));
    return [tf.reshape(tf.stack(perTap), [kernel, kernel, kernel, channelsOf(x)])];
  },
  plain({ x, dy }, { kernel }) {
    const size = sizeOf(x, kernel);
    const data = plainWeightGradient(padBorder(x.data, size), dy.data, size);
    return [{ data, shape: [kernel, kernel, kernel, size.channels] }];
  },
  simd: ({ x, dy }, { kernel }, runtime) => [simdWeightGradient({ x, dy }, { kernel, runtime })],
  webgpu: ({ x, dy }, { kernel }, runtime) => [gpuWeightGradient({ x, dy }, { kernel, runtime })],
  cut: { along: "samples", of: ["x", "dy"], sums: [0] },
});

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
