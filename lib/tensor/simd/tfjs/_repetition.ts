/** How a shape repeats in another: what broadcasting writes several times, and its gradient sums. */

/** How a smaller shape repeats in a larger one: each of its `batch` blocks `outer` times. */
export interface Repetition {
  readonly batch: number;
  readonly outer: number;
  /** Values of a block. */
  readonly block: number;
}

/** Null where axes that repeat and axes that do not take turns more often than keep, repeat, keep. */
export function repetitionOf(small: readonly number[], shape: readonly number[]): Repetition | null {
  const missing = shape.length - small.length;
  // Runs of neighbouring axes of one kind.
  const runs: { repeats: boolean; size: number }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const repeats = axis < missing || small[axis - missing] === 1;
    const last = runs[runs.length - 1];
    if (last?.repeats === repeats) last.size *= size;
    else runs.push({ repeats, size });
  });
  const take = (repeats: boolean): number => runs[0]?.repeats === repeats ? runs.shift()!.size : 1;
  const [batch, outer, block] = [take(false), take(true), take(false)];
  return runs.length === 0 ? { batch, outer, block } : null;
}
