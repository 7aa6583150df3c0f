/** Strided copies between tensors in the heap. */
import type { SimdRuntime } from "../runtime.ts";
import { GRAIN } from "./_register.ts";

/** One axis of a region: its size, and values between neighbours in the source and in the target. */
export interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Byte addresses of the first value. */
export interface Ends {
  readonly from: number;
  readonly to: number;
}

/** Values between neighbours along each axis of a dense tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Copies a region; the last axis may be contiguous on both sides or not. */
export function copyRegion(ends: Ends, axes: readonly Axis[], runtime: SimdRuntime): void {
  const merged = mergeAxes(axes);
  const last = merged[merged.length - 1];
  const isRun = last !== undefined && last.from === 1 && last.to === 1;
  const run = isRun ? last.size : 1;
  overOuterAxes(ends, { axes: isRun ? merged.slice(0, -1) : merged, most: 4 }, ({ from, to }, outer) => {
    const piece = Math.min(run, GRAIN);
    const units = outer.reduce((product, { size }) => product * size, Math.ceil(run / piece));
    const sizes = outer.slice(1).map(({ size }) => size);
    const args = [from, to, run, piece, ...sizes, ...outer.map((axis) => axis.from), ...outer.map((axis) => axis.to)];
    runtime.run("tfjsCopyRuns", { units, grain: Math.max(1, Math.floor(GRAIN / piece)) }, args);
  });
}

/** Writes a tensor's axes in another order, given as the axes of the target. */
export function permuteRegion(ends: Ends, axes: readonly Axis[], runtime: SimdRuntime): void {
  const merged = mergeAxes(axes);
  const rows = merged[merged.length - 1], columns = merged.find(({ from }) => from === 1);
  if (!columns || columns === rows) return copyRegion(ends, merged, runtime);
  const others = merged.filter((axis) => axis !== rows && axis !== columns);
  overOuterAxes(ends, { axes: others, most: 3 }, ({ from, to }, outer) => {
    const matrices = outer.reduce((product, { size }) => product * size, 1);
    const strips = Math.ceil(columns.size / 16);
    const sizes = outer.slice(1).map(({ size }) => size);
    const steps = [...outer.map((axis) => axis.from), ...outer.map((axis) => axis.to)];
    const args = [from, to, rows.size, columns.size, rows.from, columns.to, ...sizes, ...steps];
    const grain = Math.max(1, Math.floor(GRAIN / (rows.size * Math.min(16, columns.size))));
    runtime.run("tfjsTranspose", { units: matrices * strips, grain }, args);
  });
}

/** Axes without those of size 1, neighbours that lie behind each other on both sides as one. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const before = merged[merged.length - 1];
    const isDense = before && before.from === axis.from * axis.size && before.to === axis.to * axis.size;
    if (isDense) merged[merged.length - 1] = { ...axis, size: before.size * axis.size };
    else merged.push(axis);
  }
  return merged;
}

/** Hands the innermost `most` axes to a kernel, missing ones with size 1, once for every place of the others. */
function overOuterAxes(
  { from, to }: Ends,
  { axes, most }: { axes: readonly Axis[]; most: number },
  run: (ends: Ends, axes: readonly Axis[]) => void,
): void {
  const [first, ...rest] = axes;
  if (axes.length > most) {
    for (let i = 0; i < first.size; i++) {
      overOuterAxes({ from: from + 4 * i * first.from, to: to + 4 * i * first.to }, { axes: rest, most }, run);
    }
  } else {
    const missing = Array.from({ length: most - axes.length }, (): Axis => ({ size: 1, from: 0, to: 0 }));
    run({ from, to }, [...missing, ...axes]);
  }
}
