/** Matrix products on the device, for every operation that is one. */
import type { GpuProgram } from "./programs.ts";
import { workgroupRow } from "./runtime.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import { chooseTile, nameOfTile, TILE_STEP as STEP, tilesOf, tileSource as tileConstants } from "./tiles.ts";
import type { TileShape } from "./tiles.ts";
import blockSource from "./gemm_blocks.wgsl" with { type: "text" };
import tiledSource from "./gemm.wgsl" with { type: "text" };
import quadSource from "./gemm_quads.wgsl" with { type: "text" };
import registerSource from "./gemm_registers.wgsl" with { type: "text" };
import storeSource from "./gemm_store.wgsl" with { type: "text" };
import valueSource from "./gemm_values.wgsl" with { type: "text" };
import sumSource from "./sum_slices.wgsl" with { type: "text" };

/** A matrix in memory: value (i, j) of a batch lies at batch·batch + row·i + column·j; row or column is 1. */
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

/** What becomes of a product's values, which are then nowhere but where it puts them. */
export interface Epilogue {
  readonly name: string;
  /** WGSL with its bindings, from 3 on, and `fn store(at: u32, column: u32, value: f32)`. */
  readonly source: string;
  readonly inputs: readonly GpuArray[];
  readonly outputs: readonly GpuArray[];
  readonly constants?: GpuProgram["constants"];
}

/** A tile of the kernel without workgroup memory, and how many of them a workgroup computes. */
const REGISTERS = { rows: 8, columns: 8, perWorkgroup: 16 };
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
  const { workgroups } = gridOf({ m, n, k }, runtime);
  // A product with fewer workgroups than fill the GPU is split along k.
  const slices = bias ? 1 : sliceCount(k, { workgroups: workgroups * batches, full: runtime.tiles.full });
  const target = slices === 1 ? c : runtime.scratch(slices * batches * m * n);
  const constants = { HAS_BIAS: Number(bias !== undefined) };
  const inputs = [bias ?? b.array];
  const epilogue = { name: "store", source: storeSource, inputs, outputs: [target], constants };
  multiplyInto({ a, b, epilogue }, { m, n, k, batches, slices }, runtime);
  if (slices > 1) sumSlices({ x: target, y: c }, { slices }, runtime);
}

/** Computes A·B and hands every value to an epilogue, with its place in C and its column. */
export function multiplyInto(
  { a, b, epilogue }: { a: GpuMatrix; b: GpuMatrix; epilogue: Epilogue },
  { m, n, k, batches = 1, slices = 1 }: ProductSizes & { slices?: number },
  runtime: GpuRuntime,
): void {
  const { tile, tilesM, workgroups } = gridOf({ m, n, k }, runtime);
  const strides = [a.row, a.column, b.row, b.column, a.batch ?? 0, b.batch ?? 0];
  // Whole steps of the tiled kernel, so that no slice begins within a quad of values.
  const sliceLength = Math.ceil(k / slices / STEP) * STEP;
  runtime.run(programFor({ a, b, epilogue }, { m, n, k }, tile), {
    workgroups: [...workgroupRow(workgroups, runtime.limits), batches * slices],
    inputs: [a.array, b.array, ...epilogue.inputs],
    outputs: epilogue.outputs,
    integers: [m, n, k, ...strides, batches, sliceLength, tilesM],
  });
}

/** How a product is cut; no tile for adapters that compute on the CPU. */
function gridOf({ m, n, k }: ProductSizes, { isSoftware, tiles }: GpuRuntime): {
  tile: TileShape | undefined;
  tilesM: number;
  workgroups: number;
} {
  if (isSoftware) {
    const { rows, columns, perWorkgroup } = REGISTERS;
    const tilesM = Math.ceil(m / rows);
    return { tile: undefined, tilesM, workgroups: Math.ceil(tilesM * Math.ceil(n / columns) / perWorkgroup) };
  }
  const sizes = { rows: m, columns: n, length: k };
  const tile = chooseTile("gemm", sizes, tiles);
  return { tile, tilesM: Math.ceil(m / tile.rows), workgroups: tilesOf(sizes, tile) };
}

function sliceCount(k: number, { workgroups, full }: { workgroups: number; full: number }): number {
  const wanted = Math.min(Math.floor(full / workgroups), Math.floor(k / SHORTEST_SLICE));
  return Math.max(1, wanted);
}

function programFor(
  { a, b, epilogue: { name, source, constants } }: { a: GpuMatrix; b: GpuMatrix; epilogue: Epilogue },
  { m, n, k }: ProductSizes,
  tile: TileShape | undefined,
): GpuProgram {
  const order = { A_ALONG_K: Number(a.column === 1), B_ALONG_K: Number(b.row === 1 && b.column !== 1) };
  const isAligned = inQuads(a, { row: m, column: k }) && inQuads(b, { row: k, column: n });
  const [operands, operandSource] = isAligned ? ["quads", quadSource] : ["values", valueSource];
  const kernel = tile ? tileConstants(tile) + blockSource + tiledSource : blockSource + registerSource;
  return {
    name: `gemm/${tile ? nameOfTile(tile) : "registers"}/${operands}/${name}`,
    source: operandSource + source + kernel,
    constants: { ...constants, ...order },
  };
}

/** True when every row of neighbours, of rows or of columns, begins and ends at a multiple of four values. */
function inQuads({ row, column, batch = 0 }: GpuMatrix, size: { row: number; column: number }): boolean {
  const [along, across] = column === 1 ? [size.column, row] : [size.row, column];
  return [along, across, batch].every((stride) => stride % 4 === 0);
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
