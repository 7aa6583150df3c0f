/** Sums over the rows of a matrix, split among invocations and added in a fixed order. */
import { sumSlices } from "./multiply.ts";
import { workgroupRow } from "./runtime.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import source from "./sum_columns.wgsl" with { type: "text" };

/** Sums that fill a GPU, rows that one adds at least, and slices that the second pass adds at most. */
const FULL = 65536, SHORTEST_SLICE = 16, MOST_SLICES = 1024;

/** x `[…, n]` → sums `[n]`. */
export function sumColumns({ x, sums }: { x: GpuArray; sums: GpuArray }, runtime: GpuRuntime): void {
  const columns = sums.length;
  const rows = x.length / columns;
  const wanted = Math.min(MOST_SLICES, Math.ceil(rows / SHORTEST_SLICE), Math.ceil(FULL / columns));
  const sliceRows = Math.ceil(rows / wanted);
  const slices = Math.ceil(rows / sliceRows);
  const target = slices === 1 ? sums : runtime.scratch(slices * columns);
  runtime.run({ name: "sum_columns", source }, {
    workgroups: workgroupRow(Math.ceil(slices * columns / 64), runtime.limits),
    inputs: [x],
    outputs: [target],
    integers: [rows, columns, sliceRows, slices * columns],
  });
  if (slices > 1) sumSlices({ x: target, y: sums }, { slices }, runtime);
}
