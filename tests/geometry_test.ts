import assert from "node:assert/strict";
import {
  type Affine,
  affinesAgree,
  invertAffine,
  multiplyAffines,
  sameTriple,
  spacingOf,
  translateOrigin,
  type Triple,
  voxelCount,
  voxelToWorld,
} from "../lib/geometry.ts";

/** 2 × 3 × 4 mm voxels, turned by 90° about z: voxel x runs along world y, voxel y against world x. */
const TURNED: Affine = [[0, -3, 0, 10], [2, 0, 0, -20], [0, 0, 4, 5], [0, 0, 0, 1]];
/** Oblique and sheared, determinant 9. */
const OBLIQUE: Affine = [[2, 1, 0, -7], [0, 2, 1, 11], [1, 0, 2, 0.5], [0, 0, 0, 1]];
const IDENTITY: Affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];

Deno.test("voxelCount() multiplies the three sizes", () => {
  assert.equal(voxelCount([5, 7, 3]), 105);
  assert.equal(voxelCount([240, 0, 155]), 0);
});

Deno.test("spacingOf() gives the length of each voxel axis in mm", () => {
  assert.deepEqual(spacingOf(TURNED), [2, 3, 4]);
  assert.deepEqual(spacingOf([[0.6, 0, 0, 9], [0, -1, 0, 9], [0.8, 0, 5, 9], [0, 0, 0, 1]]), [1, 1, 5]);
});

Deno.test("voxelToWorld() maps a corner voxel to its place in mm", () => {
  assert.deepEqual(voxelToWorld(TURNED, [0, 0, 0]), [10, -20, 5]);
  assert.deepEqual(voxelToWorld(TURNED, [1, 2, 3]), [4, -18, 17]);
  assert.deepEqual(voxelToWorld(OBLIQUE, [1, 2, 3]), [-3, 18, 7.5]);
});

Deno.test("translateOrigin() keeps every voxel where it is in the world", () => {
  const start: Triple = [-3, 4, 11];
  const moved = translateOrigin(TURNED, start);
  assert.deepEqual(moved, [[0, -3, 0, -2], [2, 0, 0, -26], [0, 0, 4, 49], [0, 0, 0, 1]]);
  assert.deepEqual(voxelToWorld(moved, [1, 1, 1]), voxelToWorld(TURNED, [-2, 5, 12]));
});

Deno.test("multiplyAffines() applies the right factor first", () => {
  const product = multiplyAffines(OBLIQUE, TURNED);
  assert.deepEqual(product, [[2, -6, 0, -7], [4, 0, 4, -24], [0, -3, 8, 20.5], [0, 0, 0, 1]]);
  assert.deepEqual(
    voxelToWorld(product, [1, 2, 3]),
    voxelToWorld(OBLIQUE, voxelToWorld(TURNED, [1, 2, 3])),
  );
});

Deno.test("invertAffine() gives the known inverse of a turn", () => {
  const inverse = invertAffine(TURNED);
  assert(affinesAgree(inverse, [[0, 1 / 2, 0, 10], [-1 / 3, 0, 0, 10 / 3], [0, 0, 1 / 4, -5 / 4], [0, 0, 0, 1]]));
});

Deno.test("invertAffine() undoes an oblique affine from both sides", () => {
  const inverse = invertAffine(OBLIQUE);
  assert(affinesAgree(multiplyAffines(inverse, OBLIQUE), IDENTITY));
  assert(affinesAgree(multiplyAffines(OBLIQUE, inverse), IDENTITY));
});

Deno.test("invertAffine() refuses a singular matrix", () => {
  const flat: Affine = [[1, 2, 0, 0], [2, 4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  assert.throws(() => invertAffine(flat), {
    name: "RangeError",
    message: "Cannot invert affine: expected a regular matrix, got determinant 0",
  });
  assert.throws(() => invertAffine([[NaN, 0, 0, 0], ...IDENTITY.slice(1)]), {
    name: "RangeError",
    message: "Cannot invert affine: expected a regular matrix, got determinant NaN",
  });
});

Deno.test("affinesAgree() allows 1e-5 of the second value plus 1e-8, and no more", () => {
  const shifted = (dx: number): Affine => [[0, -3, 0, 10 + dx], ...TURNED.slice(1)];
  assert(affinesAgree(shifted(1.0e-4), TURNED));
  assert(!affinesAgree(shifted(1.1e-4), TURNED));
  const nearZero = (dx: number): Affine => [[1, 0, 0, dx], ...IDENTITY.slice(1)];
  assert(affinesAgree(nearZero(1e-8), IDENTITY));
  assert(!affinesAgree(nearZero(1.1e-8), IDENTITY));
});

Deno.test("affinesAgree() is false when a value is NaN", () => {
  assert(!affinesAgree([[NaN, 0, 0, 0], ...IDENTITY.slice(1)], IDENTITY));
});

Deno.test("sameTriple() compares all three members", () => {
  assert(sameTriple([1, 2, 3], [1, 2, 3]));
  for (const other of [[0, 2, 3], [1, 0, 3], [1, 2, 0]] as const) assert(!sameTriple([1, 2, 3], other));
});
