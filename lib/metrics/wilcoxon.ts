/** Wilcoxon's signed-rank test of paired differences. */
import { twoSidedTail } from "./_normal.ts";
import { midranks } from "./_ranks.ts";

/** How the probability is computed. */
export type WilcoxonMethod = "exact" | "normal";

/** What the test says. */
export interface WilcoxonResult {
  /** The smaller of the sums of ranks of positive and of negative differences. */
  readonly statistic: number;
  /** Two-sided probability of a statistic this small when differences of both signs are alike. */
  readonly pValue: number;
  /** Differences that are not 0: those of 0 are dropped. */
  readonly count: number;
  readonly method: WilcoxonMethod;
}

/** Up to this many differences the distribution is computed, above it is near enough to a normal one. */
const LARGEST_EXACT = 50;

/**
 * Tests whether paired differences lie around 0, two-sided.
 *
 * Differences of 0 are dropped, equal ones share the mean of their ranks. Up to 50 differences all 2ⁿ signs are counted,
 * given these ranks; above, the statistic is taken as normal, its variance corrected for ties, without a correction for
 * continuity. Without any difference p is 1.
 *
 * @param options `method`: one of the two, whatever the number of differences
 * @throws {RangeError} when a difference is not finite
 * @see Wilcoxon, Biometrics Bulletin 1 (1945), 80–83; scipy.stats.wilcoxon, `zero_method="wilcox"`
 */
export function wilcoxon(differences: readonly number[], options: { method?: WilcoxonMethod } = {}): WilcoxonResult {
  const unusable = differences.find((difference) => !Number.isFinite(difference));
  if (unusable !== undefined) {
    throw new RangeError(`Cannot apply wilcoxon: expected finite differences, got ${unusable}`);
  }
  const nonZero = differences.filter((difference) => difference !== 0);
  const count = nonZero.length;
  const { method = count <= LARGEST_EXACT ? "exact" : "normal" } = options;
  const { ranks, groups } = midranks(nonZero.map(Math.abs));
  const positive = ranks.reduce((sum, rank, i) => sum + (nonZero[i] > 0 ? rank : 0), 0);
  const statistic = Math.min(positive, count * (count + 1) / 2 - positive);
  if (count === 0) return { statistic, pValue: 1, count, method };
  const pValue = method === "exact" ? exactProbability(statistic, ranks) : normalProbability(statistic, groups);
  return { statistic, pValue, count, method };
}

/** Counts for every sum of ranks in how many of the 2ⁿ choices of signs the positive ones add up to it. */
function exactProbability(statistic: number, ranks: Float64Array): number {
  // Twice the ranks: ties make halves.
  const doubled = Array.from(ranks, (rank) => Math.round(2 * rank));
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  const share = new Float64Array(total + 1);
  share[0] = 1;
  for (const rank of doubled) {
    for (let sum = total; sum >= 0; sum--) share[sum] = (share[sum] + (sum >= rank ? share[sum - rank] : 0)) / 2;
  }
  const tail = share.subarray(0, Math.round(2 * statistic) + 1).reduce((sum, value) => sum + value, 0);
  return Math.min(1, 2 * tail);
}

function normalProbability(statistic: number, groups: readonly number[]): number {
  const count = groups.reduce((sum, size) => sum + size, 0);
  const ties = groups.reduce((sum, size) => sum + size ** 3 - size, 0);
  const variance = (count * (count + 1) * (2 * count + 1) - ties / 2) / 24;
  return twoSidedTail(Math.abs(statistic - count * (count + 1) / 4) / Math.sqrt(variance));
}
