/** Which tile of the matrix product is the faster one in this process. */
import type { Heap } from "./heap.ts";
import type { KernelExports } from "./kernels.ts";

/** A product whose operands stay in the caches: some 0.1 ms. */
const ROWS = 96, COLUMNS = 128, DEPTH = 256;
/** A tile's time counts once so many trials in a row have not been faster. */
const SETTLED = 40;
/** Code starts as V8's quick compiler leaves it; the optimised one is several times as fast. */
const OPTIMISED = 2;
/** Longest wait for the optimised code, which a busy machine delays. */
const LONGEST_MS = 400;

/**
 * How much faster tiles of 16 columns are than two of 8; both give the same bits. Takes some 20 ms.
 *
 * Measured: 1.35 where V8 turns pairs of 128-bit operations into 256-bit ones, 0.95 under its default flags and 0.7 with
 * 128-bit operations and no bounds checks, since 16 columns then need more registers than there are.
 */
export function wideTileGain(kernels: KernelExports, heap: Heap): number {
  const sizes = [ROWS * DEPTH, COLUMNS * DEPTH, ROWS * COLUMNS];
  const blocks = sizes.map((length) => heap.allocate(4 * length));
  blocks.forEach((block) => heap.view(block).fill(0));
  const [a, b, c] = blocks.map(({ pointer }) => pointer);
  const time = (wide: boolean): number => {
    kernels.setWideTiles(Number(wide));
    const start = performance.now();
    kernels.gemmRows(a, DEPTH, 1, b, 0, c, COLUMNS, COLUMNS, DEPTH, 0, 0, ROWS);
    return performance.now() - start;
  };
  const first = [time(true), time(false)];
  const best = [...first];
  const end = performance.now() + LONGEST_MS;
  for (let unchanged = 0; unchanged < SETTLED && performance.now() < end; unchanged++) {
    [time(true), time(false)].forEach((elapsed, tile) => {
      if (elapsed < 0.98 * best[tile] || first[tile] < OPTIMISED * best[tile]) unchanged = 0;
      best[tile] = Math.min(best[tile], elapsed);
    });
  }
  blocks.forEach((block) => heap.release(block));
  return best[1] / best[0];
}
