/** Two methods on the same cases: their paired differences, and what many tests at once are worth. */
import type { BootstrapOptions } from "./bootstrap.ts";
import { type ScoreSummary, summarizeScores } from "./summary.ts";
import { wilcoxon, type WilcoxonResult } from "./wilcoxon.ts";

/** Paired differences of a score, first minus second. */
export interface PairedComparison {
  /** Over the cases in which both scores are finite; the others are counted. */
  readonly difference: ScoreSummary;
  readonly test: WilcoxonResult;
}

/**
 * Compares two lists of scores, case by case.
 *
 * @param first scores of one method; NaN and infinite ones leave the case out
 * @param second scores of the other on the same cases in the same order
 * @throws {RangeError} when the lists differ in length
 */
export function comparePaired(
  first: readonly number[],
  second: readonly number[],
  bootstrap: BootstrapOptions,
): PairedComparison {
  if (first.length !== second.length) {
    throw new RangeError(`Cannot compare scores: expected pairs, got ${first.length} and ${second.length}`);
  }
  // A difference of infinities would be NaN or infinite by chance of the other one: either way it is not one.
  const differences = first.map((value, i) =>
    Number.isFinite(value) && Number.isFinite(second[i]) ? value - second[i] : NaN
  );
  return {
    difference: summarizeScores(differences, bootstrap),
    test: wilcoxon(differences.filter((value) => !Number.isNaN(value))),
  };
}

/**
 * Holm's correction: p-values for tests that were made together, so that the chance of any false alarm among them stays
 * at the level at which each is read.
 *
 * @returns adjusted p-values in the order of the input
 * @throws {RangeError} when a p-value is outside 0…1
 * @see Holm, Scandinavian Journal of Statistics 6 (1979), 65–70
 */
export function holm(pValues: readonly number[]): number[] {
  const outside = pValues.find((p) => !(p >= 0 && p <= 1));
  if (outside !== undefined) throw new RangeError(`Cannot correct p-values: expected 0 to 1, got ${outside}`);
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, place) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - place) * pValues[index]));
    adjusted[index] = largest;
  });
  return adjusted;
}
