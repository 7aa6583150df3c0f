import assert from "node:assert/strict";
import { type Random, randomStream } from "../lib/random.ts";

function draws<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, draw);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean of the k-th powers. */
function moment(values: readonly number[], k: number): number {
  return mean(values.map((value) => value ** k));
}

/** Asserts |value − expected| ≤ 4.5 standard errors; a right generator fails once in 150 000 seeds. */
function assertWithinError(value: number, expected: number, standardError: number): void {
  const errors = Math.abs(value - expected) / standardError;
  assert(errors <= 4.5, `expected ${expected} ± ${standardError}, got ${value}: ${errors.toFixed(1)} standard errors`);
}

Deno.test("randomStream() gives the frozen numbers of its key", () => {
  const random = randomStream(42, "crop", 3, 7);
  assert.deepEqual(draws(4, () => random.bits()), [3065817256, 1242639479, 2012375646, 2511238310]);
  assert.equal(random.uniform(), 0.7935763248322857);
  assert.equal(random.normal(), 1.2524980827211454);
  assert.equal(random.normal(), 1.6738586650176699);
  assert.equal(random.integer(1000), 496);
  assert.deepEqual(random.shuffle([0, 1, 2, 3, 4, 5, 6]), [6, 4, 3, 1, 0, 2, 5]);
  assert.deepEqual(random.sample(["a", "b", "c", "d"], 2), ["d", "a"]);
  const other = randomStream(-1, "");
  assert.deepEqual(draws(2, () => other.bits()), [811304939, 458032756]);
});

Deno.test("randomStream() gives the same numbers whenever and after whatever it is opened", () => {
  const one = randomStream(1, "mask", 2);
  const two = randomStream(1, "mask", 2);
  const mixed = draws(9, () => [one.bits(), randomStream(8, "x").bits(), two.bits()]);
  for (const [a, , b] of mixed) assert.equal(a, b);
});

Deno.test("randomStream() gives another stream for every other key", () => {
  const keys: [number, string, ...number[]][] = [
    [1, "crop"],
    [2, "crop"],
    [-1, "crop"],
    [1 + 2 ** 32, "crop"],
    [1, "mask"],
    [1, "cro", 112],
    [1, "crop", 0],
    [1, "crop", 0, 0],
    [1, "crop", 1],
    [1, "crop", 2 ** 32],
    [1, "crop", -(2 ** 32)],
    [1, "crop", 0, 1],
    [1, "crop", 1, 0],
    [1, ""],
    [1, "", 99],
  ];
  const firsts = keys.map((key) => randomStream(...key).bits());
  assert.equal(new Set(firsts).size, keys.length);
});

Deno.test("randomStream() gives uncorrelated, uniform first draws over neighbouring counters", () => {
  const count = 10_000;
  const firsts = draws(count, () => 0).map((_, i) => randomStream(7, "mask", 0, i).uniform() - 0.5);
  assertWithinError(mean(firsts), 0, Math.sqrt(1 / 12 / count));
  assertWithinError(moment(firsts, 2), 1 / 12, Math.sqrt(1 / 180 / count));
  const products = firsts.slice(1).map((value, i) => value * firsts[i]);
  assertWithinError(mean(products), 0, 1 / 12 / Math.sqrt(count - 1));
  const otherPurpose = firsts.map((value, i) => value * (randomStream(7, "crop", 0, i).uniform() - 0.5));
  assertWithinError(mean(otherPurpose), 0, 1 / 12 / Math.sqrt(count));
});

Deno.test("bits() sets each of the 32 bits half of the time", () => {
  const random = randomStream(3, "bits");
  const values = draws(10_000, () => random.bits());
  for (let bit = 0; bit < 32; bit++) {
    assertWithinError(mean(values.map((value) => (value >>> bit) & 1)), 0.5, 0.5 / 100);
  }
});

Deno.test("uniform() fills [0, 1) evenly and uses more than 32 bits", () => {
  const random = randomStream(3, "uniform");
  const values = draws(20_000, () => random.uniform());
  assert(values.every((value) => value >= 0 && value < 1));
  for (let bin = 0; bin < 10; bin++) {
    const share = mean(values.map((value) => (Math.floor(value * 10) === bin ? 1 : 0)));
    assertWithinError(share, 0.1, Math.sqrt(0.09 / values.length));
  }
  assert(values.some((value) => !Number.isInteger(value * 2 ** 32)));
  assert(values.every((value) => Number.isInteger(value * 2 ** 53)));
});

