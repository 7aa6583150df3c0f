/** Surface distances: by hand, against brute force, and under changes that must not matter. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { averageSurfaceDistance, hausdorffDistance, surfaceDice, surfaceDistances } from "../../lib/metrics/mod.ts";
import { boxMask, distanceMm, maskOf, randomMask, setVoxels } from "./_masks.ts";

/** Set voxels with a 6-neighbour that is not, by the definition. */
function surfaceOf(mask: Uint8Array, size: Triple): Triple[] {
  const inside = new Set(setVoxels(mask, size).map(String));
  const steps = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
  return setVoxels(mask, size).filter((voxel) =>
    steps.some((step) => !inside.has(String(voxel.map((v, axis) => v + step[axis]))))
  );
}

Deno.test("surfaceDistances() measures two single voxels along the spacing", () => {
  const size: Triple = [6, 7, 3];
  const [a, b] = [maskOf(size, [[1, 1, 1]]), maskOf(size, [[4, 5, 1]])];
  const distances = surfaceDistances(a, b, { size, spacingMm: [2, 1, 1] });
  const expected = Float64Array.of(Math.sqrt(36 + 16));
  assert.deepEqual(distances, { predictionToReference: expected, referenceToPrediction: expected });
});

Deno.test("surfaceDistances() leaves inner voxels out, and takes those at the edge of the grid for surface", () => {
  const size: Triple = [5, 5, 5];
  const grid = { size, spacingMm: [1, 1, 1] } as const;
  const inner = boxMask(size, [1, 1, 1], [3, 3, 3]), all = new Uint8Array(125).fill(1);
  const { predictionToReference, referenceToPrediction } = surfaceDistances(inner, all, grid);
  assert.equal(predictionToReference.length, 26);
  assert.equal(referenceToPrediction.length, 98);
  assert.deepEqual(predictionToReference, new Float64Array(26).fill(1));
  assert.equal(Math.max(...referenceToPrediction), Math.sqrt(3));
});

Deno.test("surfaceDistances() agrees with brute force on random masks", () => {
  const size: Triple = [8, 6, 7], spacingMm: Triple = [0.8, 1.3, 2.5];
  const [a, b] = [0.5, 0.7].map((share, seed) => randomMask(size, { seed, share }));
  const [from, to] = [a, b].map((mask) => surfaceOf(mask, size));
  const nearest = (voxel: Triple, others: Triple[]): number =>
    Math.min(...others.map((other) => distanceMm(voxel, other, spacingMm)));
  const { predictionToReference, referenceToPrediction } = surfaceDistances(a, b, { size, spacingMm });
  for (const [got, list, others] of [[predictionToReference, from, to], [referenceToPrediction, to, from]] as const) {
    assert.equal(got.length, list.length);
    got.forEach((distance, i) => assert(Math.abs(distance - nearest(list[i], others)) < 1e-12, `surface voxel ${i}`));
  }
});

const BY_HAND = {
  predictionToReference: Float64Array.of(0, 1, 3),
  referenceToPrediction: Float64Array.of(2, 0),
};

Deno.test("hausdorffDistance() takes the percentile each way and of the two the larger", () => {
  assert.equal(hausdorffDistance(BY_HAND), 3);
  assert.equal(hausdorffDistance(BY_HAND, { percentile: 50 }), 1);
  assert.equal(hausdorffDistance(BY_HAND, { percentile: 0 }), 0);
  assert(Math.abs(hausdorffDistance(BY_HAND, { percentile: 95 }) - 2.8) < 1e-12);
});

Deno.test("averageSurfaceDistance() is the mean over all surface voxels, or over those of the prediction", () => {
  assert.equal(averageSurfaceDistance(BY_HAND), 6 / 5);
  assert.equal(averageSurfaceDistance(BY_HAND, { directed: true }), 4 / 3);
});

Deno.test("surfaceDice() counts surface voxels up to and at the tolerance", () => {
  assert.deepEqual([0, 0.99, 1, 2, 3].map((mm) => surfaceDice(BY_HAND, mm)), [2 / 5, 2 / 5, 3 / 5, 4 / 5, 1]);
});

Deno.test("distances to an empty mask are Infinity, its surface Dice is 0, and without any voxel all is NaN", () => {
  const size: Triple = [4, 4, 4];
  const grid = { size, spacingMm: [1, 1, 1] } as const;
  const [some, none] = [boxMask(size, [1, 1, 1], [2, 2, 2]), new Uint8Array(64)];
  const scoresOf = (a: Uint8Array, b: Uint8Array): number[] => {
    const distances = surfaceDistances(a, b, grid);
    const both = [undefined, 95].map((percentile) => hausdorffDistance(distances, { percentile }));
    const directed = averageSurfaceDistance(distances, { directed: true });
    return [...both, averageSurfaceDistance(distances), directed, surfaceDice(distances, 1)];
  };
  for (const [a, b] of [[some, none], [none, some]]) {
    assert.deepEqual(scoresOf(a, b), [Infinity, Infinity, Infinity, Infinity, 0]);
  }
  assert.deepEqual(scoresOf(none, none), [NaN, NaN, NaN, NaN, NaN]);
  assert.deepEqual(scoresOf(some, some), [0, 0, 0, 0, 1]);
});

Deno.test("surface scores do not change with the order of the masks, their place, and voxels that nobody sets", () => {
  const spacingMm: Triple = [1, 0.5, 2], extent: Triple = [4, 5, 3];
  const measure = (size: Triple, at: Triple, swap = false): number[] => {
    const pair = [boxMask(size, at, extent), boxMask(size, [at[0] + 2, at[1] + 1, at[2]], extent)];
    const [a, b] = swap ? pair.toReversed() : pair;
    const distances = surfaceDistances(a, b, { size, spacingMm });
    return [hausdorffDistance(distances), averageSurfaceDistance(distances), surfaceDice(distances, 0.5)];
  };
  const expected = measure([6, 6, 3], [0, 0, 0]);
  assert(expected[0] > 0);
  assert.deepEqual(measure([6, 6, 3], [0, 0, 0], true), expected);
  assert.deepEqual(measure([20, 17, 9], [7, 10, 5]), expected);
});

Deno.test("surface distances grow with the spacing", () => {
  const size: Triple = [7, 8, 6];
  const [a, b] = [1, 2].map((seed) => randomMask(size, { seed, share: 0.2 }));
  const [fine, coarse] = [[1, 1.5, 2], [4, 6, 8]].map((spacing) =>
    surfaceDistances(a, b, { size, spacingMm: spacing as unknown as Triple })
  );
  assert.deepEqual(coarse.predictionToReference, fine.predictionToReference.map((distance) => 4 * distance));
});

Deno.test("surface scores throw when a percentile or a tolerance is none", () => {
  assert.throws(() => hausdorffDistance(BY_HAND, { percentile: 101 }), {
    name: "RangeError",
    message: "Cannot take a quantile: expected a share from 0 to 1, got 1.01",
  });
  for (const tolerance of [-1, NaN]) {
    assert.throws(() => surfaceDice(BY_HAND, tolerance), {
      name: "RangeError",
      message: `Cannot compute surface Dice: expected a tolerance of at least 0 mm, got ${tolerance}`,
    });
  }
  const grid = { size: [2, 2, 2], spacingMm: [1, 1, 1] } as const;
  assert.throws(() => surfaceDistances(new Uint8Array(8), new Uint8Array(9), grid), {
    name: "TypeError",
    message: "Cannot compare masks: expected 8 voxels of (2, 2, 2), got 9",
  });
});
