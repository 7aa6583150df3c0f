/** Bootstrap intervals: what a score would have been with other subjects of the same kind. */
import { randomStream } from "../random.ts";
import { quantile } from "./quantile.ts";

/** How a bootstrap is drawn. */
export interface BootstrapOptions {
  /** The same seed gives the same interval. */
  readonly seed: number;
  /** Resamples; 2000 keep the ends of a 95 % interval steady to about a tenth of its width. */
  readonly resamples?: number;
  /** Share of the resamples inside the interval. */
  readonly level?: number;
}

/** A percentile interval; NaN at both ends where there is none. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Resamples in which the statistic was not defined; the interval is that of the others. */
  readonly undefinedResamples: number;
}

/** Defaults of {@linkcode BootstrapOptions}. */
export const DEFAULT_BOOTSTRAP = { resamples: 2000, level: 0.95 } as const;

/**
 * The percentile bootstrap interval of a statistic.
 *
 * Each resample draws as many cases as there are, with replacement, from a random stream of its own.
 *
 * @param count number of cases; below 2 there is no interval
 * @param statistic of the cases with these indices; NaN where it is undefined
 * @throws {RangeError} when the level is not between 0 and 1, or there are no resamples
 * @see Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13
 */
export function bootstrapInterval(
  count: number,
  statistic: (indices: Int32Array) => number,
  options: BootstrapOptions,
): Interval {
  const { seed, resamples, level } = { ...DEFAULT_BOOTSTRAP, ...options };
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot draw a bootstrap: expected a level between 0 and 1, got ${level}`);
  }
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`Cannot draw a bootstrap: expected at least 1 resample, got ${resamples}`);
  }
  if (count < 2) return { low: NaN, high: NaN, undefinedResamples: 0 };
  const indices = new Int32Array(count);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const random = randomStream(seed, "bootstrap", resample);
    for (let i = 0; i < count; i++) indices[i] = random.integer(count);
    const value = statistic(indices);
    if (!Number.isNaN(value)) values.push(value);
  }
  const sorted = Float64Array.from(values).sort();
  const [low, high] = [(1 - level) / 2, (1 + level) / 2].map((share) => quantile(sorted, share));
  return { low, high, undefinedResamples: resamples - values.length };
}
