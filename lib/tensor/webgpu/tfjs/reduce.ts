/** Sum and Mean of float32 tensors over their last or their first axes: tfjs's own sum a row by one workgroup each. */
import { tf } from "../../tf.ts";
import type { TensorInfo } from "../../tf.ts";
import type { Cut } from "../parts.ts";
import { sumColumns } from "../sum_columns.ts";
import { sumRows } from "../sum_rows.ts";
import { isFloat, registerBefore, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";

/** Puts the kernels before tfjs's. */
export function registerReduce(): void {
  registerBefore("Sum", (call) => sum(call, { isMean: false }));
  registerBefore("Mean", (call) => sum(call, { isMean: true }));
}

function sum({ inputs: { x }, attrs, backend }: KernelCall, { isMean }: { isMean: boolean }): TensorInfo | null {
  if (!isFloat(x)) return null;
  const axes = tf.util.parseAxisParam(attrs.axis as number | number[], x.shape);
  const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const shape = attrs.keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
  const place = placeOf(x.shape, axes);
  const total = x.shape.reduce((product, size) => product * size, 1);
  const rows = kept.reduce((product, size) => product * size, 1);
  if (place === null || (place === "first" && isMean)) return null;
  return runOne({ backend, inputs: { x }, cut: cutOf({ place, rows, isMean }) }, (arrays, runtime) => {
    const sums = runtime.output(shape);
    if (place === "first") sumColumns({ x: arrays.x, sums }, runtime);
    else sumRows({ x: arrays.x, sums }, { rows, term: "values", factor: isMean ? rows / total : 1 }, runtime);
    return sums;
  });
}

/** A sum over first axes, or over all, is one of sums of parts; rows that are too many are none of a training step. */
function cutOf(
  { place, rows, isMean }: { place: "first" | "last"; rows: number; isMean: boolean },
): { name: string; cut: Cut } | undefined {
  if (place === "last" && rows > 1) return undefined;
  const along = place === "first" ? "samples" : "values";
  return { name: isMean ? "Mean" : "Sum", cut: { along, of: ["x"], sums: [0] } };
}

/** Whether the axes, but for those of size 1, are the last or the first ones. */
function placeOf(shape: readonly number[], axes: readonly number[]): "last" | "first" | null {
  const isSummed = shape.flatMap((size, axis) => size === 1 ? [] : [axes.includes(axis)]);
  const firstSummed = isSummed.indexOf(true), firstKept = isSummed.indexOf(false);
  if (firstSummed < 0 || isSummed.slice(firstSummed).every(Boolean)) return "last";
  return isSummed.slice(firstKept).some(Boolean) ? null : "first";
}
