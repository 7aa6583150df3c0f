import { deepEqual, doesNotReject, rejects } from "node:assert/strict";
import type { Datalist } from "../../lib/dataset/datalist.ts";
import type { Grid } from "../../lib/dataset/mod.ts";
import { readGrid, verifyDatalist } from "../../lib/dataset/verify.ts";
import { VolumeError } from "../../lib/errors.ts";
import type { Triple } from "../../lib/geometry.ts";
import { tinyNifti } from "./_tiny_nifti.ts";

function gridOf(size: Triple, x = 0): Grid {
  return { size, affine: [[1, 0, 0, x], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] };
}

const DATALIST: Datalist = {
  root: "/scans",
  training: [{ id: "p", images: [{ modality: "t1", file: "p_t1.nii" }, { modality: "t2", file: "p_t2.nii" }] }],
  validation: [{
    id: "q",
    images: [{ modality: "t1", file: "q_t1.nii" }, { modality: "pd", file: "q_pd.nii" }],
    label: "q_seg.nii",
  }],
};

/** Readers over a table of resolved paths; an Error in it is thrown on reading. */
function readersOf(files: Record<string, Grid | Error>): Parameters<typeof verifyDatalist>[1] {
  return {
    exists: (path) => Promise.resolve(path in files),
    readGrid: (path) => files[path] instanceof Error ? Promise.reject(files[path]) : Promise.resolve(files[path]),
  };
}

const SOUND = {
  "/scans/p_t1.nii": gridOf([3, 4, 5]),
  "/scans/p_t2.nii": gridOf([3, 4, 5]),
  "/scans/q_t1.nii": gridOf([2, 2, 7]),
  "/scans/q_pd.nii": gridOf([2, 2, 7]),
};

Deno.test("verifyDatalist() accepts sound images and does not ask for labels", async () => {
  await doesNotReject(verifyDatalist(DATALIST, readersOf(SOUND)));
});

Deno.test("verifyDatalist() counts all missing images and names the first three", async () => {
  await rejects(verifyDatalist(DATALIST, readersOf({})), {
    name: "DatalistError",
    message: 'Cannot use datalist: expected all 4 images under "/scans", got 4 missing: ' +
      "p_t1.nii; p_t2.nii; q_t1.nii; and 1 more",
  });
});

Deno.test("verifyDatalist() reports unreadable headers with their own reason", async () => {
  const broken = new VolumeError("/scans/q_pd.nii", "not a NIfTI file");
  await rejects(verifyDatalist(DATALIST, readersOf({ ...SOUND, "/scans/q_pd.nii": broken })), {
    name: "DatalistError",
    message: "Cannot use datalist: expected readable headers, got 1 of 4 broken: " +
      "Cannot read /scans/q_pd.nii: not a NIfTI file",
    cause: broken,
  });
});

Deno.test("verifyDatalist() reports subjects whose images differ in size or place", async () => {
  for (const other of [gridOf([2, 2, 6]), gridOf([2, 2, 7], 1)]) {
    await rejects(verifyDatalist(DATALIST, readersOf({ ...SOUND, "/scans/q_pd.nii": other })), {
      name: "DatalistError",
      message: /^Cannot use datalist: expected one grid per subject, got 1 of 2 subjects on several: .*q_pd\.nii/,
    });
  }
});

Deno.test("readGrid() needs no more than the beginning of the file", async () => {
  const bytes = tinyNifti([30, 20, 10], { voxel: (i) => i, origin: [-4, 5, 6] });
  let asked = 0;
  const grid = await readGrid("a.nii", (_, byteCount) => {
    asked = byteCount;
    return Promise.resolve(bytes.subarray(0, byteCount));
  });
  deepEqual(grid, { size: [30, 20, 10], affine: [[1, 0, 0, -4], [0, 1, 0, 5], [0, 0, 1, 6], [0, 0, 0, 1]] });
  deepEqual([asked, asked < bytes.length], [16384, true]);
});
