/** Resampling to a spacing and to a grid. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { resampleToGrid, resampleToSpacing } from "../../lib/dataset/resample.ts";
import { type Affine, spacingOf, type Triple, type Volume, voxelToWorld } from "../../lib/geometry.ts";

const TRILINEAR = "trilinear";
const IDENTITY = scaling([1, 1, 1]);

function scaling([x, y, z]: Triple, origin: Triple = [0, 0, 0]): Affine {
  return [[x, 0, 0, origin[0]], [0, y, 0, origin[1]], [0, 0, z, origin[2]], [0, 0, 0, 1]];
}

/** A volume whose intensity is a function of the voxel index. */
function filled(size: Triple, affine: Affine, valueAt: (x: number, y: number, z: number) => number): Volume {
  const [nx, ny, nz] = size;
  const data = new Float32Array(nx * ny * nz).map((_, i) =>
    valueAt(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny)))
  );
  return { data, size, affine };
}

function close(actual: number, expected: number, tolerance: number, what = ""): void {
  strictEqual(Math.abs(actual - expected) <= tolerance, true, `${what} expected ${expected}, got ${actual}`);
}

Deno.test("resampleToSpacing() takes 10 voxels of 1.5 mm to 14 of 1 mm and 10 of 0.7 mm to 7", () => {
  const coarse = filled([10, 1, 1], scaling([1.5, 1, 1], [4, 5, 6]), (x) => x * x);
  const finer = resampleToSpacing(coarse, { spacingMm: [1, 1, 1], interpolation: TRILINEAR });
  deepStrictEqual(finer.size, [14, 1, 1]);
  deepStrictEqual(finer.affine, scaling([1, 1, 1], [4, 5, 6]));
  // Samples at voxel 0, 2/3, 4/3, 2 …, the last at 26/3.
  [0, 2 / 3, 2, 4].forEach((value, i) => close(finer.data[i], value, 1e-6, `sample ${i}`));
  close(finer.data[13], 64 * (1 / 3) + 81 * (2 / 3), 1e-5);
  const fine = filled([10, 1, 1], scaling([0.7, 1, 1]), (x) => x);
  deepStrictEqual(resampleToSpacing(fine, { spacingMm: [1, 1, 1], interpolation: TRILINEAR }).size, [7, 1, 1]);
});

Deno.test("resampleToSpacing() reproduces an intensity that is linear in space, along all axes", () => {
  const intensity = (x: number, y: number, z: number): number => 3 + x - 2 * y + 0.5 * z;
  const volume = filled([5, 7, 3], scaling([2, 0.8, 3], [-1, 2, 9]), (x, y, z) => intensity(2 * x, 0.8 * y, 3 * z));
  const { size, data } = resampleToSpacing(volume, { spacingMm: [1, 0.5, 0.75], interpolation: TRILINEAR });
  // 4.8 mm / 0.5 mm = 9.6 steps round to 10, so the last sample lies 0.2 mm outside and repeats the border.
  deepStrictEqual(size, [9, 11, 9]);
  data.forEach((value, i) => {
    const [x, y, z] = [i % 9, Math.floor(i / 9) % 11, Math.floor(i / 99)];
    close(value, intensity(x, Math.min(0.5 * y, 4.8), 0.75 * z), 1e-5, `voxel ${i}`);
  });
});

Deno.test("resampleToSpacing() leaves an axis within 0.001 mm of the spacing alone, and a volume if all are", () => {
  const volume = filled([3, 2, 2], scaling([1.0009, 0.9995, 1]), (x) => x);
  strictEqual(resampleToSpacing(volume, { spacingMm: [1, 1, 1], interpolation: TRILINEAR }), volume);
  const thick = filled([3, 2, 2], scaling([1.0009, 1, 2]), (x) => x);
  const { size, affine } = resampleToSpacing(thick, { spacingMm: [1, 1, 1], interpolation: TRILINEAR });
  deepStrictEqual(size, [3, 2, 3]);
  deepStrictEqual(affine, scaling([1.0009, 1, 1]));
});

