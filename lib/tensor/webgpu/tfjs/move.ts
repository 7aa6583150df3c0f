/** Slice, SplitV, Concat and PadV2 of float32 tensors: tfjs's own are wrong, or no valid shaders, in five dimensions. */
import { tf } from "../../tf.ts";
import type { TensorInfo } from "../../tf.ts";
import { fillValues } from "../fill_values.ts";
import type { Cut, GpuKernel } from "../parts.ts";
import { copyRegion, MOST_AXES, stridesOf } from "./_copy.ts";
import { isFloat, registerBefore, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";

/** Puts the kernels before tfjs's. */
export function registerMove(): void {
  registerBefore("Slice", slice);
  registerBefore("SplitV", split);
  registerBefore("Concat", concat);
  registerBefore("PadV2", pad);
}

function slice({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x) || x.shape.length > MOST_AXES) return null;
  const given = x as unknown as tf.Tensor;
  const [begin, size] = tf.slice_util.parseSliceParams(given, attrs.begin as number[], attrs.size as number[]);
  tf.slice_util.assertParamsValid(given, begin, size);
  if (size.includes(0)) return null;
  const isCut = size[0] === x.shape[0];
  return runOne({ backend, inputs: { x }, cut: isCut ? bySamples("Slice", ["x"]) : undefined }, (arrays, runtime) => {
    const part = isCut ? [arrays.x.shape[0], ...size.slice(1)] : size;
    const y = runtime.outputLike(part, [arrays.x]);
    const strides = stridesOf(x.shape), to = stridesOf(part);
    const from = begin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
    const axes = part.map((length, axis) => ({ size: length, from: strides[axis], to: to[axis] }));
    copyRegion({ x: arrays.x, from, y, to: 0 }, axes, runtime);
    return y;
  });
}

function split({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo[] | null {
  if (!isFloat(x) || x.shape.length > MOST_AXES) return null;
  const [axis] = tf.util.parseAxisParam(attrs.axis as number, x.shape);
  const given = x as unknown as tf.Tensor;
  const sizes = tf.backend_util.prepareSplitSize(given, attrs.numOrSizeSplits as number[] | number, axis);
  if (sizes.includes(0)) return null;
  const kernel: GpuKernel = (arrays, runtime) => {
    const strides = stridesOf(x.shape);
    let start = 0;
    return sizes.map((size) => {
      const shape = arrays.x.shape.map((length, i) => i === axis ? size : length), to = stridesOf(shape);
      const y = runtime.outputLike(shape, [arrays.x]);
      const axes = shape.map((length, i) => ({ size: length, from: strides[i], to: to[i] }));
      copyRegion({ x: arrays.x, from: start * strides[axis], y, to: 0 }, axes, runtime);
      start += size;
      return y;
    });
  };
  return backend.runKernel({ x }, kernel, axis > 0 ? bySamples("SplitV", ["x"]) : undefined);
}

function concat({ inputs, attrs, backend }: KernelCall): TensorInfo | null {
  const parts = Object.values(inputs);
  if (!isFloat(...parts)) return null;
  const [axis] = tf.util.parseAxisParam(attrs.axis as number, parts[0].shape);
  tf.backend_util.assertParamsConsistent(parts.map(({ shape }) => shape), axis);
  const whole = tf.backend_util.computeOutShape(parts.map((part) => part.shape), axis);
  const cut = axis > 0 ? bySamples("Concat", Object.keys(inputs)) : undefined;
  return runOne({ backend, inputs, cut }, (arrays, runtime) => {
    const [first] = Object.values(arrays);
    const shape = axis > 0 ? [first.shape[0], ...whole.slice(1)] : whole;
    const y = runtime.outputLike(shape, Object.values(arrays));
    const rows = shape.slice(0, axis).reduce((product, size) => product * size, 1);
    let to = 0;
    for (const x of Object.values(arrays)) {
      const run = x.length / rows;
      const axes = [{ size: rows, from: run, to: y.length / rows }, { size: run, from: 1, to: 1 }];
      copyRegion({ x, from: 0, y, to }, axes, runtime);
      to += run;
    }
    return y;
  });
}

function pad({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x) || x.shape.length > MOST_AXES) return null;
  const paddings = attrs.paddings as [number, number][];
  const isCut = paddings[0].every((count) => count === 0);
  return runOne({ backend, inputs: { x }, cut: isCut ? bySamples("PadV2", ["x"]) : undefined }, (arrays, runtime) => {
    const shape = arrays.x.shape.map((size, axis) => paddings[axis][0] + size + paddings[axis][1]);
    const y = runtime.outputLike(shape, [arrays.x]);
    fillValues(y, attrs.constantValue as number, runtime);
    const from = stridesOf(x.shape), strides = stridesOf(shape);
    const to = paddings.reduce((sum, [before], axis) => sum + before * strides[axis], 0);
    const axes = arrays.x.shape.map((size, axis) => ({ size, from: from[axis], to: strides[axis] }));
    copyRegion({ x: arrays.x, from: 0, y, to }, axes, runtime);
    return y;
  });
}

/** Samples are moved apart from one another. */
function bySamples(name: string, of: readonly string[]): { name: string; cut: Cut } {
  return { name, cut: { along: "samples", of } };
}
