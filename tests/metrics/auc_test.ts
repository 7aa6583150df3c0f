/** AUC by hand, against all pairs, and against scikit-learn 1.9. */
import assert from "node:assert/strict";
import { auc, oneVsRestAuc } from "../../lib/metrics/mod.ts";
import { randomStream } from "../../lib/random.ts";

Deno.test("auc() is the share of pairs that are in order, ties counting half", () => {
  assert.equal(auc([0.1, 0.4, 0.35, 0.8], [false, false, true, true]), 0.75);
  assert.equal(auc([1, 1, 2], [false, true, true]), 0.75);
  assert.equal(auc([5, 5, 5, 5], [true, false, true, false]), 0.5);
  assert.deepEqual([auc([1, 2], [false, true]), auc([1, 2], [true, false])], [1, 0]);
});

Deno.test("auc() agrees with scikit-learn on ties across classes", () => {
  const scores = [0.1, 0.4, 0.35, 0.8, 0.8, 0.35, 0.2, 0.9, 0.6, 0.4];
  const positive = [0, 1, 1, 0, 1, 0, 0, 1, 1, 0].map(Boolean);
  assert(Math.abs(auc(scores, positive) - 0.78) < 1e-15);
});

Deno.test("auc() agrees with counting every pair, and turns over with the sign", () => {
  const random = randomStream(7, "auc");
  const scores = Array.from({ length: 80 }, () => random.integer(20)),
    positive = scores.map(() => random.uniform() < 0.3);
  const [high, low] = [true, false].map((wanted) => scores.filter((_, i) => positive[i] === wanted));
  const wins = high.flatMap((a) => low.map((b): number => (a > b ? 1 : a === b ? 0.5 : 0)));
  const expected = wins.reduce((sum, win) => sum + win, 0) / wins.length;
  assert(Math.abs(auc(scores, positive) - expected) < 1e-12);
  assert(Math.abs(auc(scores.map((score) => -score), positive) - (1 - expected)) < 1e-12);
});

Deno.test("auc() of one kind of case is NaN", () => {
  assert.equal(auc([1, 2], [true, true]), NaN);
  assert.equal(auc([1, 2], [false, false]), NaN);
});

Deno.test("auc() throws when scores are missing", () => {
  assert.throws(() => auc([1], [true, false]), {
    name: "RangeError",
    message: "Cannot compute AUC: expected a score per case, got 1 of 2",
  });
  assert.throws(() => auc([1, NaN], [true, false]), {
    name: "RangeError",
    message: "Cannot compute AUC: expected scores, got NaN",
  });
});

// deno-fmt-ignore
const PROBABILITIES = [[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.4, 0.35, 0.25], [0.3, 0.3, 0.4],
  [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]];

Deno.test("oneVsRestAuc() is scikit-learn's macro mean", () => {
  assert(Math.abs(oneVsRestAuc(PROBABILITIES, [0, 1, 2, 2, 1, 0, 2, 1]) - 0.9111111111111111) < 1e-15);
});

Deno.test("oneVsRestAuc() leaves classes out that do not occur", () => {
  const probabilities = [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]];
  assert.equal(oneVsRestAuc(probabilities, [0, 1, 0]), 1);
  assert.equal(oneVsRestAuc(probabilities, [1, 1, 1]), NaN);
  assert.equal(oneVsRestAuc([], []), NaN);
});
