/** Scores of many cases in a few numbers. */
import { bootstrapInterval, type BootstrapOptions } from "./bootstrap.ts";
import { quantile } from "./quantile.ts";

/** A score over cases; NaN where a number is undefined. */
export interface ScoreSummary {
  /** Cases that the numbers below are of. */
  readonly count: number;
  /** Cases left out because the score is undefined (NaN). */
  readonly undefinedCases: number;
  /** Cases left out because the score is infinite: a distance to an empty mask. */
  readonly infiniteCases: number;
  readonly mean: number;
  /** Sample standard deviation, divisor n − 1. */
  readonly sd: number;
  readonly median: number;
  /** Bootstrap interval of the mean. */
  readonly low: number;
  readonly high: number;
}

/** Summarises the finite ones among the scores of a region, and counts the others. */
export function summarizeScores(scores: readonly number[], bootstrap: BootstrapOptions): ScoreSummary {
  const finite = Float64Array.from(scores.filter(Number.isFinite));
  const { low, high } = bootstrapInterval(finite.length, (indices) => meanAt(finite, indices), bootstrap);
  const undefinedCases = scores.filter(Number.isNaN).length;
  return {
    count: finite.length,
    undefinedCases,
    infiniteCases: scores.length - finite.length - undefinedCases,
    mean: mean(finite),
    sd: standardDeviation(finite),
    median: quantile(finite.toSorted(), 0.5),
    low,
    high,
  };
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Sample standard deviation, divisor n − 1; NaN of fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return NaN;
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

function meanAt(values: Float64Array, indices: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < indices.length; i++) sum += values[indices[i]];
  return sum / indices.length;
}
