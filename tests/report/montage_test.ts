import assert from "node:assert/strict";
import { decode } from "fast-png";
import { type MontageOptions, montagePng, type ScalarImage } from "../../lib/report/mod.ts";
import { countingImage } from "./_fixtures.ts";

/** Grey values of a montage of images whose voxels are grey values already. */
function greys(images: readonly ScalarImage[], options: MontageOptions): number[][] {
  const { data, width, height } = decode(montagePng(images, { window: [0, 255], ...options }));
  return Array.from({ length: height }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]);
}

Deno.test("montagePng() puts images in rows and slices in columns with black between them", () => {
  const image = countingImage([2, 1, 3]);
  const brighter = { ...image, data: image.data.map((value) => value + 100) };
  assert.deepEqual(greys([image, brighter], { slices: [2, 0], gap: 1, convention: "neurological" }), [
    [4, 5, 0, 0, 1],
    [0, 0, 0, 0, 0],
    [104, 105, 0, 100, 101],
  ]);
});

Deno.test("montagePng() draws every plane upright in radiological convention", () => {
  const image = countingImage([2, 3, 2]);
  assert.deepEqual(greys([image], { plane: "axial", slices: [1] }), [[11, 10], [9, 8], [7, 6]]);
  assert.deepEqual(greys([image], { plane: "coronal", slices: [1] }), [[9, 8], [3, 2]]);
  assert.deepEqual(greys([image], { plane: "sagittal", slices: [0] }), [[10, 8, 6], [4, 2, 0]]);
});

Deno.test("montagePng() repeats voxels under nearest and blends their centres under bilinear enlargement", () => {
  const image = { size: [2, 2, 1] as const, data: Float32Array.of(0, 40, 80, 120) };
  const options = { slices: [0], scale: 2, convention: "neurological" } as const;
  assert.deepEqual(greys([image], { ...options, interpolation: "nearest" }), [
    [80, 80, 120, 120],
    [80, 80, 120, 120],
    [0, 0, 40, 40],
    [0, 0, 40, 40],
  ]);
  // Weights 1, 3/4, 1/4, 0 along both sides.
  assert.deepEqual(greys([image], { ...options, interpolation: "bilinear" }), [
    [80, 90, 110, 120],
    [60, 70, 90, 100],
    [20, 30, 50, 60],
    [0, 10, 30, 40],
  ]);
});

Deno.test("montagePng() shows five slices with gaps of two pixels by default, black even when the window is not", () => {
  const image = { size: [3, 2, 7] as const, data: new Float32Array(42).fill(-1) };
  const png = decode(montagePng([image], { window: [-2, 0] }));
  assert.deepEqual([png.width, png.height], [5 * 3 + 4 * 2, 2]);
  assert.deepEqual([...png.data.subarray(0, 6)], [128, 128, 128, 0, 0, 128]);
});

Deno.test("montagePng() says what is wrong with its arguments", () => {
  const image = countingImage([2, 3, 2]);
  const cases: [readonly ScalarImage[], MontageOptions, string][] = [
    [[], {}, "Cannot draw montage: expected at least one image, got none"],
    [[image], { slices: [] }, "Cannot draw montage: expected at least one slice, got none"],
    [[image], { gap: -1 }, "Cannot draw montage: expected a gap of whole pixels, got -1"],
    [[image], { scale: 1.5 }, "Cannot enlarge picture: expected a whole scale of at least 1, got 1.5"],
    [
      [image, countingImage([2, 3, 3])],
      {},
      "Cannot draw montage: expected images of one size [2, 3, 2], got [2, 3, 3]",
    ],
  ];
  for (const [images, options, message] of cases) assert.throws(() => montagePng(images, options), { message });
});
