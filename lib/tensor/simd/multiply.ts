/** Matrix products of tensors in the heap. */
import type { gemm as plainGemm } from "../ops/_gemm.ts";
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

/** The plain product's signature over matrices whose data are views of the heap; columns of C must be contiguous. */
export function heapGemm({ kernels, gemmScratch }: SimdRuntime): typeof plainGemm {
  return ({ a, b, c }, { m, n, k, accumulate = false }) => {
    const at = ({ data, start }: { data: Float32Array; start: number }): number => data.byteOffset + 4 * start;
    const left = [at(a), a.row, a.column] as const;
    const right = [at(b), b.row, b.column] as const;
    kernels.gemm(...left, ...right, at(c), c.row, m, n, k, Number(accumulate), gemmScratch);
  };
}
