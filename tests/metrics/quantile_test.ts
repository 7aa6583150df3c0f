/** Quantiles by hand. */
import assert from "node:assert/strict";
import { quantile } from "../../lib/metrics/mod.ts";

Deno.test("quantile() is linear between neighbours", () => {
  assert.deepEqual([0, 0.25, 0.5, 0.75, 1].map((share) => quantile([1, 2, 4, 8], share)), [1, 1.75, 3, 5, 8]);
  assert.equal(quantile([7], 0.3), 7);
});

Deno.test("quantile() takes infinities as they are, and of nothing is NaN", () => {
  assert.equal(quantile([Infinity, Infinity], 0.95), Infinity);
  assert.equal(quantile([1, 2, Infinity], 0.5), 2);
  assert.equal(quantile([], 0.5), NaN);
});

Deno.test("quantile() throws for a share outside its interval", () => {
  for (const share of [-0.1, 1.1, NaN]) {
    assert.throws(() => quantile([1], share), {
      name: "RangeError",
      message: `Cannot take a quantile: expected a share from 0 to 1, got ${share}`,
    });
  }
});
