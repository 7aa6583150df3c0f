import assert from "node:assert/strict";
import { harmoniseLabels, type LabelScheme } from "../../lib/dataset/labels.ts";

/** BraTS as of 2023, files of before accepted. */
const BRATS: LabelScheme = {
  name: "brats2023",
  values: [1, 2, 3],
  sets: [{ name: "brats2021", rename: { "4": 3 } }],
  choose: "auto",
};

function read(values: number[], scheme: LabelScheme = BRATS): number[] {
  return [...harmoniseLabels(Float32Array.from(values), { file: "a_seg.nii", scheme })];
}

Deno.test("harmoniseLabels() recognises either BraTS convention by the values of the file", () => {
  assert.deepEqual(read([0, 1, 2, 3]), [0, 1, 2, 3]);
  assert.deepEqual(read([0, 1, 2, 4]), [0, 1, 2, 3]);
  assert.deepEqual(read([2, 0, 1]), [2, 0, 1]);
  assert.deepEqual(read([0, 0]), [0, 0]);
});

Deno.test("harmoniseLabels() reads all files by the chosen convention", () => {
  assert.deepEqual(read([4, 0], { ...BRATS, choose: "brats2021" }), [3, 0]);
  assert.throws(() => read([4, 0], { ...BRATS, choose: "brats2023" }), {
    name: "VolumeError",
    message: "Cannot read a_seg.nii: expected label values 0, 1, 2, 3 (brats2023), got 4 in 1 voxels",
  });
  assert.throws(() => read([4], { ...BRATS, choose: "isles" }), {
    name: "RangeError",
    message: 'Cannot read labels: expected a label set of auto, brats2023, brats2021, got "isles"',
  });
});

Deno.test("harmoniseLabels() names file, values, counts and what is known when a value is strange", () => {
  assert.throws(() => read([0, 7, 7, 1, 2.5]), {
    name: "VolumeError",
    message: "Cannot read a_seg.nii: expected label values 0, 1, 2, 3 (brats2023) or 0, 1, 2, 4 (brats2021), " +
      "got 2.5 in 1 voxels, 7 in 2 voxels",
  });
});

Deno.test("harmoniseLabels() refuses a file that mixes conventions", () => {
  assert.throws(() => read([3, 4]), /got 4 in 1 voxels$/);
});

Deno.test("harmoniseLabels() merges many values into few, and takes rounding for what it is", () => {
  const rename = { "1": 2, "2": 2, "3": 3, "4": 3, "5": 1, "6": 1, "7": 0, "8": 0 };
  const scheme = { name: "testing", values: [1, 2, 3], sets: [{ name: "training", rename }], choose: "auto" };
  assert.deepEqual(read([0, 1, 2, 3, 4, 5, 6, 7, 8], scheme), [0, 2, 2, 3, 3, 1, 1, 0, 0]);
  assert.deepEqual(read([0, 1, 2, 3], scheme), [0, 1, 2, 3]);
  assert.deepEqual(read([0.99999, 2.0001]), [1, 2]);
});
