import assert from "node:assert/strict";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";

const { summarize, compare, correct } = STUDY_STATISTICS;

Deno.test("STUDY_STATISTICS summarises with an interval around the mean, the same at every call", () => {
  const summary = summarize([0.2, 0.4, 0.9, NaN]);
  assert.equal(summary.count, 3);
  assert.ok(Math.abs(summary.mean - 0.5) < 1e-12);
  assert.ok(summary.low >= 0.2 && summary.low < 0.5 && summary.high > 0.5 && summary.high <= 0.9);
  assert.deepEqual(summarize([0.2, 0.4, 0.9, NaN]), summary);
});

Deno.test("STUDY_STATISTICS compares first minus second, subject by subject", () => {
  const { difference, test } = compare([3, 5, 8], [1, 2, 4]);
  assert.equal(difference.mean, 3);
  // Three of three differences with the same sign, of 2³ equally likely ones, on both sides.
  assert.equal(test.pValue, 0.25);
});

Deno.test("STUDY_STATISTICS corrects p-values after Holm", () => {
  assert.deepEqual(correct([0.04, 0.01]), [0.04, 0.02]);
});
