/** Writing NIfTI files: header fields at their places, round trips, and refusals. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { readNifti, readNiftiHeader } from "../../lib/dataset/nifti.ts";
import { writeNifti, writeNiftiChannels, type WriteNiftiOptions } from "../../lib/dataset/nifti_write.ts";
import type { Affine, Volume } from "../../lib/geometry.ts";
import { gunzip } from "./_nifti_file.ts";

const LPS: Affine = [[-1.5, 0, 0, 40], [0, -2, 0, 239], [0, 0, 3, -7], [0, 0, 0, 1]];

function volume(values: readonly number[], affine: Affine = LPS): Volume {
  return { data: Float32Array.from(values), size: [values.length / 2, 2, 1], affine };
}

function largestDifference(a: Affine, b: Affine): number {
  return Math.max(...a.flatMap((row, r) => row.map((value, c) => Math.abs(value - b[r][c]))));
}

Deno.test("writeNifti() and readNifti() give back the volume for every datatype", async () => {
  const values = [0, 1, 2, 253, 254, 255];
  for (const datatype of ["float32", "int16", "uint8"] as const) {
    const bytes = await writeNifti(volume(values), { datatype });
    deepStrictEqual(await readNifti(bytes, "a.nii.gz"), volume(values));
    strictEqual((await readNiftiHeader(bytes, "a.nii.gz")).datatype, datatype);
  }
  const fractions = volume([-0.25, 1e-30, 3e38, Math.fround(0.1)]);
  deepStrictEqual(await readNifti(await writeNifti(fractions), "a.nii.gz"), fractions);
});

Deno.test("writeNifti() puts the header's fields where NIfTI-1 wants them", async () => {
  const bytes = await gunzip(await writeNifti(volume([1, 2, 3, -4]), { datatype: "int16", description: "phantom é" }));
  const view = new DataView(bytes.buffer);
  strictEqual(bytes.length, 352 + 8);
  strictEqual(view.getInt32(0, true), 348);
  deepStrictEqual([0, 1, 2, 3, 4].map((i) => view.getInt16(40 + 2 * i, true)), [3, 2, 2, 1, 1]);
  deepStrictEqual([view.getInt16(70, true), view.getInt16(72, true)], [4, 16]);
  deepStrictEqual([0, 1, 2, 3].map((i) => view.getFloat32(76 + 4 * i, true)), [1, 1.5, 2, 3]);
  deepStrictEqual([108, 112, 116].map((at) => view.getFloat32(at, true)), [352, 1, 0]);
  strictEqual(view.getUint8(123), 2);
  strictEqual(new TextDecoder().decode(bytes.subarray(148, 159)), "phantom é\0");
  deepStrictEqual([view.getInt16(252, true), view.getInt16(254, true)], [1, 1]);
  deepStrictEqual([...bytes.subarray(344, 348)], [0x6e, 0x2b, 0x31, 0]);
  strictEqual(view.getInt16(358, true), -4);
});

/** The bytes with the sform switched off, so that a reader has to use the qform. */
async function withoutSform(bytes: Uint8Array): Promise<Uint8Array> {
  const plain = await gunzip(bytes);
  new DataView(plain.buffer).setInt16(254, 0, true);
  return plain;
}

