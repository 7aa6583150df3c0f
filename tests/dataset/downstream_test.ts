import assert from "node:assert/strict";
import {
  type DownstreamPreprocess,
  OFFICIAL_DOWNSTREAM,
  prepareDownstream,
  type SubjectLabel,
} from "../../lib/dataset/downstream.ts";
import { preprocessSubject, type SubjectImage } from "../../lib/dataset/preprocess.ts";
import type { Affine, Triple, Volume } from "../../lib/geometry.ts";
import { randomStream } from "../../lib/random.ts";

const SCHEME = { name: "own", values: [1, 2], sets: [], choose: "auto" };
const IDENTITY: Affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];

function volume(size: Triple, voxel: (x: number, y: number, z: number) => number, affine = IDENTITY): Volume {
  const data = new Float32Array(size[0] * size[1] * size[2]);
  data.forEach((_, i) => {
    data[i] = voxel(i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1])));
  });
  return { data, size, affine };
}

function image(of: Volume): SubjectImage {
  return { modality: "t1", file: "a_t1.nii", volume: of };
}

function labelled(of: Volume): SubjectLabel {
  return { file: "a_seg.nii", volume: of, scheme: SCHEME };
}

/** Without scaling that would hide where a voxel went. */
const PLAIN: DownstreamPreprocess = { ...OFFICIAL_DOWNSTREAM, lowerPercentile: 0, upperPercentile: 100 };

Deno.test("prepareDownstream() crops to the foreground box with a margin of 1, as far as the image reaches", () => {
  const scan = volume([9, 8, 7], (x, y, z) => (x >= 4 && x < 6 && y === 0 && z === 6 ? 1 : 0));
  const { size, volumeStart, volumeSize, affine } = prepareDownstream({ images: [image(scan)] }, PLAIN);
  assert.deepEqual([size, volumeStart, volumeSize], [[4, 2, 2], [3, 0, 5], [9, 8, 7]]);
  assert.deepEqual(affine.map((row) => row[3]), [3, 0, 5, 1]);
});

Deno.test("prepareDownstream() takes the label along: reoriented, resampled by nearest, cropped as the images", () => {
  // Left-posterior axes of 2 mm; foreground and label are one voxel, the label's value is 2.
  const affine: Affine = [[-2, 0, 0, 8], [0, -2, 0, 10], [0, 0, 2, 0], [0, 0, 0, 1]];
  const at = (value: number): Volume =>
    volume([5, 6, 4], (x, y, z) => (x === 1 && y === 2 && z === 1 ? value : 0), affine);
  const stack = prepareDownstream({ images: [image(at(10))], label: labelled(at(2)) }, { ...PLAIN, margin: 0 });
  // Trilinear: 3 voxels of 1 mm are above 0 along every axis; nearest, halves to even, keeps a part of them.
  assert.deepEqual(stack.size, [3, 3, 3]);
  assert.deepEqual([...new Set(stack.label)].sort(), [0, 2]);
  const centre = 13;
  assert.equal(stack.label![centre], 2);
  assert.equal(stack.channels[0][centre], 1);
  // World position of the middle: (8 − 2, 10 − 4, 2) mm.
  assert.deepEqual([0, 1, 2].map((row) => stack.affine[row][3] + 1), [6, 6, 2]);
});

Deno.test("prepareDownstream() scales over the whole volume without clipping, or over the box with it", () => {
  // 0 in half of the voxels, then 1 … 12.
  const scan = volume([6, 2, 2], (x, y, z) => (x < 3 ? 0 : 1 + (x - 3) + 3 * (y + 2 * z)));
  const options = { ...OFFICIAL_DOWNSTREAM, margin: 0, lowerPercentile: 25, upperPercentile: 75 };
  const official = prepareDownstream({ images: [image(scan)] }, options).channels[0];
  // Over all 24 voxels: p25 = 0, p75 = position 17.25 of 0×12, 1…12 → 6.25.
  assert.ok(Math.abs(official[0] - 1 / 6.25) < 1e-6);
  assert.ok(Math.abs(Math.max(...official) - 12 / 6.25) < 1e-6);
  const clipped = prepareDownstream({ images: [image(scan)] }, { ...options, clip: true, scaleOver: "foreground" });
  // Over the 12 voxels of the box: p25 = 3.75, p75 = 9.25.
  const values = clipped.channels[0];
  assert.deepEqual([values[0], Math.max(...values)], [0, 1]);
  assert.ok(Math.abs(values[4] - (5 - 3.75) / 5.5) < 1e-6);
});

Deno.test("prepareDownstream() prepares images as pre-training does when told to, one crop less", () => {
  const random = randomStream(1, "scan");
  const scan = volume([11, 9, 10], (x, y, z) => (x > 1 && y > 2 && y < 8 && z > 0 && z < 8 ? 1 + random.uniform() : 0));
  const options = { ...OFFICIAL_DOWNSTREAM, clip: true, scaleOver: "foreground", foreground: "centred" } as const;
  const stack = prepareDownstream({ images: [image(scan)] }, options);
  const expected = preprocessSubject([image(scan)], options);
  assert.deepEqual([stack.size, stack.channels], [expected.size, expected.channels]);
  assert.equal(stack.label, null);
});

Deno.test("prepareDownstream() never scales a label, and reads its values by the scheme", () => {
  const scan = volume([4, 4, 4], (x) => 5 + x), label = volume([4, 4, 4], (x) => x % 3);
  const stack = prepareDownstream({ images: [image(scan)], label: labelled(label) }, OFFICIAL_DOWNSTREAM);
  // A volume that is all foreground is cropped to where it is above its percentile 5, and a voxel around.
  assert.deepEqual([...stack.label!.subarray(0, 4)], [0, 1, 2, 0]);
  assert.ok(stack.label instanceof Uint8Array);
});

Deno.test("prepareDownstream() refuses a label off the grid, with a strange value, and an empty image", () => {
  const scan = volume([4, 4, 4], (x) => 5 + x);
  const shifted: Affine = IDENTITY.map((row, r) => r === 0 ? [1, 0, 0, 0.5] : row);
  const prepare = (label: Volume): unknown =>
    prepareDownstream({ images: [image(scan)], label: labelled(label) }, OFFICIAL_DOWNSTREAM);
  assert.throws(() => prepare(volume([4, 4, 4], () => 1, shifted)), {
    name: "DatalistError",
    message: "Cannot use label a_seg.nii: expected the voxels of a_t1.nii, 4×4×4 voxels from (0, 0, 0) mm, " +
      "got 4×4×4 voxels from (0.5, 0, 0) mm",
  });
  assert.throws(() => prepare(volume([4, 4, 3], () => 1)), /got 4×4×3 voxels/);
  assert.throws(() => prepare(volume([4, 4, 4], () => 9)), {
    name: "VolumeError",
    message: /^Cannot read a_seg\.nii: /,
  });
  const empty = image(volume([4, 4, 4], () => 0));
  assert.throws(() => prepareDownstream({ images: [empty] }, OFFICIAL_DOWNSTREAM), {
    message: "Cannot read a_t1.nii: expected voxels above 0, got none",
  });
  assert.throws(() => prepareDownstream({ images: [] }, OFFICIAL_DOWNSTREAM), {
    message: "Cannot prepare subject: expected at least one image, got none",
  });
});
