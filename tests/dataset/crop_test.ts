/** Boxes, crops and padding. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { centredForegroundBox, cropStack, foregroundBox, padToSize } from "../../lib/dataset/crop.ts";
import type { Affine, Triple, VolumeStack } from "../../lib/geometry.ts";

const AFFINE: Affine = [[0, -2, 0, 10], [1, 0, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]];

/** Zeros, but for the given voxels. */
function image(size: Triple, voxels: readonly (readonly [voxel: Triple, value: number])[]): Float32Array {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  for (const [[x, y, z], value] of voxels) data[x + size[0] * (y + size[1] * z)] = value;
  return data;
}

/** Two channels; the first counts the voxels from 1, the second is its negative. */
function numbered(size: Triple): VolumeStack {
  const data = image(size, []).map((_, i) => i + 1);
  return { modalities: ["t1", "t2"], channels: [data, data.map((value) => -value)], size, affine: AFFINE };
}

Deno.test("foregroundBox() spans the voxels above 0 of all channels and no negative ones", () => {
  const size: Triple = [7, 5, 6];
  const first = image(size, [[[2, 1, 4], 1], [[0, 0, 0], -3]]);
  const second = image(size, [[[4, 3, 1], 1e-30], [[6, 4, 5], -1]]);
  deepStrictEqual(foregroundBox([first, second], size), { start: [2, 1, 1], end: [5, 4, 5] });
  deepStrictEqual(foregroundBox([first], size), { start: [2, 1, 4], end: [3, 2, 5] });
});

Deno.test("foregroundBox() and centredForegroundBox() are null without a voxel above 0", () => {
  const size: Triple = [3, 2, 2];
  const empty = image(size, [[[1, 1, 1], -1]]);
  strictEqual(foregroundBox([empty], size), null);
  strictEqual(centredForegroundBox([empty], size), null);
});

Deno.test("centredForegroundBox() grows the box until it is symmetric about the image's centre", () => {
  const size: Triple = [11, 11, 11];
  const data = image(size, [[[3, 2, 5], 1], [[5, 8, 5], 1]]);
  deepStrictEqual(foregroundBox([data], size), { start: [3, 2, 5], end: [6, 9, 6] });
  deepStrictEqual(centredForegroundBox([data], size), { start: [3, 2, 5], end: [8, 9, 6] });
  const even: Triple = [10, 4, 2];
  const corner = image(even, [[[7, 1, 1], 1]]);
  deepStrictEqual(centredForegroundBox([corner], even), { start: [2, 1, 0], end: [8, 3, 2] });
});

Deno.test("cropStack() cuts all channels and moves the affine's origin", () => {
  const { channels, size, affine, modalities } = cropStack(numbered([3, 3, 2]), { start: [1, 0, 1], end: [3, 2, 2] });
  deepStrictEqual(channels.map((data) => [...data]), [[11, 12, 14, 15], [-11, -12, -14, -15]]);
  deepStrictEqual(size, [2, 2, 1]);
  deepStrictEqual(affine, [[0, -2, 0, 10], [1, 0, 0, 21], [0, 0, 3, 33], [0, 0, 0, 1]]);
  deepStrictEqual(modalities, ["t1", "t2"]);
});

Deno.test("cropStack() fills with zeros where the box reaches beyond the image", () => {
  const stack = numbered([2, 2, 1]);
  const { channels, size, affine } = cropStack(stack, { start: [-1, 1, 0], end: [3, 3, 1] });
  deepStrictEqual([...channels[0]], [0, 3, 4, 0, 0, 0, 0, 0]);
  deepStrictEqual(size, [4, 2, 1]);
  deepStrictEqual(affine.map((row) => row[3]), [8, 19, 30, 1]);
  const outside = cropStack(stack, { start: [5, 0, 0], end: [6, 2, 1] });
  deepStrictEqual([...outside.channels[0]], [0, 0]);
  const before = cropStack(stack, { start: [0, -3, -2], end: [2, -1, -1] });
  deepStrictEqual([...before.channels[0]], [0, 0, 0, 0]);
});

Deno.test("cropStack() returns the stack itself when the box is the whole image", () => {
  const stack = numbered([3, 2, 1]);
  strictEqual(cropStack(stack, { start: [0, 0, 0], end: [3, 2, 1] }), stack);
});

Deno.test("cropStack() refuses empty and fractional boxes", () => {
  throws(() => cropStack(numbered([3, 2, 1]), { start: [2, 0, 0], end: [2, 2, 1] }), {
    name: "RangeError",
    message: "Cannot crop volume: expected integers start < end along every axis, got (2, 0, 0) to (2, 2, 1)",
  });
  throws(() => cropStack(numbered([3, 2, 1]), { start: [0.5, 0, 0], end: [2.5, 2, 1] }), {
    name: "RangeError",
    message: "Cannot crop volume: expected integers start < end along every axis, got (0.5, 0, 0) to (2.5, 2, 1)",
  });
});

Deno.test("padToSize() puts the smaller half of the padding before and leaves long axes alone", () => {
  const { channels, size, affine } = padToSize(numbered([2, 3, 1]), [5, 2, 2]);
  deepStrictEqual(size, [5, 3, 2]);
  deepStrictEqual([...channels[0]], [
    ...[0, 1, 2, 0, 0],
    ...[0, 3, 4, 0, 0],
    ...[0, 5, 6, 0, 0],
    ...new Array(15).fill(0),
  ]);
  // The new first voxel lies one voxel before the old one along x, which is the world's y.
  deepStrictEqual(affine.map((row) => row[3]), [10, 19, 30, 1]);
});

Deno.test("padToSize() and cropStack() undo each other", () => {
  const stack = numbered([3, 4, 5]);
  const padded = padToSize(stack, [8, 4, 6]);
  deepStrictEqual(cropStack(padded, { start: [2, 0, 0], end: [5, 4, 5] }), stack);
  strictEqual(padToSize(stack, [3, 1, 5]), stack);
});
