/** Scores of classified cases. */
import { auc, oneVsRestAuc } from "./auc.ts";
import { bootstrapInterval, type BootstrapOptions, type Interval } from "./bootstrap.ts";

/** Cases by true class (row) and predicted class (column). */
export type ConfusionMatrix = readonly (readonly number[])[];

/** What is known of one case. */
export interface ClassifiedCase {
  /** True class, from 0. */
  readonly label: number;
  /** One probability per class. */
  readonly probabilities: readonly number[];
}

/** The class of the highest probability; of equal ones the first. */
export function predictedClass(probabilities: readonly number[]): number {
  return probabilities.reduce((best, value, k) => (value > probabilities[best] ? k : best), 0);
}

/**
 * Counts cases by true and predicted class.
 *
 * @throws {RangeError} when a case's label is no class, or its number of probabilities is not that of the classes
 */
export function confusionMatrix(cases: readonly ClassifiedCase[], classes: number): ConfusionMatrix {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { label, probabilities } of cases) {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`Cannot count cases: expected a class from 0 to ${classes - 1}, got ${label}`);
    }
    if (probabilities.length !== classes) {
      throw new RangeError(`Cannot count cases: expected ${classes} probabilities, got ${probabilities.length}`);
    }
    matrix[label][predictedClass(probabilities)]++;
  }
  return matrix;
}

/** Share of the cases that are classified right; NaN without cases. */
export function accuracy(matrix: ConfusionMatrix): number {
  return sum(matrix.map((row, k) => row[k])) / sum(matrix.map(sum));
}

/** Mean recall over the classes that occur; NaN without cases. */
export function balancedAccuracy(matrix: ConfusionMatrix): number {
  return definedMean(matrix.map((row, k) => row[k] / sum(row)));
}

/** F1 of one class, 2·TP / (2·TP + FP + FN); NaN where the class neither occurs nor is predicted. */
export function f1(matrix: ConfusionMatrix, positive: number): number {
  const found = matrix[positive][positive];
  return 2 * found / (sum(matrix[positive]) + sum(matrix.map((row) => row[positive])));
}

/** Mean F1 over the classes that occur or are predicted; NaN without cases. */
export function macroF1(matrix: ConfusionMatrix): number {
  return definedMean(matrix.map((_, k) => f1(matrix, k)));
}

/** Names of the scores of {@linkcode classificationScores}. */
export const CLASSIFICATION_SCORES = ["accuracy", "balancedAccuracy", "f1", "macroF1", "auc"] as const;

/** One of the scores. */
export type ClassificationScore = typeof CLASSIFICATION_SCORES[number];

/** Scores of classified cases; NaN where one is undefined. */
export type ClassificationScores = Readonly<Record<ClassificationScore, number>>;

/**
 * All scores.
 *
 * With two classes, `f1` and `auc` are those of the second class; with more, `f1` is the macro mean and `auc` the mean of
 * one class against the rest.
 *
 * @throws {RangeError} as {@linkcode confusionMatrix} does
 */
export function classificationScores(cases: readonly ClassifiedCase[], classes: number): ClassificationScores {
  return mapScores((score) => score(cases, classes));
}

/** Bootstrap intervals of all scores over the cases. */
export function classificationIntervals(
  cases: readonly ClassifiedCase[],
  classes: number,
  bootstrap: BootstrapOptions,
): Readonly<Record<ClassificationScore, Interval>> {
  return mapScores((score) => {
    const statistic = (indices: Int32Array): number => score(Array.from(indices, (i) => cases[i]), classes);
    return bootstrapInterval(cases.length, statistic, bootstrap);
  });
}

type Score = (cases: readonly ClassifiedCase[], classes: number) => number;

function mapScores<T>(apply: (score: Score) => T): Record<ClassificationScore, T> {
  return {
    accuracy: apply((cases, classes) => accuracy(confusionMatrix(cases, classes))),
    balancedAccuracy: apply((cases, classes) => balancedAccuracy(confusionMatrix(cases, classes))),
    f1: apply((cases, classes) => {
      const matrix = confusionMatrix(cases, classes);
      return classes === 2 ? f1(matrix, 1) : macroF1(matrix);
    }),
    macroF1: apply((cases, classes) => macroF1(confusionMatrix(cases, classes))),
    auc: apply(areaOf),
  };
}

function areaOf(cases: readonly ClassifiedCase[], classes: number): number {
  const probabilities = cases.map((item) => item.probabilities), labels = cases.map(({ label }) => label);
  if (classes !== 2) return oneVsRestAuc(probabilities, labels);
  return auc(probabilities.map(([, second]) => second), labels.map((label) => label === 1));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Mean of what is not NaN. */
function definedMean(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return sum(defined) / defined.length;
}