Deno.test("resampleToSpacing() removes shear and then aligns the centres n/2 of both grids", () => {
  const sheared: Affine = [[2, 0.5, 0, 3], [0, 2, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1]];
  const volume = filled([5, 4, 3], sheared, () => 1);
  const { size, affine, data } = resampleToSpacing(volume, { spacingMm: [1, 1, 1], interpolation: TRILINEAR });
  // Along x the corners reach from 0 to 8 + 1.5 mm: 10.5 voxels, halves to even.
  deepStrictEqual(size, [10, 7, 5]);
  // The corner at the origin comes first along every axis, so it stays the origin.
  deepStrictEqual(voxelToWorld(affine, [0, 0, 0]), [3, 4, 5]);
  const leaning: Affine = [[2, -0.5, 0, 3], [0, 2, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1]];
  const other = resampleToSpacing({ ...volume, affine: leaning }, { spacingMm: [1, 1, 1], interpolation: TRILINEAR });
  deepStrictEqual(other.size, [10, 7, 5]);
  deepStrictEqual(spacingOf(other.affine), [1, 1, 1]);
  deepStrictEqual(
    voxelToWorld(other.affine, [5, 3.5, 2.5]),
    voxelToWorld(leaning, [2.5, 2, 1.5]),
  );
  deepStrictEqual([...new Set([...data, ...other.data])], [1]);
});

Deno.test("resampleToSpacing() keeps labels whole with nearest, halves to the even voxel", () => {
  const labels = filled([4, 1, 1], scaling([2, 1, 1]), (x) => [7, 1, 4, 2][x]);
  const { data } = resampleToSpacing(labels, { spacingMm: [1, 1, 1], interpolation: "nearest" });
  deepStrictEqual([...data], [7, 7, 1, 4, 4, 4, 2]);
});

Deno.test("resampleToSpacing() refuses a spacing that is not positive", () => {
  const volume = filled([1, 1, 1], IDENTITY, () => 0);
  for (const bad of [0, -1, NaN, Infinity]) {
    throws(() => resampleToSpacing(volume, { spacingMm: [1, bad, 1], interpolation: TRILINEAR }), {
      name: "RangeError",
      message: `Cannot resample volume: expected a spacing above 0 mm, got (1, ${bad}, 1)`,
    });
  }
});

Deno.test("resampleToGrid() on the volume's own grid changes nothing", () => {
  const rotated: Affine = [[2, -0.5, 4, 11], [2, 1, -2, 12], [-1, 1, 4, 13], [0, 0, 0, 1]];
  const volume = filled([5, 4, 3], rotated, (x, y, z) => x * 100 - y * 10 + z);
  for (const interpolation of ["trilinear", "nearest"] as const) {
    const same = resampleToGrid(volume, { size: volume.size, affine: rotated, interpolation });
    same.data.forEach((value, i) => close(value, volume.data[i], 1e-3, `voxel ${i}`));
    deepStrictEqual(same.affine, rotated);
  }
});

Deno.test("resampleToGrid() holds the border for half a voxel and is 0 further out", () => {
  const volume = filled([3, 1, 1], scaling([2, 1, 1], [10, 0, 0]), (x) => x + 1);
  const { data } = resampleToGrid(volume, {
    size: [10, 1, 1],
    affine: scaling([1, 1, 1], [8, 0, 0]),
    interpolation: TRILINEAR,
  });
  deepStrictEqual([...data], [0, 1, 1, 1.5, 2, 2.5, 3, 3, 0, 0]);
});

Deno.test("resampleToGrid() follows the world position when the axes differ", () => {
  // The same 2 × 3 pixels, stored with x to the left and y first.
  const volume = filled([2, 3, 1], IDENTITY, (x, y) => 10 * x + y);
  const { data } = resampleToGrid(volume, {
    size: [3, 2, 1],
    affine: [[0, -1, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    interpolation: "nearest",
  });
  deepStrictEqual([...data], [10, 11, 12, 0, 1, 2]);
});

Deno.test("resampleToGrid() refuses a singular affine", () => {
  const volume = filled([1, 1, 1], scaling([1, 0, 1]), () => 0);
  throws(() => resampleToGrid(volume, { size: [1, 1, 1], affine: IDENTITY, interpolation: TRILINEAR }), {
    name: "RangeError",
    message: "Cannot invert affine: expected a regular matrix, got determinant 0",
  });
});
