/** Area under the ROC curve. */
import { midranks } from "./_ranks.ts";

/**
 * Probability that a positive case scores higher than a negative one, ties counting half: the exact area under the ROC
 * curve.
 *
 * @param scores higher means more likely positive
 * @param positive for each case whether it is
 * @returns NaN when all cases are of one kind
 * @throws {RangeError} when the lists differ in length or a score is NaN
 * @see Hanley and McNeil, Radiology 143 (1982), 29–36
 */
export function auc(scores: ArrayLike<number>, positive: readonly boolean[]): number {
  if (scores.length !== positive.length) {
    throw new RangeError(`Cannot compute AUC: expected a score per case, got ${scores.length} of ${positive.length}`);
  }
  if (Array.from(scores).some(Number.isNaN)) throw new RangeError("Cannot compute AUC: expected scores, got NaN");
  const { ranks } = midranks(scores);
  const positives = positive.filter(Boolean).length, negatives = positive.length - positives;
  const rankSum = ranks.reduce((sum, rank, i) => sum + (positive[i] ? rank : 0), 0);
  return (rankSum - positives * (positives + 1) / 2) / (positives * negatives);
}

/**
 * Mean over the classes of the AUC of one class against all others.
 *
 * @param probabilities one list per case, one probability per class
 * @param labels true class of each case, from 0
 * @returns the mean over the classes that occur and are not the only one; NaN when there is none
 */
export function oneVsRestAuc(probabilities: readonly (readonly number[])[], labels: readonly number[]): number {
  const classes = probabilities[0]?.length ?? 0;
  const areas = Array.from(
    { length: classes },
    (_, k) => auc(probabilities.map((row) => row[k]), labels.map((label) => label === k)),
  );
  const defined = areas.filter((area) => !Number.isNaN(area));
  return defined.reduce((sum, area) => sum + area, 0) / defined.length;
}
