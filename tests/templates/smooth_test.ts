/** Smoothing of volumes. */
import assert from "node:assert/strict";
import { smoothVolumes } from "../../lib/templates/smooth.ts";

Deno.test("smoothVolumes() spreads a voxel as [1, 2, 1]/4 along every axis", () => {
  const values = new Float32Array(3 * 3 * 3);
  values[13] = 64;
  const smooth = smoothVolumes(values, { size: [3, 3, 3], passes: 1 });
  assert.deepEqual([...smooth.subarray(9, 18)], [2, 4, 2, 4, 8, 4, 2, 4, 2]);
  assert.deepEqual([...smooth.subarray(0, 9)], [1, 2, 1, 2, 4, 2, 1, 2, 1]);
});

Deno.test("smoothVolumes() keeps a constant, also at the edges, and volumes apart", () => {
  const values = new Float32Array(2 * 2 * 3 * 5).fill(7, 30);
  assert.deepEqual(smoothVolumes(values, { size: [2, 3, 5], passes: 3 }), values);
});

Deno.test("smoothVolumes() without a pass returns a copy", () => {
  const values = Float32Array.from({ length: 8 }, (_, i) => i);
  const copy = smoothVolumes(values, { size: [2, 2, 2], passes: 0 });
  assert.deepEqual(copy, values);
  assert.notEqual(copy, values);
});

Deno.test("smoothVolumes() wipes out what alternates from voxel to voxel", () => {
  const values = Float32Array.from({ length: 64 }, (_, i) => i % 2 ? 1 : -1);
  const smooth = smoothVolumes(values, { size: [1, 1, 64], passes: 1 });
  assert.ok(smooth.subarray(1, 63).every((value) => value === 0));
});
