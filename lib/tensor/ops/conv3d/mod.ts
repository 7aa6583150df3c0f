/** Dense 3-D convolution with an odd cubic kernel and symmetric zero padding. */
import { defineOp, definePrimitive } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { channelSum } from "../channel_sum/mod.ts";
import { convolve, inputGradient as plainInputGradient, weightGradient as plainWeightGradient } from "./_plain.ts";
import type { ConvSize } from "./_plain.ts";
import * as simd from "./_simd.ts";
import * as webgpu from "./_webgpu.ts";

interface ConvInputs {
  x: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
}

type Spatial = [number, number, number];
type ConvAttributes = { stride: number };
type GradientAttributes = { stride: number; inputSize: Spatial; kernel: number };

function borderOf(kernel: number): [number, number] {
  return [(kernel - 1) / 2, (kernel - 1) / 2];
}

function padSpace(x: Tensor, kernel: number): Tensor5D {
  const border = borderOf(kernel);
  return tf.pad(x, [[0, 0], border, border, border, [0, 0]]) as Tensor5D;
}

function reference({ x, weight, bias }: ConvInputs, { stride }: ConvAttributes): Tensor {
  const y = tf.conv3d(padSpace(x, shapeOf(weight)[0]), weight as Tensor5D, stride, "valid");
  return bias ? tf.add(y, bias) : y;
}

function sizeFrom(
  input: readonly number[],
  { inputSize, kernel, stride, outChannels }: GradientAttributes & { outChannels: number },
): ConvSize {
  const output = inputSize.map((length) => Math.floor((length - 1) / stride) + 1) as Spatial;
  return { batch: input[0], input: inputSize, output, inChannels: input[4], outChannels, kernel, stride };
}

const forward = definePrimitive<ConvInputs, ConvAttributes>({
  name: "Conv3dSymmetric",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  plain({ x, weight, bias }, { stride }) {
    const inputSize = x.shape.slice(1, 4) as Spatial;
    const size = sizeFrom(x.shape, { inputSize, kernel: weight.shape[0], stride, outChannels: weight.shape[4] });
    const shape = [size.batch, ...size.output, size.outChannels];
    return [{ data: convolve(x.data, weight.data, size, bias?.data), shape }];
  },
  simd({ x, weight, bias }, { stride }, runtime) {
    const inputSize = x.shape.slice(1, 4) as Spatial;
    const size = sizeFrom(x.shape, { inputSize, kernel: weight.shape[0], stride, outChannels: weight.shape[4] });
    return [simd.convolve({ x, weight, bias }, size, runtime)];
  },
  webgpu({ x, weight, bias }, { stride }, runtime) {
    const inputSize = x.shape.slice(1, 4) as Spatial;
    const size = sizeFrom(x.shape, { inputSize, kernel: weight.shape[0], stride, outChannels: weight.shape[4] });
    return [webgpu.convolve({ x, weight, bias }, size, runtime)];
  },
  cut: { along: "samples", of: ["x"] },
});

const inputGradient = definePrimitive<{ dy: Tensor; weight: Tensor }, GradientAttributes>({
  name: "Conv3dSymmetricInputGradient",
  composite({ dy, weight }, { stride, inputSize, kernel }) {
    const border = borderOf(kernel)[0];
    const [batch, channels] = [shapeOf(dy)[0], shapeOf(weight)[3]];
    const inputShape = [batch, ...inputSize.map((length) => length + 2 * border), channels];
    const attributes = { strides: [stride, stride, stride], pad: "valid", inputShape };
    const padded = tf.engine().runKernel("Conv3DBackpropInputV2", { dy, filter: weight }, attributes) as Tensor;
    return [tf.slice(padded, [0, border, border, border, 0], [batch, ...inputSize, channels])];
  },
  plain({ dy, weight }, { stride, inputSize, kernel }) {
    const [inChannels, outChannels] = weight.shape.slice(3);
    const input = [dy.shape[0], ...inputSize, inChannels];
    const size = sizeFrom(input, { inputSize, kernel, stride, outChannels });
    return [{ data: plainInputGradient(dy.data, weight.data, size), shape: input }];
  },
  simd({ dy, weight }, { stride, inputSize, kernel }, runtime) {
    const [inChannels, outChannels] = weight.shape.slice(3);
    const size = sizeFrom([dy.shape[0], ...inputSize, inChannels], { inputSize, kernel, stride, outChannels });
    return [simd.inputGradient({ dy, weight }, size, runtime)];
  },
  webgpu({ dy, weight }, { stride, inputSize, kernel }, runtime) {
    const [inChannels, outChannels] = weight.shape.slice(3);
    const size = sizeFrom([dy.shape[0], ...inputSize, inChannels], { inputSize, kernel, stride, outChannels });
    return [webgpu.inputGradient({ dy, weight }, size, runtime)];
  },
  cut: { along: "samples", of: ["dy"] },
});

