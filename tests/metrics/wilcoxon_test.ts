/** The signed-rank test: by hand, and against values of scipy 1.17. */
import assert from "node:assert/strict";
import { wilcoxon, type WilcoxonMethod } from "../../lib/metrics/mod.ts";

/** 60 differences without ties. */
const MANY = Array.from({ length: 60 }, (_, i) => (i * 7919) % 101 / 10 - 4.03);

/** 30 differences with ties and one 0. */
// deno-fmt-ignore
const TIED = [0.3, 0.1, 0.8, 0.3, -0.3, 0.6, 1.5, 1.1, -0.5, -1.1, -0.4, 0.2, -2.1, 0, -1, -0.5, -0.3, -0.1, 0.6, 1.2, 0.1,
  1.6, -0.5, 0.6, 1.1, 0.3, -0.5, -0.7, -0.3, 0.4];

function near(got: number, expected: number): void {
  assert(Math.abs(got - expected) <= 1e-12 * expected, `${got}, not ${expected}`);
}

Deno.test("wilcoxon() counts by hand in how many ways the signs are as uneven", () => {
  // Ranks 1 2 3 4 with 1 negative: sums of 0 and 1 are 2 of the 16 ways, both tails 4.
  assert.deepEqual(wilcoxon([5, -1, 2, 3]), { statistic: 1, pValue: 4 / 16, count: 4, method: "exact" });
  assert.deepEqual(wilcoxon([1, 2, 3, 4, 5]), { statistic: 0, pValue: 2 / 32, count: 5, method: "exact" });
  assert.equal(wilcoxon([1]).pValue, 1);
  // Three equal differences have rank 2 each: 0 or 2 in 4 of 8 ways, both tails all of them.
  assert.deepEqual(wilcoxon([1, 1, -1]), { statistic: 2, pValue: 1, count: 3, method: "exact" });
});

Deno.test("wilcoxon() gives the probabilities of scipy", () => {
  const table: [number[], WilcoxonMethod, number, number][] = [
    [[0.5, 1.1, -0.3, 2.2, 3.1, -1.7, 0.9, 1.4], "exact", 7, 0.1484375],
    [[0.5, 1.1, -0.3, 2.2, 3.1, -1.7, 0.9, 1.4], "normal", 7, 0.12348527214454898],
    [[1, 2, 3, 0, -1.5, 4], "exact", 2, 0.1875],
    [[1, 2, 3, 0, -1.5, 4], "normal", 2, 0.13801073756865956],
    [[1, 1, 2, -3, 4, 5], "exact", 4, 0.1875],
    [[1, 1, 2, -3, 4, 5], "normal", 4, 0.17177277759571152],
    [TIED, "normal", 189, 0.5370313227587193],
    [MANY.slice(0, 50), "exact", 436, 0.05178623002471738],
    [MANY.slice(0, 50), "normal", 436, 0.0517586538643236],
    [MANY, "normal", 614, 0.026702290402880455],
  ];
  for (const [differences, method, statistic, pValue] of table) {
    const got = wilcoxon(differences, { method });
    assert.equal(got.statistic, statistic);
    near(got.pValue, pValue);
  }
});

Deno.test("wilcoxon() computes the distribution up to 50 differences that are not 0", () => {
  assert.equal(wilcoxon([...MANY.slice(0, 50), 0, 0]).method, "exact");
  assert.equal(wilcoxon(MANY.slice(0, 51)).method, "normal");
});

Deno.test("wilcoxon() does not know which method came first, or the unit", () => {
  for (const method of ["exact", "normal"] as const) {
    const { pValue } = wilcoxon(TIED, { method });
    assert.equal(wilcoxon(TIED.map((value) => -8 * value), { method }).pValue, pValue);
  }
});

Deno.test("wilcoxon() is precise far out in the tail of the normal distribution", () => {
  // Of 80 positive differences z = 1620 / √43470 = 7.77; the value is scipy's.
  const { pValue } = wilcoxon(Array.from({ length: 80 }, (_, i) => i + 1));
  near(pValue, 7.849526548031477e-15);
});

Deno.test("wilcoxon() without any difference is 1", () => {
  for (const differences of [[], [0, 0, 0]]) {
    assert.deepEqual(wilcoxon(differences), { statistic: 0, pValue: 1, count: 0, method: "exact" });
  }
});

Deno.test("wilcoxon() throws for a difference that is not finite", () => {
  for (const value of [NaN, -Infinity]) {
    assert.throws(() => wilcoxon([1, value]), {
      name: "RangeError",
      message: `Cannot apply wilcoxon: expected finite differences, got ${value}`,
    });
  }
});
