/** Strided copies between tensors on the device. */
import { withValues } from "../elementwise.ts";
import { workgroupRow } from "../runtime.ts";
import type { GpuArray, GpuRuntime } from "../runtime.ts";
import source from "./copy.wgsl" with { type: "text" };

/** One axis of a region: its size, and values between neighbours in the source and in the target. */
export interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Two arrays and the place of the region's first value in each. */
export interface Ends {
  readonly x: GpuArray;
  readonly from: number;
  readonly y: GpuArray;
  readonly to: number;
}

/** Axes that the shader's parameters have room for. */
export const MOST_AXES = 6;

/** Values between neighbours along each axis of a dense tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Copies a region of at most {@linkcode MOST_AXES} axes, four values at a time where all places allow it. */
export function copyRegion({ x, from, y, to }: Ends, axes: readonly Axis[], runtime: GpuRuntime): void {
  const merged = mergeAxes(axes);
  const width = isOfVectors({ x, from, y, to }, merged) ? 4 : 1;
  const scaled = merged.map((axis, i) =>
    i === merged.length - 1
      ? { ...axis, size: axis.size / width }
      : { ...axis, from: axis.from / width, to: axis.to / width }
  );
  const count = scaled.reduce((product, { size }) => product * size, 1);
  const regions = scaled.reverse().flatMap((axis) => [axis.size, axis.from, axis.to, 0]);
  runtime.run({ name: `copy/${width}`, source: withValues(width, source) }, {
    workgroups: workgroupRow(Math.ceil(count / 256), runtime.limits),
    inputs: [x],
    outputs: [y],
    integers: [count, scaled.length, from / width, to / width, ...regions],
  });
}

/** True where runs along the last axis begin and end between vectors, on both sides. */
function isOfVectors({ x, from, y, to }: Ends, axes: readonly Axis[]): boolean {
  const last = axes[axes.length - 1];
  if (last === undefined || last.from !== 1 || last.to !== 1) return false;
  const places = [
    x.length,
    from,
    y.length,
    to,
    last.size,
    ...axes.slice(0, -1).flatMap((axis) => [axis.from, axis.to]),
  ];
  return places.every((place) => place % 4 === 0);
}

/** Axes without those of size 1, neighbours that lie behind each other on both sides as one. */
function mergeAxes(axes: readonly Axis[]): Axis[] {
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
