/** Ranks with ties. */

/** Ranks from 1, and how many values share each. */
export interface Ranks {
  /** Rank of each value; equal values share the mean of their ranks. */
  readonly ranks: Float64Array;
  /** Sizes of the groups of equal values, those of one value included. */
  readonly groups: readonly number[];
}

/** Ranks values from the smallest. */
export function midranks(values: ArrayLike<number>): Ranks {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  const groups: number[] = [];
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    groups.push(end - start);
    start = end;
  }
  return { ranks, groups };
}