const weightGradient = definePrimitive<{ x: Tensor; dy: Tensor }, GradientAttributes>({
  name: "Conv3dSymmetricWeightGradient",
  composite({ x, dy }, { stride, kernel }) {
    const filterShape = [kernel, kernel, kernel, channelsOf(x), channelsOf(dy)];
    const attributes = { strides: [stride, stride, stride], pad: "valid", filterShape };
    return [tf.engine().runKernel("Conv3DBackpropFilterV2", { x: padSpace(x, kernel), dy }, attributes) as Tensor];
  },
  plain({ x, dy }, attributes) {
    const size = sizeFrom(x.shape, { ...attributes, outChannels: dy.shape[4] });
    const { kernel, inChannels, outChannels } = size;
    return [{
      data: plainWeightGradient(x.data, dy.data, size),
      shape: [kernel, kernel, kernel, inChannels, outChannels],
    }];
  },
  simd({ x, dy }, attributes, runtime) {
    return [simd.weightGradient({ x, dy }, sizeFrom(x.shape, { ...attributes, outChannels: dy.shape[4] }), runtime)];
  },
  webgpu({ x, dy }, attributes, runtime) {
    return [webgpu.weightGradient({ x, dy }, sizeFrom(x.shape, { ...attributes, outChannels: dy.shape[4] }), runtime)];
  },
  cut: { along: "samples", of: ["x", "dy"], sums: [0] },
});

/** The op behind {@linkcode conv3d}. */
export const conv3dOp = defineOp<ConvInputs, ConvAttributes>({
  name: "conv3d",
  differentiable: ["x", "weight", "bias"],
  validate({ x, weight, bias }, { stride }) {
    const [kernel] = shapeOf(weight);
    expectShape("conv3d", "x", { actual: shapeOf(x), expected: [null, null, null, null, null] });
    const expected = [kernel, kernel, kernel, channelsOf(x), null];
    expectShape("conv3d", "weight", { actual: shapeOf(weight), expected });
    if (bias) expectShape("conv3d", "bias", { actual: shapeOf(bias), expected: [channelsOf(weight)] });
    if (kernel % 2 === 0) throw new RangeError(`Cannot apply conv3d: expected an odd kernel size, got ${kernel}`);
    if (!(Number.isInteger(stride) && stride >= 1)) {
      throw new RangeError(`Cannot apply conv3d: expected a whole stride of at least 1, got ${stride}`);
    }
  },
  reference,
  forward(inputs, attributes) {
    const [output] = forward(inputs, attributes);
    return { output, saved: [inputs.x, inputs.weight, ...(inputs.bias ? [inputs.bias] : [])] };
  },
  backward(dy, [x, weight, bias], { stride }) {
    const attributes = { stride, inputSize: shapeOf(x).slice(1, 4) as Spatial, kernel: shapeOf(weight)[0] };
    const [dx] = inputGradient({ dy, weight }, attributes);
    const [dWeight] = weightGradient({ x, dy }, attributes);
    return bias ? [dx, dWeight, channelSum({ x: dy }, {})[0]] : [dx, dWeight];
  },
});

/**
 * Convolves with a k³ kernel (cross-correlation) and (k − 1)/2 zeros on every side, as PyTorch's Conv3d.
 *
 * Shapes: x `[B, D, H, W, Cin]`, weight `[k, k, k, Cin, Cout]` with odd k, bias `[Cout]` →
 * `[B, ⌈D/stride⌉, ⌈H/stride⌉, ⌈W/stride⌉, Cout]`.
 *
 * @throws {TypeError | RangeError} when shapes do not fit, k is even, or the stride is not a whole number ≥ 1
 */
export function conv3d(
  x: Tensor,
  weight: Tensor,
  { bias, stride = 1 }: { bias?: Tensor; stride?: number } = {},
): Tensor5D {
  return conv3dOp({ x, weight, bias }, { stride }) as Tensor5D;
}