Deno.test("between() maps uniform() to [low, high)", () => {
  const a = randomStream(5, "between");
  const b = randomStream(5, "between");
  for (let i = 0; i < 20; i++) assert.equal(a.between(-2, 6), -2 + 8 * b.uniform());
});

Deno.test("normal() has the moments of the standard normal distribution and independent pairs", () => {
  const random = randomStream(3, "normal");
  const values = draws(40_000, () => random.normal());
  assertWithinError(mean(values), 0, 1 / 200);
  assertWithinError(moment(values, 2), 1, Math.sqrt(2) / 200);
  assertWithinError(moment(values, 3), 0, Math.sqrt(15) / 200);
  assertWithinError(moment(values, 4), 3, Math.sqrt(96) / 200);
  const beyond = mean(values.map((value) => (Math.abs(value) > 1.959964 ? 1 : 0)));
  assertWithinError(beyond, 0.05, Math.sqrt(0.05 * 0.95) / 200);
  const pairs = values.filter((_, i) => i % 2 === 0).map((value, i) => value * values[2 * i + 1]);
  assertWithinError(mean(pairs), 0, 1 / Math.sqrt(pairs.length));
});

Deno.test("integer() gives each number equally often, also when 2^32 is not divisible by n", () => {
  const random = randomStream(3, "integer");
  const values = draws(21_000, () => random.integer(7));
  for (let n = 0; n < 7; n++) {
    const share = mean(values.map((value) => (value === n ? 1 : 0)));
    assertWithinError(share, 1 / 7, Math.sqrt(6 / 49 / values.length));
  }
  assert.deepEqual(draws(3, () => random.integer(1)), [0, 0, 0]);
});

Deno.test("integer() is unbiased where a plain remainder would not be", () => {
  const random = randomStream(3, "integer");
  // Of 2^32 words modulo 3·2^30, the lower third would come twice as often: 1/2 instead of 1/3.
  const lower = draws(6000, () => (random.integer(3 * 2 ** 30) < 2 ** 30 ? 1 : 0));
  assertWithinError(mean(lower), 1 / 3, Math.sqrt(2 / 9 / 6000));
});

Deno.test("integer() refuses an empty or broken range", () => {
  for (const n of [0, -3, 1.5, NaN]) {
    assert.throws(() => randomStream(1, "x").integer(n), {
      name: "RangeError",
      message: `Cannot draw an integer: expected a range of at least 1, got ${n}`,
    });
  }
});

Deno.test("shuffle() gives each of the 6 orders of three items equally often, in place", () => {
  const random = randomStream(3, "shuffle");
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const items = ["a", "b", "c"];
    assert.equal(random.shuffle(items), items);
    counts.set(items.join(""), (counts.get(items.join("")) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const count of counts.values()) assertWithinError(count / 6000, 1 / 6, Math.sqrt(5 / 36 / 6000));
});

Deno.test("choose() takes each item equally often", () => {
  const random = randomStream(3, "choose");
  const values = draws(6000, () => random.choose([10, 20, 30]));
  for (const item of [10, 20, 30]) {
    assertWithinError(values.filter((value) => value === item).length / 6000, 1 / 3, Math.sqrt(2 / 9 / 6000));
  }
});

Deno.test("sample() takes distinct items, all of them when asked, and leaves the list as it was", () => {
  const random: Random = randomStream(3, "sample");
  const items = [1, 2, 3, 4, 5];
  for (let count = 0; count <= 5; count++) {
    const taken = random.sample(items, count);
    assert.equal(taken.length, count);
    assert.equal(new Set(taken).size, count);
    assert(taken.every((item) => items.includes(item)));
  }
  assert.deepEqual(items, [1, 2, 3, 4, 5]);
});

Deno.test("sample() refuses to take more than there is", () => {
  assert.throws(() => randomStream(1, "x").sample(["a"], 2), {
    name: "RangeError",
    message: "Cannot sample 2 items: expected at most 1",
  });
});

Deno.test("randomStream() refuses seeds and counters that are no safe integers", () => {
  for (const [seed, counter] of [[0.5, 0], [0, NaN], [2 ** 53, 0], [0, Infinity]]) {
    assert.throws(() => randomStream(seed, "crop", counter), {
      name: "RangeError",
      message: `Cannot open random stream "crop": expected safe integers, got ${
        Number.isSafeInteger(seed) ? counter : seed
      }`,
    });
  }
});
