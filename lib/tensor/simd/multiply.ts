/** Matrix products of tensors in the heap. */
import type { SimdArray, SimdRuntime } from "./runtime.ts";

/** An operand: array, elements between its rows, elements between its columns. */
export type Operand = readonly [array: SimdArray, row: number, column: number];

/** C `[m, n]` = A `[m, k]` · B `[k, n]`, or C += …; C is row-major and dense. */
export function multiply(
  { a, b, c }: { a: Operand; b: Operand; c: SimdArray },
  { m, n, k, accumulate = false }: { m: number; n: number; k: number; accumulate?: boolean },
  { kernels, gemmScratch }: SimdRuntime,
): void {
  const [left, aRow, aColumn] = a;
  const [right, bRow, bColumn] = b;
  const addresses = [left.pointer, aRow, aColumn, right.pointer, bRow, bColumn, c.pointer, n] as const;
  kernels.gemm(...addresses, m, n, k, Number(accumulate), gemmScratch);
}
