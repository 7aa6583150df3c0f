/** Classification by hand and against scikit-learn 1.9. */
import assert from "node:assert/strict";
import {
  accuracy,
  balancedAccuracy,
  CLASSIFICATION_SCORES,
  classificationIntervals,
  classificationScores,
  type ClassifiedCase,
  confusionMatrix,
  f1,
  macroF1,
  predictedClass,
} from "../../lib/metrics/mod.ts";

const LABELS = [0, 1, 2, 2, 1, 0, 2, 1];
// deno-fmt-ignore
const PROBABILITIES = [[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.4, 0.35, 0.25], [0.3, 0.3, 0.4],
  [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]];
const CASES = LABELS.map((label, i): ClassifiedCase => ({ label, probabilities: PROBABILITIES[i] }));

/** Cases of two classes by the probability of the second. */
function binary(labels: readonly number[], seconds: readonly number[]): ClassifiedCase[] {
  return labels.map((label, i) => ({ label, probabilities: [1 - seconds[i], seconds[i]] }));
}

Deno.test("predictedClass() is the likeliest, of equals the first", () => {
  assert.deepEqual([[0.2, 0.8], [0.5, 0.5], [0.1, 0.45, 0.45]].map(predictedClass), [1, 0, 1]);
});

Deno.test("confusionMatrix() has true classes as rows", () => {
  assert.deepEqual(confusionMatrix(CASES, 3), [[2, 0, 0], [0, 2, 1], [1, 0, 2]]);
});

Deno.test("scores of a confusion matrix by hand", () => {
  const matrix = [[6, 2], [1, 3]];
  assert.equal(accuracy(matrix), 9 / 12);
  assert.equal(balancedAccuracy(matrix), (6 / 8 + 3 / 4) / 2);
  assert.equal(f1(matrix, 1), 6 / 9);
  assert.equal(f1(matrix, 0), 12 / 15);
  assert.equal(macroF1(matrix), (6 / 9 + 12 / 15) / 2);
});

Deno.test("classes that neither occur nor are predicted stay out of the means", () => {
  const matrix = [[3, 1, 0], [0, 2, 0], [0, 0, 0]];
  assert.equal(balancedAccuracy(matrix), (3 / 4 + 1) / 2);
  assert.equal(f1(matrix, 2), NaN);
  assert.equal(macroF1(matrix), (6 / 7 + 4 / 5) / 2);
  assert.deepEqual([accuracy([[0]]), balancedAccuracy([[0]]), macroF1([[0]])], [NaN, NaN, NaN]);
});

Deno.test("classificationScores() of three classes are scikit-learn's macro scores", () => {
  const scores = classificationScores(CASES, 3);
  const expected = { accuracy: 0.75, balancedAccuracy: 7 / 9, f1: 34 / 45, macroF1: 34 / 45, auc: 0.9111111111111111 };
  assert.deepEqual(Object.keys(scores), [...CLASSIFICATION_SCORES]);
  for (const name of CLASSIFICATION_SCORES) assert(Math.abs(scores[name] - expected[name]) < 1e-14, name);
});

Deno.test("classificationScores() of two classes are those of the second", () => {
  const cases = binary([0, 1, 1, 0, 1, 0, 0, 1, 1, 0], [0.1, 0.4, 0.35, 0.8, 0.8, 0.35, 0.2, 0.9, 0.6, 0.4]);
  const scores = classificationScores(cases, 2);
  const expected = { accuracy: 0.7, balancedAccuracy: 0.7, f1: 2 / 3, macroF1: 23 / 33, auc: 0.78 };
  for (const name of CLASSIFICATION_SCORES) assert(Math.abs(scores[name] - expected[name]) < 1e-14, name);
});

Deno.test("classificationIntervals() hold the scores, and count resamples without a negative or a positive case", () => {
  const cases = binary([0, 0, 0, 0, 0, 1], [0.1, 0.6, 0.2, 0.3, 0.4, 0.5]);
  const scores = classificationScores(cases, 2);
  const intervals = classificationIntervals(cases, 2, { seed: 0, resamples: 300 });
  for (const name of CLASSIFICATION_SCORES) {
    assert(intervals[name].low <= scores[name] && scores[name] <= intervals[name].high, name);
  }
  assert.equal(intervals.accuracy.undefinedResamples, 0);
  // (5/6)⁶ = 33 % of the resamples lack the only positive case.
  assert(intervals.auc.undefinedResamples > 70 && intervals.auc.undefinedResamples < 130);
});

Deno.test("confusionMatrix() throws for a class or a number of probabilities that is none", () => {
  for (const label of [-1, 3, 0.5]) {
    assert.throws(() => confusionMatrix([{ label, probabilities: [1, 0, 0] }], 3), {
      name: "RangeError",
      message: `Cannot count cases: expected a class from 0 to 2, got ${label}`,
    });
  }
  assert.throws(() => confusionMatrix([{ label: 0, probabilities: [1, 0] }], 3), {
    name: "RangeError",
    message: "Cannot count cases: expected 3 probabilities, got 2",
  });
});