Deno.test("writeNifti() stores a qform that says the same as the sform for any axis order, mirror and rotation", async () => {
  const permuted: Affine[] = [];
  for (const [i, j, k] of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    for (let signs = 0; signs < 8; signs++) {
      const rows = [[0, 0, 0, 5], [0, 0, 0, -6], [0, 0, 0, 7]];
      rows[i][0] = signs & 1 ? -1 : 1;
      rows[j][1] = signs & 2 ? -2 : 2;
      rows[k][2] = signs & 4 ? -3 : 3;
      permuted.push([...rows, [0, 0, 0, 1]]);
    }
  }
  // Rotation by 2/3, -1/3, 2/3 …: an exact orthonormal matrix, spacing 3, 1.5 and 6 mm.
  const rotated: Affine = [[2, -0.5, 4, 11], [2, 1, -2, 12], [-1, 1, 4, 13], [0, 0, 0, 1]];
  // A turn of 240° about z: its quaternion with the largest component positive has a negative scalar part.
  const h = Math.sqrt(3) / 2;
  const turned: Affine = [[-0.5, h, 0, 0], [-h, -0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  for (const affine of [...permuted, rotated, turned]) {
    const bytes = await withoutSform(await writeNifti(volume([1, 2], affine)));
    const read = await readNiftiHeader(bytes, "a.nii");
    strictEqual(largestDifference(read.affine, affine) < 2e-6, true, JSON.stringify([affine, read.affine]));
  }
});

Deno.test("writeNifti() stores no qform for a sheared affine", async () => {
  const sheared: Affine = [[1, 0.25, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  const bytes = await writeNifti(volume([1, 2], sheared));
  strictEqual(new DataView((await gunzip(bytes)).buffer).getInt16(252, true), 0);
  deepStrictEqual((await readNifti(bytes, "a.nii.gz")).affine, sheared);
});

const REFUSED: readonly [values: number[], options: WriteNiftiOptions, message: string][] = [
  [
    [1, 2.5],
    { datatype: "int16" },
    "Cannot write volume as int16: expected integers from -32768 to 32767, got 2.5 at index 1",
  ],
  [
    [1, 32768],
    { datatype: "int16" },
    "Cannot write volume as int16: expected integers from -32768 to 32767, got 32768 at index 1",
  ],
  [[-1, 2], { datatype: "uint8" }, "Cannot write volume as uint8: expected integers from 0 to 255, got -1 at index 0"],
  [[0, NaN], {}, "Cannot write volume as float32: expected finite numbers, got NaN at index 1"],
  [[0, 0], { description: "é".repeat(40) }, "Cannot write volume: expected a description of at most 79 bytes, got 80"],
];

for (const [values, options, message] of REFUSED) {
  Deno.test(`writeNifti() refuses: ${message}`, async () => {
    await rejects(writeNifti(volume(values), options), { name: "RangeError", message });
  });
}

Deno.test("writeNifti() refuses an affine that no reader could use", async () => {
  const flat = LPS.map((row, r) => (r === 2 ? [0, 0, 0, 1] : row));
  await rejects(writeNifti(volume([1, 2], flat)), {
    name: "RangeError",
    message: "Cannot invert affine: expected a regular matrix, got determinant 0",
  });
});

Deno.test("writeNifti() refuses sizes that contradict the voxels or the format", async () => {
  const sized = (size: readonly [number, number, number]): Volume => ({ data: new Float32Array(4), size, affine: LPS });
  await rejects(writeNifti(sized([5, 1, 1])), {
    name: "RangeError",
    message: "Cannot write volume: expected 5 voxels for size (5, 1, 1), got 4",
  });
  await rejects(writeNifti(sized([40000, 1, 1])), {
    name: "RangeError",
    message: "Cannot write volume: expected 1 to 32767 voxels along an axis, got (40000, 1, 1)",
  });
});

Deno.test("writeNiftiChannels() writes one file of four axes, a volume after the other", async () => {
  const channels = [[0, 0.5, 1, -2], [3, 4, 5, 6], [7, 8, 9, 10]].map((values) => Float32Array.from(values));
  const bytes = await gunzip(await writeNiftiChannels({ channels, size: [2, 2, 1], affine: LPS }));
  const view = new DataView(bytes.buffer);
  deepStrictEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => view.getInt16(40 + 2 * i, true)), [4, 2, 2, 1, 3, 1, 1, 1]);
  const values = Array.from({ length: 12 }, (_, i) => view.getFloat32(352 + 4 * i, true));
  deepStrictEqual(values, channels.flatMap((data) => [...data]));
  strictEqual(bytes.length, 352 + 48);
  deepStrictEqual([0, 1, 2, 3].map((i) => view.getFloat32(280 + 4 * i, true)), [...LPS[0]]);
});

Deno.test("writeNiftiChannels() of one volume holds what writeNifti() writes, but for the number of axes", async () => {
  const { data, ...grid } = volume([1, 2, 3, 4, 5, 6]);
  const one = await gunzip(await writeNifti({ data, ...grid }, { datatype: "uint8" }));
  const channels = await gunzip(await writeNiftiChannels({ channels: [data], ...grid }, { datatype: "uint8" }));
  strictEqual(channels[40], 4);
  channels[40] = 3;
  deepStrictEqual(channels, one);
});

Deno.test("writeNiftiChannels() refuses no volume and volumes of another size", async () => {
  const grid = { size: [2, 1, 1], affine: LPS } as const;
  await rejects(writeNiftiChannels({ channels: [], ...grid }), {
    name: "RangeError",
    message: "Cannot write volume: expected 1 to 32767 channels, got 0",
  });
  await rejects(writeNiftiChannels({ channels: [new Float32Array(2), new Float32Array(3)], ...grid }), {
    message: "Cannot write volume: expected 2 voxels for size (2, 1, 1), got 3",
  });
});
