/** Sum, Mean, Max, Min and Softmax of float32 tensors. */
import { tf } from "../../tf.ts";
import type { TensorInfo } from "../../tf.ts";
import type { SimdArray, SimdRuntime } from "../runtime.ts";
import { GRAIN, isFloat, registerBeforePlain, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";
import { repetitionOf } from "./_repetition.ts";
import type { Repetition } from "./_repetition.ts";

/** Rows from this length on are summed column by column, shorter ones in slices of many rows. */
const LONG_ROW = 4096;
/** Columns that a thread sums at a time. */
const COLUMNS = 1024;
/** Values of a slice. */
const SLICE = 32768;

/** A reduction of every `outer` × `block` values to `block`, for all elements of the batch. */
type Kernel = (x: SimdArray, out: SimdArray, reduction: Repetition, runtime: SimdRuntime) => void;

/** Puts the SIMD kernels before the plain ones. */
export function registerReduce(): void {
  registerBeforePlain("Sum", (call) => reduce(call, { axis: call.attrs.axis, kernel: sumBy(() => 1) }));
  registerBeforePlain("Mean", (call) => reduce(call, { axis: call.attrs.axis, kernel: sumBy(({ outer }) => outer) }));
  for (const name of ["Max", "Min"]) {
    const kernel = extremesBy(name === "Max");
    registerBeforePlain(name, (call) => {
      return reduce(call, { axis: call.attrs.reductionIndices ?? call.attrs.axis, kernel, onlyRows: true });
    });
  }
  registerBeforePlain("Softmax", softmax);
}

/** Takes axes that follow one another; with `onlyRows` they must be the last ones. */
function reduce(
  { inputs: { x }, attrs, backend }: KernelCall,
  { axis, kernel, onlyRows = false }: { axis: unknown; kernel: Kernel; onlyRows?: boolean },
): TensorInfo | null {
  if (!isFloat(x)) return null;
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  const kept = x.shape.map((size, i) => axes.includes(i) ? 1 : size);
  const reduction = repetitionOf(kept, x.shape);
  if (!reduction || reduction.outer === 1 || (onlyRows && reduction.block > 1)) return null;
  return runOne(backend, { x }, (arrays, runtime) => {
    const out = runtime.output(attrs.keepDims ? kept : kept.filter((_, i) => !axes.includes(i)));
    kernel(arrays.x, out, reduction, runtime);
    return out;
  });
}

function sumBy(divisorOf: (reduction: Repetition) => number): Kernel {
  return (x, out, reduction, runtime) => {
    const divisor = divisorOf(reduction);
    if (reduction.block === 1) sumRows({ x, out, reduction, divisor }, runtime);
    else if (reduction.block >= LONG_ROW) sumLongRows({ x, out, reduction, divisor }, runtime);
    else sumSlices({ x, out, reduction, divisor }, runtime);
  };
}

interface Sum {
  readonly x: SimdArray;
  readonly out: SimdArray;
  readonly reduction: Repetition;
  readonly divisor: number;
}

/** Rows as units, long ones in pieces. */
function unitsOf(
  rows: number,
  inner: number,
): { piece: number; pieces: number; range: { units: number; grain: number } } {
  const piece = Math.min(inner, GRAIN), pieces = Math.ceil(inner / piece);
  return { piece, pieces, range: { units: rows * pieces, grain: Math.max(1, Math.floor(GRAIN / piece)) } };
}

function sumRows({ x, out, reduction: { batch, outer }, divisor }: Sum, runtime: SimdRuntime): void {
  const { piece, pieces, range } = unitsOf(batch, outer);
  const sums = runtime.scratch(2 * range.units);
  runtime.run("tfjsSumPieces", range, [x.pointer, sums.pointer, outer, piece, pieces]);
  runtime.run("tfjsJoinPieces", { units: batch, grain: GRAIN }, [sums.pointer, out.pointer, pieces, divisor]);
}

function sumLongRows({ x, out, reduction: { batch, outer, block }, divisor }: Sum, runtime: SimdRuntime): void {
  const range = { units: batch * Math.ceil(block / COLUMNS), grain: Math.max(1, Math.floor(GRAIN / COLUMNS / outer)) };
  runtime.run("tfjsSumLongRows", range, [x.pointer, out.pointer, outer, block, COLUMNS, divisor]);
}

/** Short rows side by side, so that whole vectors fill them; the few that are left over are added at the end. */
function sumSlices({ x, out, reduction: { batch, outer, block }, divisor }: Sum, runtime: SimdRuntime): void {
  const beside = block % 16 === 0 ? 1 : 16 / commonDivisor(block, 16);
  const width = beside * block, rows = Math.floor(outer / beside);
  const depth = Math.max(1, Math.floor(SLICE / width)), slices = Math.ceil(rows / depth);
  const partials = runtime.scratch(batch * slices * width);
  const element = outer * block;
  const range = { units: batch * slices, grain: Math.max(1, Math.floor(SLICE / (Math.min(depth, rows) * width))) };
  const args = [x.pointer, partials.pointer, element, rows, width, depth, slices];
  runtime.run("tfjsSumSlices", range, args);
  const joined = [x.pointer, partials.pointer, out.pointer, element, block, width, slices, rows * width, divisor];
  runtime.run("tfjsJoinSlices", { units: batch * block, grain: Math.ceil(GRAIN / (slices + beside)) }, joined);
}

/** Greatest common divisor. */
function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

function extremesBy(isLargest: boolean): Kernel {
  return (x, out, { batch, outer }, runtime) => {
    const { piece, pieces, range } = unitsOf(batch, outer);
    const found = pieces === 1 ? out : runtime.scratch(range.units);
    runtime.run("tfjsExtremes", range, [Number(isLargest), x.pointer, found.pointer, outer, piece, pieces]);
    if (pieces === 1) return;
    const pick = isLargest ? Math.max : Math.min;
    for (let row = 0; row < batch; row++) {
      out.data[row] = found.data.subarray(row * pieces, (row + 1) * pieces).reduce((a, b) => pick(a, b));
    }
  };
}

function softmax({ inputs: { logits }, attrs: { dim }, backend }: KernelCall): TensorInfo | null {
  const { shape } = logits;
  if (!isFloat(logits) || shape.length === 0 || dim !== shape.length - 1) return null;
  return runOne(backend, { logits }, (arrays, runtime) => {
    const out = runtime.output(shape);
    const width = shape[shape.length - 1];
    const range = { units: out.length / width, grain: Math.max(1, Math.floor(GRAIN / width)) };
    runtime.run("tfjsSoftmax", range, [arrays.logits.pointer, out.pointer, width]);
    return out;
  });
}
