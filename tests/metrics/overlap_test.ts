/** Overlap by hand. */
import assert from "node:assert/strict";
import { countVoxels, dice, precision, sensitivity, specificity, volumeError } from "../../lib/metrics/mod.ts";

const PREDICTION = Uint8Array.of(1, 1, 1, 0, 0, 0, 0, 0, 1, 0);
const REFERENCE = Uint8Array.of(1, 255, 0, 1, 0, 0, 0, 0, 7, 1);
const NOTHING = new Uint8Array(10);

Deno.test("countVoxels() takes every value but 0 as set", () => {
  const counts = { truePositives: 3, falsePositives: 1, falseNegatives: 2, trueNegatives: 4 };
  assert.deepEqual(countVoxels(PREDICTION, REFERENCE), counts);
});

Deno.test("countVoxels() throws when the masks differ in length", () => {
  assert.throws(() => countVoxels(PREDICTION, new Uint8Array(9)), {
    name: "TypeError",
    message: "Cannot compare masks: expected as many voxels in both, got 10 and 9",
  });
});

Deno.test("dice(), sensitivity(), precision() and specificity() are what the counts give by hand", () => {
  const counts = countVoxels(PREDICTION, REFERENCE);
  for (const convention of ["official", "monai"] as const) assert.equal(dice(counts, convention), 6 / 9);
  assert.equal(sensitivity(counts), 3 / 5);
  assert.equal(precision(counts), 3 / 4);
  assert.equal(specificity(counts), 4 / 5);
});

Deno.test("dice() does not change when the masks change places", () => {
  const [one, other] = [countVoxels(PREDICTION, REFERENCE), countVoxels(REFERENCE, PREDICTION)];
  assert.equal(dice(one, "monai"), dice(other, "monai"));
  assert.equal(sensitivity(one), precision(other));
});

Deno.test("dice() of an empty reference is 1 or 0 by the official convention and NaN by MONAI's", () => {
  const bothEmpty = countVoxels(NOTHING, NOTHING), invented = countVoxels(PREDICTION, NOTHING);
  assert.deepEqual([bothEmpty, invented].map((counts) => dice(counts, "official")), [1, 0]);
  assert.deepEqual([bothEmpty, invented].map((counts) => dice(counts, "monai")), [NaN, NaN]);
  assert.deepEqual(["official", "monai"].map((name) => dice(countVoxels(NOTHING, REFERENCE), name as "monai")), [0, 0]);
});

Deno.test("sensitivity(), precision() and specificity() are NaN where they divide by nothing", () => {
  const everything = new Uint8Array(10).fill(1);
  assert.equal(sensitivity(countVoxels(PREDICTION, NOTHING)), NaN);
  assert.equal(precision(countVoxels(NOTHING, REFERENCE)), NaN);
  assert.equal(specificity(countVoxels(PREDICTION, everything)), NaN);
});

Deno.test("volumeError() is prediction minus reference, in ml and percent of the reference", () => {
  const counts = countVoxels(PREDICTION, REFERENCE);
  assert.deepEqual(volumeError(counts, 500), { ml: -0.5, percent: -20 });
  assert.deepEqual(volumeError(countVoxels(REFERENCE, PREDICTION), 500), { ml: 0.5, percent: 25 });
  assert.deepEqual(volumeError(countVoxels(PREDICTION, NOTHING), 1000), { ml: 4, percent: NaN });
});
