/** Matrix products of tensors in the heap. */
import type { SimdArray, SimdRuntime } from "./runtime.ts";

/** Rows and columns of the kernels' tile. */
const TILE_ROWS = 6, TILE_COLUMNS = 16;
/** Rows of C that a thread takes at a time. */
const ROW_GRAIN = 96;
/** Steps of the inner dimension in a slice of a product with few outputs. */
const SLICE_DEPTH = 1024;
/** Values of all slices' partial products together. */
const MAX_PARTIALS = 4 * 2 ** 20;

/** An operand: address of its first value, elements between its rows, elements between its columns. */
export interface Operand {
  readonly pointer: number;
  readonly row: number;
  readonly column: number;
}

/** Sizes of A [m, k], B [k, n] and C [m, n], and what to add. */
export interface ProductOptions {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Elements between rows of C, default n; its columns are contiguous. */
  readonly cRow?: number;
  /** Address of a row added to every row of C. */
  readonly bias?: number;
  /** Add to C instead of overwriting it. */
  readonly accumulate?: boolean;
}

/** Copies B `[k, n]` into panels of 16 columns, as the kernels read it; valid until the end of the call. */
export function pack(b: Operand, { n, k }: { n: number; k: number }, runtime: SimdRuntime): number {
  const panels = Math.ceil(n / TILE_COLUMNS);
  const packed = runtime.scratch(panels * k * TILE_COLUMNS).pointer;
  // A panel is little work: several at a time.
  const grain = Math.max(1, Math.floor(16384 / (k * TILE_COLUMNS)));
  runtime.run("packPanels", { units: panels, grain }, [b.pointer, b.row, b.column, k, n, packed]);
  return packed;
}

/** C = A·B, or C += …, on all threads. */
export function multiply(
  { a, b, c }: { a: Operand; b: Operand; c: Pick<SimdArray, "pointer"> },
  { m, n, k, cRow = n, bias = 0, accumulate = false }: ProductOptions,
  runtime: SimdRuntime,
): void {
  const packed = pack(b, { n, k }, runtime);
  const rows = Math.max(TILE_ROWS, Math.min(ROW_GRAIN, Math.ceil(m / 4 / TILE_ROWS) * TILE_ROWS));
  const args = [a.pointer, a.row, a.column, packed, bias, c.pointer, cRow, n, k, Number(accumulate)];
  runtime.run("gemmRows", { units: m, grain: rows }, args);
}

/** C `[m, n]` = Aᵀ·B for dense A `[k, m]` and B `[k, n]`, as in gradients of weights: k is long, m and n are short. */
export function multiplyTransposed(
  { a, b, c }: Record<"a" | "b" | "c", Pick<SimdArray, "pointer">>,
  { m, n, k }: { m: number; n: number; k: number },
  runtime: SimdRuntime,
): void {
  const most = Math.floor(MAX_PARTIALS / (m * n));
  const slices = Math.min(most, Math.ceil(k / SLICE_DEPTH));
  if (slices < 2 || Math.ceil(n / TILE_COLUMNS) * TILE_COLUMNS > 2048) {
    const operands = { a: { pointer: a.pointer, row: 1, column: m }, b: { pointer: b.pointer, row: n, column: 1 }, c };
    multiply(operands, { m, n, k }, runtime);
    return;
  }
  const sliceDepth = Math.ceil(k / slices);
  const count = Math.ceil(k / sliceDepth);
  const partials = runtime.scratch(count * m * n + 4);
  const args = [a.pointer, b.pointer, partials.pointer, m, n, k, sliceDepth];
  runtime.run("gemmSlices", { units: count, grain: 1 }, args);
  sumSlices(partials, { to: c, count, stride: m * n, length: m * n }, runtime);
}

/** to[i] = Σ over `count` slices of from[slice·stride + i], for i below `length`, in the order of the slices. */
export function sumSlices(
  from: Pick<SimdArray, "pointer">,
  { to, count, stride, length }: { to: Pick<SimdArray, "pointer">; count: number; stride: number; length: number },
  runtime: SimdRuntime,
): void {
  const blocks = Math.ceil(length / 1024);
  runtime.run("sumSlices", { units: blocks, grain: 16 }, [from.pointer, to.pointer, count, stride, length]);
}
