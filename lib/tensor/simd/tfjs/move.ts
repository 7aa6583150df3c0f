/** Slice, Concat, PadV2, Tile, Pack, Unpack, SplitV, Transpose and GatherV2 of float32 tensors, by strided copies. */
import { tf } from "../../tf.ts";
import type { TensorInfo } from "../../tf.ts";
import type { SimdArray, SimdRuntime } from "../runtime.ts";
import { copyRegion, permuteRegion, stridesOf } from "./_copy.ts";
import { GRAIN, isFloat, registerBeforePlain, runOne, sizeOf } from "./_register.ts";
import type { KernelCall } from "./_register.ts";

/** Puts the SIMD kernels before the plain ones. */
export function registerMove(): void {
  registerBeforePlain("Slice", slice);
  registerBeforePlain("Concat", (call) => concat(call));
  registerBeforePlain("PadV2", pad);
  registerBeforePlain("Tile", tile);
  registerBeforePlain("Pack", pack);
  registerBeforePlain("Unpack", unpack);
  registerBeforePlain("SplitV", split);
  registerBeforePlain("Transpose", transpose);
  registerBeforePlain("GatherV2", gather);
}

function slice({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x)) return null;
  const given = x as unknown as tf.Tensor;
  const [begin, size] = tf.slice_util.parseSliceParams(given, attrs.begin as number[], attrs.size as number[]);
  tf.slice_util.assertParamsValid(given, begin, size);
  if (sizeOf(size) === 0) return null;
  return runOne(backend, { x }, (arrays, runtime) => cut(arrays.x, { begin, size }, runtime));
}

/** A part of a tensor as a new one. */
function cut(
  x: SimdArray,
  { begin, size }: { begin: readonly number[]; size: readonly number[] },
  runtime: SimdRuntime,
): SimdArray {
  const out = runtime.output(size);
  const from = stridesOf(x.shape), to = stridesOf(size);
  const offset = begin.reduce((sum, start, axis) => sum + start * from[axis], 0);
  const axes = size.map((length, axis) => ({ size: length, from: from[axis], to: to[axis] }));
  copyRegion({ from: x.pointer + 4 * offset, to: out.pointer }, axes, runtime);
  return out;
}

function pad({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x) || attrs.constantValue !== 0) return null;
  const paddings = attrs.paddings as [number, number][];
  const shape = x.shape.map((size, axis) => paddings[axis][0] + size + paddings[axis][1]);
  return runOne(backend, { x }, (arrays, runtime) => {
    const out = runtime.output(shape);
    runtime.run("tfjsFill", { units: out.length, grain: GRAIN }, [out.pointer, 0]);
    const from = stridesOf(x.shape), to = stridesOf(shape);
    const offset = paddings.reduce((sum, [before], axis) => sum + before * to[axis], 0);
    const axes = x.shape.map((size, axis) => ({ size, from: from[axis], to: to[axis] }));
    copyRegion({ from: arrays.x.pointer, to: out.pointer + 4 * offset }, axes, runtime);
    return out;
  });
}

