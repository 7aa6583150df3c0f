/** The distance transform against every pair of voxels. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { distanceTransform } from "../../lib/metrics/mod.ts";
import { distanceMm, maskOf, randomMask, setVoxels, voxelsOf } from "./_masks.ts";

/** The definition, voxel by voxel. */
function bruteForce(mask: Uint8Array, size: Triple, spacingMm: Triple): number[] {
  const targets = setVoxels(mask, size);
  return voxelsOf(size).map((voxel) => Math.min(Infinity, ...targets.map((to) => distanceMm(voxel, to, spacingMm))));
}

Deno.test("distanceTransform() counts mm along each axis", () => {
  const size: Triple = [3, 2, 2], spacingMm: Triple = [2, 3, 6];
  const distances = distanceTransform(maskOf(size, [[0, 0, 0]]), { size, spacingMm });
  const [edge, far] = [Math.sqrt(4 + 9), Math.sqrt(16 + 9)];
  assert.deepEqual([...distances.subarray(0, 7)], [0, 2, 4, 3, edge, far, 6]);
  assert.equal(distances[11], Math.sqrt(16 + 9 + 36));
});

Deno.test("distanceTransform() agrees with brute force on random masks and anisotropic voxels", () => {
  const cases: [Triple, Triple][] = [
    [[9, 7, 5], [1, 1, 1]],
    [[5, 8, 9], [0.9375, 1.2, 5]],
    [[1, 11, 4], [3, 0.1, 0.7]],
    [[12, 1, 1], [0.3, 1, 1]],
    [[4, 5, 13], [10, 0.5, 0.01]],
  ];
  cases.forEach(([size, spacingMm], seed) => {
    for (const share of [0.01, 0.1, 0.6]) {
      const mask = randomMask(size, { seed, share });
      const expected = bruteForce(mask, size, spacingMm);
      distanceTransform(mask, { size, spacingMm }).forEach((distance, i) => {
        const near = distance === expected[i] || Math.abs(distance - expected[i]) <= 1e-12 * expected[i];
        assert(near, `(${size}) ${spacingMm} mm, share ${share}, voxel ${i}: ${distance}, not ${expected[i]}`);
      });
    }
  });
});

Deno.test("distanceTransform() of an empty mask is Infinity and of a full one 0", () => {
  const grid = { size: [3, 4, 2], spacingMm: [1, 2, 3] } as const;
  assert.deepEqual(distanceTransform(new Uint8Array(24), grid), new Float64Array(24).fill(Infinity));
  assert.deepEqual(distanceTransform(new Uint8Array(24).fill(3), grid), new Float64Array(24));
});

Deno.test("distanceTransform() throws when the mask does not fill the grid or a spacing is not positive", () => {
  assert.throws(() => distanceTransform(new Uint8Array(7), { size: [2, 2, 2], spacingMm: [1, 1, 1] }), {
    name: "TypeError",
    message: "Cannot compare masks: expected 8 voxels of (2, 2, 2), got 7",
  });
  for (const step of [0, -1, NaN, Infinity]) {
    assert.throws(() => distanceTransform(new Uint8Array(8), { size: [2, 2, 2], spacingMm: [1, step, 1] }), {
      name: "RangeError",
      message: `Cannot compare masks: expected a spacing of positive mm, got (1, ${step}, 1)`,
    });
  }
});
