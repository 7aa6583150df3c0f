/** Quantiles of numbers. */

/**
 * The quantile of sorted numbers, linear between neighbours.
 *
 * Infinite values are taken as they are: between two equal infinities lies the same.
 *
 * @param sorted ascending, without NaN
 * @param share in [0, 1]: 0.5 is the median
 * @returns NaN of nothing
 * @throws {RangeError} when the share is outside its interval
 * @see numpy.percentile, method "linear"
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot take a quantile: expected a share from 0 to 1, got ${share}`);
  }
  if (sorted.length === 0) return NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place), above = Math.ceil(place);
  const low = sorted[below], high = sorted[above];
  return low === high ? low : low + (high - low) * (place - below);
}
