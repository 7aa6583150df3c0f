import assert from "node:assert/strict";
import { acquireSlices, type SliceStack } from "../../../lib/dataset/phantom/slices.ts";
import { assertClose } from "./_tools.ts";

const SIZE = 7;
const VOXELS = Int32Array.from({ length: SIZE ** 3 }, (_, i) => i);

/** Acquires an image of the coordinate along one axis, raised to a power. */
function acquire(stack: SliceStack, image: (x: number, y: number, z: number) => number, voxels = VOXELS): Float32Array {
  const inside = new Float32Array(SIZE ** 3);
  for (const i of voxels) inside[i] = 1;
  const values = Float32Array.from(voxels, (i) => image(i % 7, Math.floor(i / 7) % 7, Math.floor(i / 49)));
  return acquireSlices(values, { tissues: { size: SIZE, voxels }, inside, stack });
}

Deno.test("acquireSlices() averages over a slice and interpolates between two, against hand values", () => {
  // Slices of 2 voxels without gap in the middle of voxels 0|1, 2|3, 4|5: their means of z are 0.5, 2.5, 4.5.
  const image = acquire({ axis: 2, thickness: 2, pitch: 2, offset: 0.5 }, (_x, _y, z) => z === 3 ? 8 : 0);
  const at = (z: number): number => image[z * 49 + 24];
  // The slice at 2.5 sees half of the bright plane: 4. Voxel 1 is a quarter of the way from 0.5 to 2.5.
  [0, 1, 3, 3, 1, 0].forEach((expected, z) => assertClose(at(z), expected, 1e-6));
});

Deno.test("acquireSlices() leaves what does not change across the slices", () => {
  const stack = { thickness: 2.3, pitch: 2.6, offset: 0.4 };
  const along = acquire({ ...stack, axis: 0 }, (_x, y, z) => 2 * y + z);
  along.forEach((value, i) => assertClose(value, 2 * (Math.floor(i / 7) % 7) + Math.floor(i / 49), 1e-5));
  const across = acquire({ ...stack, axis: 1 }, (_x, y) => y);
  assert.ok(across.some((value, i) => Math.abs(value - Math.floor(i / 7) % 7) > 0.1));
});

Deno.test("acquireSlices() does not mix in what lies outside the brain", () => {
  const brain = VOXELS.filter((i) => Math.floor(i / 49) > 2);
  const image = acquire({ axis: 2, thickness: 3, pitch: 3.2, offset: 0 }, () => 5, brain);
  assert.equal(image.length, brain.length);
  image.forEach((value) => assertClose(value, 5, 1e-5));
});
