/** Percentiles and the scaling by them. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { percentileRange, scaleByPercentiles } from "../../lib/dataset/normalize.ts";
import { randomStream } from "../../lib/random.ts";

Deno.test("percentileRange() interpolates between neighbouring ranks", () => {
  // Sorted: 1 2 4 8 16; 25 % lies on rank 1, 90 % at rank 3.6.
  const values = Float32Array.of(16, 1, 8, 2, 4);
  deepStrictEqual(percentileRange(values, { lower: 25, upper: 90 }), { low: 2, high: Math.fround(12.8) });
  deepStrictEqual(percentileRange(values, { lower: 0, upper: 100 }), { low: 1, high: 16 });
  deepStrictEqual([...values], [16, 1, 8, 2, 4]);
});

Deno.test("percentileRange() orders negative numbers, zeros of both signs and tiny numbers", () => {
  const values = Float32Array.of(3e-40, -0, -1e30, 0, -2, 1e30, -3e-40, 2);
  deepStrictEqual(percentileRange(values, { lower: 100 / 7, upper: 600 / 7 }), { low: -2, high: 2 });
  const tiny = percentileRange(values, { lower: 200 / 7, upper: 500 / 7 });
  deepStrictEqual(tiny, { low: Math.fround(-3e-40), high: Math.fround(3e-40) });
});

Deno.test("percentileRange() agrees with sorting on values of all magnitudes", () => {
  const random = randomStream(7, "percentiles");
  const values = new Float32Array(4097).map(() => random.normal() * 10 ** random.between(-6, 6));
  const sorted = values.slice().sort();
  for (const [lower, upper] of [[5, 95], [0.1, 99.9], [33, 50]]) {
    const expected = [lower, upper].map((percent) => {
      const position = (percent / 100) * 4096;
      const floor = Math.floor(position);
      return Math.fround(sorted[floor] + (sorted[Math.ceil(position)] - sorted[floor]) * (position - floor));
    });
    const { low, high } = percentileRange(values, { lower, upper });
    deepStrictEqual([low, high], expected);
  }
});

Deno.test("percentileRange() works on a part of a longer buffer", () => {
  const part = Float32Array.of(100, 3, 1, 2, -100).subarray(1, 4);
  deepStrictEqual(percentileRange(part, { lower: 0, upper: 100 }), { low: 1, high: 3 });
});

Deno.test("percentileRange() takes one value for every percentile", () => {
  deepStrictEqual(percentileRange(Float32Array.of(-4), { lower: 5, upper: 95 }), { low: -4, high: -4 });
});

Deno.test("percentileRange() refuses no values and percentiles out of order or range", () => {
  throws(() => percentileRange(new Float32Array(0), { lower: 5, upper: 95 }), {
    name: "RangeError",
    message: "Cannot take percentiles: expected at least one value, got none",
  });
  for (const [lower, upper] of [[-1, 95], [5, 101], [50, 50], [95, 5], [NaN, 95]]) {
    throws(() => percentileRange(Float32Array.of(1), { lower, upper }), {
      name: "RangeError",
      message: `Cannot take percentiles: expected 0 ≤ lower < upper ≤ 100, got ${lower} and ${upper}`,
    });
  }
});

Deno.test("scaleByPercentiles() maps the two percentiles to 0 and 1, clipped on demand", () => {
  const values = Float32Array.of(0, 10, 20, 30, 40);
  deepStrictEqual([...scaleByPercentiles(values, { lower: 25, upper: 75, clip: true })], [0, 0, 0.5, 1, 1]);
  deepStrictEqual([...scaleByPercentiles(values, { lower: 25, upper: 75, clip: false })], [-0.5, 0, 0.5, 1, 1.5]);
  deepStrictEqual([...values], [0, 10, 20, 30, 40]);
});

Deno.test("scaleByPercentiles() only shifts, and does not clip, where both percentiles coincide", () => {
  const values = new Float32Array(101).fill(3);
  values[7] = 50;
  const scaled = scaleByPercentiles(values, { lower: 5, upper: 95, clip: true });
  strictEqual(scaled[7], 47);
  strictEqual(scaled[8], 0);
});
