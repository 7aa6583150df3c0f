import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Subject } from "../../lib/dataset/datalist.ts";
import { type ScanBytes, type ScanFacts, surveyScan, surveySubjects } from "../../lib/dataset/survey.ts";
import type { Triple } from "../../lib/geometry.ts";
import { tinyNifti } from "./_tiny_nifti.ts";

/** A file in memory that counts what is read of it. */
function fileOf(bytes: Uint8Array): ScanBytes & { readBytes: number } {
  return {
    size: bytes.length,
    readBytes: 0,
    read(offset, length) {
      this.readBytes += length;
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}

function scan(size: Triple, voxel: (i: number) => number = (i) => i): Uint8Array {
  return tinyNifti(size, { voxel });
}

Deno.test("surveyScan() tells the grid from a small part of the file", async () => {
  const file = fileOf(scan([60, 50, 40]));
  const { size, affine, doubts } = await surveyScan(file, "a.nii");
  deepEqual([size, affine[0], doubts], [[60, 50, 40], [1, 0, 0, 0], []]);
  deepEqual([file.readBytes, file.size], [2 * 16384, 352 + 4 * 60 * 50 * 40]);
});

Deno.test("surveyScan() gives equal files one fingerprint and others another, empty first slices or not", async () => {
  const count = 60 * 50 * 40;
  const head = (value: number) => (i: number): number => Math.abs(i - count / 2) < 2000 ? value : 0;
  const print = async (bytes: Uint8Array): Promise<string> => (await surveyScan(fileOf(bytes), "a.nii")).fingerprint;
  const one = await print(scan([60, 50, 40], head(1)));
  equal(await print(scan([60, 50, 40], head(1))), one);
  notEqual(await print(scan([60, 50, 40], head(2))), one);
  const zipped = gzipSync(scan([60, 50, 40], head(1)));
  equal(await print(zipped), await print(zipped.subarray()));
  notEqual(await print(gzipSync(scan([60, 50, 40], head(2)))), await print(zipped));
});

Deno.test("surveyScan() refuses an uncompressed file that is cut off, and doubts a compressed one", async () => {
  const whole = scan([20, 20, 20]);
  await rejects(surveyScan(fileOf(whole.subarray(0, 9000)), "a.nii"), {
    name: "VolumeError",
    message: "Cannot read a.nii: the file is cut off: expected 32352 bytes, got 9000",
  });
  deepEqual((await surveyScan(fileOf(gzipSync(whole)), "a.nii.gz")).doubts, []);
  // Cut off before it was packed, then after.
  const { doubts } = await surveyScan(fileOf(gzipSync(whole.subarray(0, 9000))), "a.nii.gz");
  deepEqual(doubts, ["it may be cut off: its header asks for 32352 bytes, its end says 9000"]);
  const noise = gzipSync(scan([20, 20, 20], (i) => Math.sin(i * i)));
  match(
    (await surveyScan(fileOf(noise.subarray(0, 20000)), "a.nii.gz")).doubts.join(),
    /^it may be cut off: .* 32352 /,
  );
});

Deno.test("surveyScan() refuses what is no NIfTI file", async () => {
  await rejects(
    surveyScan(fileOf(new Uint8Array(0)), "a.nii"),
    /^VolumeError: Cannot read a\.nii: .* got an empty one$/,
  );
  await rejects(surveyScan(fileOf(new Uint8Array(400)), "a.nii"), /expected a NIfTI-1 or NIfTI-2 file, got something/);
});

Deno.test("surveyScan() doubts slabs and voxels of no brain scan", async () => {
  const bytes = scan([20, 20, 3]);
  new DataView(bytes.buffer).setFloat32(280, 25, true);
  const { doubts } = await surveyScan(fileOf(bytes), "a.nii");
  deepEqual(doubts, ["it has the shape [20, 20, 3]", "its voxels measure 25 × 1 × 1 mm"]);
});

function subject(
  id: string,
  modalities: Subject["images"][number]["modality"][],
  rest: Partial<Subject> = {},
): Subject {
  return { id, images: modalities.map((modality) => ({ modality, file: `${id}_${modality}` })), ...rest };
}

function facts(size: Triple, fingerprint: string, doubts: string[] = []): ScanFacts {
  const affine = [[1.004, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]];
  return { size, affine, fingerprint, doubts };
}

const SUBJECTS = [
  subject("a1", ["t1", "flair"], { group: "a", label: "a1_seg" }),
  subject("a2", ["flair", "t1"], { group: "a" }),
  subject("a", ["adc"]),
];

Deno.test("surveySubjects() counts modalities, sets of them, persons and labels from the list alone", () => {
  const { grids, duplicates, doubtful, ...counts } = surveySubjects(SUBJECTS);
  deepEqual(counts, {
    subjects: 3,
    // The group a, and the subject a.
    persons: 2,
    labelled: 1,
    modalities: new Map([["flair", 2], ["t1", 2], ["adc", 1]]),
    sets: [{ modalities: ["flair", "t1"], subjects: 2 }, { modalities: ["adc"], subjects: 1 }],
  });
  deepEqual([grids, duplicates, doubtful], [[], [], []]);
});

Deno.test("surveySubjects() counts grids, and finds equal images and doubts of listed files only", () => {
  const known = new Map([
    ["a1_t1", facts([3, 4, 5], "x")],
    ["a1_flair", facts([3, 4, 5], "y")],
    ["a2_t1", facts([3, 4, 5], "x")],
    ["a2_flair", facts([3, 4, 5], "z", ["odd"])],
    ["a_adc", facts([6, 6, 6], "w")],
    ["a1_seg", facts([3, 4, 5], "x", ["empty"])],
    ["elsewhere", facts([3, 4, 5], "w", ["odd"])],
  ]);
  const { grids, duplicates, doubtful } = surveySubjects(SUBJECTS, known);
  deepEqual(grids, [
    { size: [3, 4, 5], spacingMm: [1, 1, 3], subjects: 2 },
    { size: [6, 6, 6], spacingMm: [1, 1, 3], subjects: 1 },
  ]);
  deepEqual(duplicates, [["a1_t1", "a2_t1"]]);
  deepEqual(doubtful, [{ file: "a1_seg", doubt: "empty" }, { file: "a2_flair", doubt: "odd" }]);
});
