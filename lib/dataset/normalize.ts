/** Scales intensities by percentiles. */
import { orderStatistics } from "./_order_statistics.ts";

/** Two percentiles, 0 ≤ lower < upper ≤ 100. */
export interface PercentileOptions {
  /** The lower one, in percent. */
  readonly lower: number;
  /** The upper one, in percent. */
  readonly upper: number;
}

/**
 * Two percentiles of all values, zeros included, with linear interpolation between neighbouring ranks.
 *
 * @param values finite numbers, at least one; they are not reordered
 * @returns the intensities at the lower and upper percentile, rounded to single precision
 * @throws {RangeError} when there are no values, or the percentiles are not 0 ≤ lower < upper ≤ 100
 * @see `numpy.percentile(values, [lower, upper])`
 */
export function percentileRange(values: Float32Array, options: PercentileOptions): { low: number; high: number } {
  return interpolateRanks(values.length, { ...options, select: (ranks) => orderStatistics(values, ranks) });
}

/**
 * The same of values that are counted rather than listed.
 *
 * @param table a value per index, in any order
 * @param counts how often the value at each index occurs
 */
export function percentileRangeOfCounts(
  table: Float32Array,
  { counts, ...options }: PercentileOptions & { readonly counts: Uint32Array },
): { low: number; high: number } {
  const used: number[] = [];
  let total = 0;
  for (let index = 0; index < counts.length; index++) {
    if (counts[index] === 0) continue;
    used.push(index);
    total += counts[index];
  }
  used.sort((a, b) => table[a] - table[b]);
  const valueAt = (rank: number): number => {
    let left = rank;
    return table[used.find((index) => (left -= counts[index]) < 0)!];
  };
  return interpolateRanks(total, { ...options, select: (ranks) => ranks.map(valueAt) });
}

function interpolateRanks(
  count: number,
  { lower, upper, select }: PercentileOptions & { select: (ranks: readonly number[]) => number[] },
): { low: number; high: number } {
  if (!(lower >= 0 && lower < upper && upper <= 100)) {
    throw new RangeError(`Cannot take percentiles: expected 0 ≤ lower < upper ≤ 100, got ${lower} and ${upper}`);
  }
  if (count === 0) throw new RangeError("Cannot take percentiles: expected at least one value, got none");
  const positions = [lower, upper].map((percent) => (percent / 100) * (count - 1));
  const ranks = positions.flatMap((position) => [Math.floor(position), Math.ceil(position)]);
  const [lowFloor, lowCeil, highFloor, highCeil] = select(ranks);
  const between = (a: number, b: number, position: number): number =>
    Math.fround(a + (b - a) * (position - Math.floor(position)));
  return { low: between(lowFloor, lowCeil, positions[0]), high: between(highFloor, highCeil, positions[1]) };
}

/**
 * Maps the lower percentile to 0 and the upper one to 1: (x − low)/(high − low).
 *
 * Where both percentiles coincide there is no scale: the result is x − low, and it is not clipped.
 *
 * @param options.clip whether to limit the result to [0, 1]
 * @throws {RangeError} as `percentileRange()`
 * @see MONAI `ScaleIntensityRangePercentiles(lower, upper, b_min=0, b_max=1, clip)`
 */
export function scaleByPercentiles(
  values: Float32Array,
  options: PercentileOptions & { readonly clip: boolean },
): Float32Array {
  return scaleToRange(values, {
    ...percentileRange(values, options),
    clip: options.clip,
    out: new Float32Array(values.length),
  });
}

/** Maps `low` to 0 and `high` to 1 as {@link scaleByPercentiles} does; `out` may be `values`. */
export function scaleToRange(
  values: Float32Array,
  { low, high, clip, out }: { low: number; high: number; clip: boolean; out: Float32Array },
): Float32Array {
  const width = high - low;
  if (width === 0) {
    for (let i = 0; i < out.length; i++) out[i] = values[i] - low;
    return out;
  }
  const [floor, ceiling] = clip ? [0, 1] : [-Infinity, Infinity];
  for (let i = 0; i < out.length; i++) {
    const scaled = (values[i] - low) / width;
    out[i] = scaled < floor ? floor : scaled > ceiling ? ceiling : scaled;
  }
  return out;
}
