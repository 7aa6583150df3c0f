import assert from "node:assert/strict";
import { evenSlices, richestSlice, takeSlice } from "../../lib/report/mod.ts";
import { countingImage } from "./_fixtures.ts";

// Voxel (x, y, z) of a 2 × 3 × 2 grid holds x + 2y + 6z.
const CUTS = [
  { plane: "axial", index: 1, radiological: [[11, 10], [9, 8], [7, 6]], neurological: [[10, 11], [8, 9], [6, 7]] },
  { plane: "coronal", index: 1, radiological: [[9, 8], [3, 2]], neurological: [[8, 9], [2, 3]] },
  { plane: "sagittal", index: 0, radiological: [[10, 8, 6], [4, 2, 0]], neurological: [[6, 8, 10], [0, 2, 4]] },
] as const;

for (const { plane, index, ...expected } of CUTS) {
  for (const convention of ["radiological", "neurological"] as const) {
    Deno.test(`takeSlice() turns the ${plane} plane upright under the ${convention} convention`, () => {
      const picture = takeSlice(countingImage([2, 3, 2]), { plane, index, convention });
      assert.deepEqual([...picture.pixels], expected[convention].flat());
      assert.deepEqual([picture.height, picture.width], [expected[convention].length, expected[convention][0].length]);
    });
  }
}

Deno.test("takeSlice() is radiological when no convention is named", () => {
  const image = countingImage([2, 3, 2]);
  const options = { plane: "axial", index: 0 } as const;
  assert.deepEqual(takeSlice(image, options), takeSlice(image, { ...options, convention: "radiological" }));
});

Deno.test("takeSlice() refuses an index outside the grid and voxels that do not fill it", () => {
  const image = countingImage([2, 3, 2]);
  assert.throws(() => takeSlice(image, { plane: "coronal", index: 3 }), {
    name: "RangeError",
    message: "Cannot cut coronal slice: expected an index from 0 to 2, got 3",
  });
  assert.throws(() => takeSlice({ ...image, size: [3, 3, 3] }, { plane: "axial", index: 0 }), {
    name: "TypeError",
    message: "Cannot draw image of size [3, 3, 3]: expected 27 voxels, got 12",
  });
});

Deno.test("evenSlices() leaves out the rim of the grid", () => {
  assert.deepEqual(evenSlices([240, 240, 155], { plane: "axial", count: 5 }), [25, 51, 77, 103, 129]);
  assert.deepEqual(evenSlices([1, 1, 1], { plane: "sagittal", count: 2 }), [0, 0]);
});

Deno.test("richestSlice() finds the slice that varies most, and the first of equals", () => {
  const data = new Float32Array(3 * 2 * 3);
  data[3 * 2 * 1] = 1;
  data[3 * 2 * 2] = 1;
  const image = { size: [3, 2, 3] as const, data };
  assert.equal(richestSlice(image, "axial"), 1);
  assert.equal(richestSlice({ ...image, data: new Float32Array(18).fill(5) }, "axial"), 0);
});
