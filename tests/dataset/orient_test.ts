/** Axis order and direction of volumes. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { orientationOf, toRas } from "../../lib/dataset/orient.ts";
import { type Affine, type Triple, type Volume, voxelToWorld } from "../../lib/geometry.ts";

/** Every axis order and direction, with spacings 1.5, 2 and 3 mm along x, y, z. */
const AFFINES: readonly Affine[] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].flatMap((order) =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((signs) => {
    const rows = [[0, 0, 0, 11], [0, 0, 0, -5], [0, 0, 0, 2]];
    order.forEach((row, axis) => rows[row][axis] = [1.5, 2, 3][axis] * (signs & (1 << axis) ? -1 : 1));
    return [...rows, [0, 0, 0, 1]];
  })
);

function numbered(size: Triple, affine: Affine): Volume {
  return { data: new Float32Array(size[0] * size[1] * size[2]).map((_, i) => i), size, affine };
}

/** World position → intensity, for all voxels. */
function byPosition({ data, size: [nx, ny], affine }: Volume): Map<string, number> {
  return new Map([...data].map((value, i) => {
    const voxel: Triple = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    return [voxelToWorld(affine, voxel).join(), value];
  }));
}

Deno.test("orientationOf() names the direction of each axis", () => {
  strictEqual(orientationOf([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "RAS");
  strictEqual(orientationOf([[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "LPS");
  strictEqual(orientationOf([[0, 0, -2, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]]), "AIL");
  strictEqual(new Set(AFFINES.map(orientationOf)).size, 48);
});

Deno.test("orientationOf() gives an oblique axis its closest direction, and no direction twice", () => {
  const oblique: Affine = [[0.9, -0.3, 0.1, 0], [0.3, 0.8, -0.5, 0], [0.1, 0.5, 0.8, 0], [0, 0, 0, 1]];
  strictEqual(orientationOf(oblique), "RAS");
  // Both first axes point mostly to the right; without shear they part into right and front.
  const sheared: Affine = [[1, 0.9, 0, 0], [0, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  strictEqual(orientationOf(sheared), "RAS");
  const swapped: Affine = [[0.9, 1, 0, 0], [0.5, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  strictEqual(orientationOf(swapped), "ARS");
  // The last axis points mostly to the right as well, but the first axis has taken that direction.
  const crowded: Affine = [[0.7, 0, 0.7, 0], [0.5, 0.6, -0.5, 0], [-0.5, 0.8, 0.5, 0], [0, 0, 0, 1]];
  strictEqual(orientationOf(crowded), "RSP");
});

Deno.test("toRas() keeps every voxel at its world position for all 48 axis orders", () => {
  for (const affine of AFFINES) {
    const volume = numbered([2, 3, 5], affine);
    const oriented = toRas(volume);
    strictEqual(orientationOf(oriented.affine), "RAS");
    deepStrictEqual(
      byPosition(oriented),
      new Map([...byPosition(oriented).keys()].map((key) => [
        key,
        byPosition(volume).get(key),
      ])),
    );
  }
});

Deno.test("toRas() flips an LPS volume by hand-computed values", () => {
  const volume = numbered([3, 2, 1], [[-1, 0, 0, 90], [0, -2, 0, 50], [0, 0, 1, 7], [0, 0, 0, 1]]);
  const { data, size, affine } = toRas(volume);
  deepStrictEqual([...data], [5, 4, 3, 2, 1, 0]);
  deepStrictEqual(size, [3, 2, 1]);
  deepStrictEqual(affine, [[1, 0, 0, 88], [0, 2, 0, 48], [0, 0, 1, 7], [0, 0, 0, 1]]);
});

Deno.test("toRas() returns a volume in RAS order itself", () => {
  const volume = numbered([2, 1, 1], [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]);
  strictEqual(toRas(volume), volume);
});

Deno.test("toRas() refuses a singular affine", () => {
  const flat: Affine = [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  throws(() => toRas(numbered([1, 1, 1], flat)), {
    name: "RangeError",
    message: "Cannot invert affine: expected a regular matrix, got determinant 0",
  });
});
