/** Bootstrap intervals: what can be said of them without drawing them by hand. */
import assert from "node:assert/strict";
import { bootstrapInterval, mean } from "../../lib/metrics/mod.ts";

const VALUES = Array.from({ length: 100 }, (_, i) => (i * 37) % 100 / 100);

/** Mean of the chosen values. */
function meanOf(indices: Int32Array): number {
  return mean(Array.from(indices, (i) => VALUES[i]));
}

Deno.test("bootstrapInterval() depends on the seed alone", () => {
  const [first, again, other] = [1, 1, 2].map((seed) => bootstrapInterval(100, meanOf, { seed, resamples: 200 }));
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
});

Deno.test("bootstrapInterval() of a mean is about 1.96 standard errors to both sides", () => {
  const { low, high, undefinedResamples } = bootstrapInterval(100, meanOf, { seed: 0, resamples: 4000 });
  // The values are 0, 0.01 … 0.99: mean 0.495, SD √(9999/12)/100, divided by √100.
  const error = Math.sqrt(9999 / 12) / 1000;
  assert(Math.abs(low - (0.495 - 1.96 * error)) < 0.1 * error, `${low}`);
  assert(Math.abs(high - (0.495 + 1.96 * error)) < 0.1 * error, `${high}`);
  assert.equal(undefinedResamples, 0);
});

Deno.test("bootstrapInterval() grows with its level", () => {
  const [narrow, wide] = [0.5, 0.99].map((level) => bootstrapInterval(100, meanOf, { seed: 0, resamples: 500, level }));
  assert(wide.low < narrow.low && narrow.high < wide.high);
});

Deno.test("bootstrapInterval() draws as many cases as there are, with replacement", () => {
  const seen = new Set<number>();
  let repeated = false;
  bootstrapInterval(5, (indices) => {
    assert.equal(indices.length, 5);
    for (const i of indices) seen.add(i);
    repeated ||= new Set(indices).size < 5;
    return 1;
  }, { seed: 3, resamples: 50 });
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4]);
  assert(repeated);
});

Deno.test("bootstrapInterval() leaves resamples without a value out and counts them", () => {
  const { low, high, undefinedResamples } = bootstrapInterval(
    2,
    (indices) => indices[0] === indices[1] ? NaN : 7,
    { seed: 0, resamples: 400 },
  );
  assert.deepEqual([low, high], [7, 7]);
  assert(undefinedResamples > 150 && undefinedResamples < 250);
});

Deno.test("bootstrapInterval() of fewer than two cases does not exist", () => {
  for (const count of [0, 1]) {
    const nothing = { low: NaN, high: NaN, undefinedResamples: 0 };
    assert.deepEqual(bootstrapInterval(count, () => 1, { seed: 0 }), nothing);
  }
});

Deno.test("bootstrapInterval() throws for a level or a number of resamples that is none", () => {
  for (const level of [0, 1, NaN]) {
    assert.throws(() => bootstrapInterval(9, meanOf, { seed: 0, level }), {
      name: "RangeError",
      message: `Cannot draw a bootstrap: expected a level between 0 and 1, got ${level}`,
    });
  }
  for (const resamples of [0, 1.5]) {
    assert.throws(() => bootstrapInterval(9, meanOf, { seed: 0, resamples }), {
      name: "RangeError",
      message: `Cannot draw a bootstrap: expected at least 1 resample, got ${resamples}`,
    });
  }
});
