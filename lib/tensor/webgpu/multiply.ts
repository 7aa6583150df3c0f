/** Matrix products on the device, for every operation that is one. */
import type { GpuProgram } from "./programs.ts";
import { workgroupRow } from "./runtime.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import tiledSource from "./gemm.wgsl" with { type: "text" };
import registerSource from "./gemm_registers.wgsl" with { type: "text" };
import sumSource from "./sum_slices.wgsl" with { type: "text" };

/** A matrix in memory: value (row, column) of a batch lies at batch·batch + row·row + column·column. */
export interface GpuMatrix {
  readonly array: GpuArray;
  readonly row: number;
  readonly column: number;
  /** Values between two matrices of a batch; default 0. */
  readonly batch?: number;
}

/** Sizes of a product: C `[batches, m, n]` = A `[m, k]` · B `[k, n]`. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Default 1. */
  readonly batches?: number;
}

/** The tile of C that a workgroup computes. */
const TILED = { rows: 128, columns: 64 };
const REGISTERS = { rows: 8, columns: 32 };
/** Workgroups that fill a GPU: a product with fewer is split along k. */
const FULL = 512;
/** Products that a slice sums at least. */
const SHORTEST_SLICE = 256;

/**
 * Computes C = A·B, plus a bias `[n]` on every row; C is row-major, its batches behind one another.
 *
 * A product with a long k and few tiles, as gradients of weights are, is split along k: the parts are added in a fixed
 * order, so that the result does not depend on how the device schedules them.
 */
export function multiply(
  { a, b, c, bias }: { a: GpuMatrix; b: GpuMatrix; c: GpuArray; bias?: GpuArray },
  { m, n, k, batches = 1 }: ProductSizes,
  runtime: GpuRuntime,
): void {
  const tile = runtime.isSoftware ? REGISTERS : TILED;
  const tilesM = Math.ceil(m / tile.rows);
  const workgroups = tilesM * Math.ceil(n / tile.columns);
  const slices = bias ? 1 : sliceCount(k, workgroups * batches);
  const sliceLength = Math.ceil(k / slices);
  const target = slices === 1 ? c : runtime.scratch(slices * batches * m * n);
  const strides = [a.row, a.column, b.row, b.column, a.batch ?? 0, b.batch ?? 0];
  runtime.run(programFor({ a, b, hasBias: bias !== undefined }, runtime), {
    workgroups: [...workgroupRow(workgroups, runtime.limits), batches * slices],
    inputs: [a.array, b.array, bias ?? b.array],
    outputs: [target],
    integers: [m, n, k, ...strides, batches, sliceLength, tilesM],
  });
  if (slices > 1) sumSlices({ x: target, y: c }, { slices }, runtime);
}

function sliceCount(k: number, workgroups: number): number {
  const wanted = Math.min(Math.floor(FULL / workgroups), Math.floor(k / SHORTEST_SLICE));
  return Math.max(1, wanted);
}

function programFor(
  { a, b, hasBias }: { a: GpuMatrix; b: GpuMatrix; hasBias: boolean },
  { isSoftware }: GpuRuntime,
): GpuProgram {
  const HAS_BIAS = Number(hasBias);
  if (isSoftware) return { name: "gemm_registers", source: registerSource, constants: { HAS_BIAS } };
  const constants = { HAS_BIAS, A_ALONG_K: Number(a.column === 1), B_ALONG_K: Number(b.row === 1 && b.column !== 1) };
  return { name: "gemm", source: tiledSource, constants };
}

/** y = the sum of the slices of x, `[slices, …]` → `[…]`, in their order. */
export function sumSlices(
  { x, y }: { x: GpuArray; y: GpuArray },
  { slices }: { slices: number },
  { run, limits }: GpuRuntime,
): void {
  const workgroups = Math.min(limits.maxComputeWorkgroupsPerDimension, Math.ceil(y.length / 64));
  const call = { inputs: [x], outputs: [y], integers: [y.length, slices] };
  run({ name: "sum_slices", source: sumSource }, { workgroups: [workgroups], ...call });
}
