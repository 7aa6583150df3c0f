/** Scores in a few numbers, by hand. */
import assert from "node:assert/strict";
import { mean, standardDeviation, summarizeScores } from "../../lib/metrics/mod.ts";

Deno.test("summarizeScores() is of the finite scores and counts the others by kind", () => {
  const { low, high, ...rest } = summarizeScores([2, NaN, 4, Infinity, 9, NaN], { seed: 0, resamples: 100 });
  assert.deepEqual(rest, {
    count: 3,
    undefinedCases: 2,
    infiniteCases: 1,
    mean: 5,
    sd: Math.sqrt((9 + 1 + 16) / 2),
    median: 4,
  });
  assert(low >= 2 && low < 5 && high > 5 && high <= 9);
});

Deno.test("summarizeScores() of one score has no spread, and of none no mean", () => {
  const [one, none] = [[3], [NaN]].map((scores) => summarizeScores(scores, { seed: 0 }));
  assert.deepEqual([one.mean, one.median, one.sd, one.low, one.high], [3, 3, NaN, NaN, NaN]);
  assert.deepEqual([none.count, none.undefinedCases, none.mean, none.median], [0, 1, NaN, NaN]);
});

Deno.test("mean() and standardDeviation() by hand", () => {
  assert.deepEqual([mean([1, 2, 6]), mean([])], [3, NaN]);
  assert.deepEqual([standardDeviation([1, 3]), standardDeviation([5])], [Math.SQRT2, NaN]);
});
