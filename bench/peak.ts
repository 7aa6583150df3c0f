/** What this machine can do at most: arithmetic by the micro-kernel on cached operands, and copying memory. */
import type { SimdBackend } from "../lib/tensor/simd/backend.ts";
import { sumSlices } from "../lib/tensor/simd/multiply.ts";
import type { SimdRuntime } from "../lib/tensor/simd/runtime.ts";

/** The ceilings that shares refer to. */
export interface Peak {
  /** All threads together; a multiply-add counts as two. */
  readonly gflops: number;
  /** Bytes read plus bytes written, all threads together; null when it was not measured. */
  readonly copyGBs: number | null;
  /** 256 where V8 joins pairs of 128-bit operations, as the backend found out when it started; null on a GPU. */
  readonly vectorBits: number | null;
}

/** Inner dimension and columns of the product: one panel of B is 16 KiB, and A stays next to it in the L1 cache. */
const DEPTH = 256, COLUMNS = 16;
/** Rows that a thread takes at a time, and rows for each thread. */
const GRAIN = 768, THREAD_ROWS = 8 * GRAIN;
const COPY_BYTES = 320 * 2 ** 20;

/** Measures the ceilings: the best of many short runs, since nothing but disturbance makes them slower. */
export function measurePeak(backend: SimdBackend, { copy }: { copy: boolean }): Peak {
  const { threads, vectorBits } = backend.speed;
  let gflops = 0;
  let copyGBs: number | null = null;
  backend.runKernel({}, (_, runtime) => {
    gflops = arithmeticPeak(runtime, threads);
    if (copy) copyGBs = copyPeak(runtime);
    return [];
  });
  return { gflops, copyGBs, vectorBits };
}

/**
 * Arguments of `gemmRows` for C `[rows, 16]` = A·B with A already in the order the tile wants.
 *
 * Rows of A overlap in memory: value (i, p) lies at i + 6p, so that 6 rows are adjacent and all of A fits the cache.
 */
function gemmArguments({ a, b, c }: Record<"a" | "b" | "c", number>): number[] {
  const [aRow, aColumn, bias, accumulate] = [1, 6, 0, 0];
  return [a, aRow, aColumn, b, bias, c, COLUMNS, COLUMNS, DEPTH, accumulate];
}

function arithmeticPeak(runtime: SimdRuntime, threads: number): number {
  const rows = threads * THREAD_ROWS;
  const operands = { a: rows + 6 * DEPTH, b: DEPTH * COLUMNS, c: rows * COLUMNS };
  const arrays = Object.entries(operands).map(([name, length]) => {
    const array = runtime.scratch(length);
    array.data.fill(0.5);
    return [name, array.pointer] as const;
  });
  const args = gemmArguments(Object.fromEntries(arrays) as Record<"a" | "b" | "c", number>);
  const ms = bestOf(() => {
    for (let i = 0; i < 10; i++) runtime.run("gemmRows", { units: rows, grain: GRAIN }, args);
  });
  return 10 * 2 * rows * DEPTH * COLUMNS / ms / 1e6;
}

/** The better of the SIMD copy on all threads and the platform's own on one. */
function copyPeak(runtime: SimdRuntime): number {
  const length = COPY_BYTES / 4;
  const from = runtime.scratch(length), to = runtime.scratch(length);
  from.data.fill(1);
  // The sum of one slice is a copy.
  const shared = bestOf(() => sumSlices(from, { to, count: 1, stride: length, length }, runtime));
  const single = bestOf(() => to.data.set(from.data));
  return 2 * COPY_BYTES / Math.min(shared, single) / 1e6;
}

/** The shortest time within half a second, in milliseconds. */
function bestOf(work: () => void): number {
  const start = performance.now();
  let best = Infinity, before = start, now = start;
  do {
    work();
    now = performance.now();
    best = Math.min(best, now - before);
    before = now;
  } while (now - start < 500);
  return best;
}
