/** Paired differences and Holm's correction, by hand. */
import assert from "node:assert/strict";
import { comparePaired, holm } from "../../lib/metrics/mod.ts";

Deno.test("comparePaired() takes first minus second where both are finite", () => {
  const first = [0.9, 0.8, NaN, 0.7, Infinity, 0.6], second = [0.5, 0.7, 0.1, 0.9, Infinity, -Infinity];
  const { difference, test } = comparePaired(first, second, { seed: 0, resamples: 100 });
  assert.equal(difference.count, 3);
  assert.equal(difference.undefinedCases, 3);
  assert(Math.abs(difference.mean - 0.1) < 1e-15);
  assert(Math.abs(difference.median - 0.1) < 1e-15);
  // Ranks 3, 1 and −2: the negative sum is 2; 3 of 8 ways give up to 2, both tails 6.
  assert.deepEqual([test.statistic, test.pValue, test.count], [2, 0.75, 3]);
});

Deno.test("comparePaired() of a method with itself finds no difference", () => {
  const { difference, test } = comparePaired([1, 2, 3], [1, 2, 3], { seed: 0 });
  assert.deepEqual([difference.mean, difference.low, difference.high, test.pValue], [0, 0, 0, 1]);
});

Deno.test("comparePaired() throws when the lists are no pairs", () => {
  assert.throws(() => comparePaired([1], [1, 2], { seed: 0 }), {
    name: "RangeError",
    message: "Cannot compare scores: expected pairs, got 1 and 2",
  });
});

Deno.test("holm() multiplies the smallest by all, the next by one less, and keeps the order", () => {
  assert.deepEqual(holm([0.03, 0.01, 0.5]), [0.06, 0.03, 0.5]);
  // The second would be 2 · 0.011 = 0.022, less than the first.
  assert.deepEqual(holm([0.01, 0.011, 0.9]), [0.03, 0.03, 0.9]);
  assert.deepEqual(holm([0.6, 0.7]), [1, 1]);
  assert.deepEqual(holm([]), []);
});

Deno.test("holm() throws for what is no probability", () => {
  for (const p of [-0.1, 1.1, NaN]) {
    assert.throws(() => holm([0.5, p]), {
      name: "RangeError",
      message: `Cannot correct p-values: expected 0 to 1, got ${p}`,
    });
  }
});