function tile({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  const reps = attrs.reps as number[];
  const shape = x.shape.map((size, axis) => size * reps[axis]);
  if (!isFloat(x) || sizeOf(shape) === 0) return null;
  return runOne(backend, { x }, (arrays, runtime) => {
    const out = runtime.output(shape);
    const from = stridesOf(x.shape), to = stridesOf(shape);
    const axes = x.shape.flatMap((size, axis) => [
      { size: reps[axis], from: 0, to: size * to[axis] },
      { size, from: from[axis], to: to[axis] },
    ]);
    copyRegion({ from: arrays.x.pointer, to: out.pointer }, axes, runtime);
    return out;
  });
}

function concat({ inputs, attrs, backend }: KernelCall): TensorInfo | null {
  const parts = Object.values(inputs);
  if (!isFloat(...parts)) return null;
  const [axis] = tf.util.parseAxisParam(attrs.axis as number, parts[0].shape);
  tf.backend_util.assertParamsConsistent(parts.map(({ shape }) => shape), axis);
  return runOne(backend, inputs, (arrays, runtime) => join(Object.values(arrays), axis, runtime));
}

/** Tensors behind each other along an axis. */
function join(parts: readonly SimdArray[], axis: number, runtime: SimdRuntime): SimdArray {
  const [{ shape }] = parts;
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const out = runtime.output(shape.map((size, i) => i === axis ? total : size));
  const before = sizeOf(shape.slice(0, axis)), row = out.length / before;
  let to = out.pointer;
  for (const { pointer, length } of parts) {
    const run = length / before;
    const axes = [{ size: before, from: run, to: row }, { size: run, from: 1, to: 1 }];
    copyRegion({ from: pointer, to }, axes, runtime);
    to += 4 * run;
  }
  return out;
}

function pack({ inputs, attrs, backend }: KernelCall): TensorInfo | null {
  const parts = Object.values(inputs), [{ shape }] = parts;
  if (!isFloat(...parts)) return null;
  const axis = Number(attrs.axis) + (Number(attrs.axis) < 0 ? shape.length + 1 : 0);
  for (const part of parts) tf.util.assertShapesMatch(shape, part.shape, "All tensors to stack must have one shape");
  return runOne(backend, inputs, (arrays, runtime) => {
    const withAxis = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
    return join(Object.values(arrays).map((array) => ({ ...array, shape: withAxis })), axis, runtime);
  });
}

function unpack({ inputs: { value }, attrs, backend }: KernelCall): TensorInfo[] | null {
  if (!isFloat(value)) return null;
  const [axis] = tf.util.parseAxisParam(attrs.axis as number, value.shape);
  const size = value.shape.map((length, i) => i === axis ? 1 : length);
  return backend.runKernel({ value }, (arrays, runtime) => {
    return Array.from({ length: value.shape[axis] }, (_, index) => {
      const begin = value.shape.map((_, i) => i === axis ? index : 0);
      const part = cut(arrays.value, { begin, size }, runtime);
      return { ...part, shape: value.shape.filter((_, i) => i !== axis) };
    });
  });
}

function split({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo[] | null {
  if (!isFloat(x)) return null;
  const [axis] = tf.util.parseAxisParam(attrs.axis as number, x.shape);
  const sizes = tf.backend_util.prepareSplitSize(
    x as unknown as tf.Tensor,
    attrs.numOrSizeSplits as number[] | number,
    axis,
  );
  if (sizes.includes(0)) return null;
  return backend.runKernel({ x }, (arrays, runtime) => {
    let start = 0;
    return sizes.map((length) => {
      const begin = x.shape.map((_, i) => i === axis ? start : 0);
      start += length;
      return cut(arrays.x, { begin, size: x.shape.map((size, i) => i === axis ? length : size) }, runtime);
    });
  });
}

function transpose({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x)) return null;
  const perm = attrs.perm as number[];
  return runOne(backend, { x }, (arrays, runtime) => {
    const shape = perm.map((axis) => x.shape[axis]);
    const out = runtime.output(shape);
    const from = stridesOf(x.shape), to = stridesOf(shape);
    const axes = perm.map((axis, i) => ({ size: shape[i], from: from[axis], to: to[i] }));
    permuteRegion({ from: arrays.x.pointer, to: out.pointer }, axes, runtime);
    return out;
  });
}

/** Rows by number; other axes than the first, and batches, are the plain kernel's. */
function gather({ inputs: { x, indices }, attrs, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x) || sizeOf(indices.shape) === 0 || attrs.axis !== 0 || attrs.batchDims !== 0) return null;
  const rows = backend.readSync(indices.dataId) as Int32Array;
  // The plain kernel throws with the index.
  if (rows.some((row) => row < 0 || row >= x.shape[0])) return null;
  return runOne(backend, { x }, (arrays, runtime) => {
    const out = runtime.output([...indices.shape, ...x.shape.slice(1)]);
    const length = x.shape.slice(1).reduce((product, size) => product * size, 1);
    rows.forEach((row, i) => {
      const ends = { from: arrays.x.pointer + 4 * row * length, to: out.pointer + 4 * i * length };
      copyRegion(ends, [{ size: length, from: 1, to: 1 }], runtime);
    });
    return out;
  });
}
