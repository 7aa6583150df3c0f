import { deepEqual, equal, rejects } from "node:assert/strict";
import { discoverSubjects, type Discovery } from "../../lib/dataset/discover.ts";
import { chooseLayouts, type Grid } from "../../lib/dataset/mod.ts";
import { readGrid } from "../../lib/dataset/verify.ts";
import { VolumeError } from "../../lib/errors.ts";
import type { Triple } from "../../lib/geometry.ts";
import { listNiftiFiles, readFilePrefix } from "../../lib/host/files.ts";

function gridOf(size: Triple, shear = 0): Grid {
  return { size, affine: [[1, shear, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] };
}

/** Runs over files that all lie on a 3×4×5 grid but for those given. */
function discover(paths: string[], grids: Record<string, Grid | Error> = {}): Promise<Discovery> {
  const read = (path: string): Promise<Grid> => {
    const grid = grids[path.replace("/scans/", "")] ?? gridOf([3, 4, 5]);
    return grid instanceof Error ? Promise.reject(grid) : Promise.resolve(grid);
  };
  return discoverSubjects(paths, { root: "/scans", readGrid: read });
}

Deno.test("discoverSubjects() takes a folder for a subject, sorts its modalities and sets its label", async () => {
  const { datalist, skipped } = await discover([
    "b/q_T2.nii",
    "a/p_consensus_gt.nii.gz",
    "a/p_T1.nii.gz",
    "a/p_FLAIR.nii.gz",
    "b/q_swi.nii",
    "a/p_brain_mask.nii.gz",
  ]);
  deepEqual(datalist, {
    root: "/scans",
    training: [
      {
        id: "p",
        images: [{ modality: "flair", file: "a/p_FLAIR.nii.gz" }, { modality: "t1", file: "a/p_T1.nii.gz" }],
        label: "a/p_consensus_gt.nii.gz",
      },
      { id: "q", images: [{ modality: "t2", file: "b/q_T2.nii" }] },
    ],
    validation: [],
  });
  deepEqual(skipped, [
    { file: "a/p_brain_mask.nii.gz", reason: "its name ends in no known modality" },
    { file: "b/q_swi.nii", reason: "its name ends in no known modality" },
  ]);
});

Deno.test("discoverSubjects() keeps the grid of most images and reports the others", async () => {
  const paths = ["a/p_adc.nii", "a/p_dwi.nii", "a/p_flair.nii", "a/p_msk.nii"];
  const { datalist, skipped } = await discover(paths, {
    "a/p_flair.nii": gridOf([9, 9, 2]),
    "a/p_msk.nii": gridOf([9, 9, 2]),
  });
  deepEqual(datalist.training, [{
    id: "p",
    images: [{ modality: "dwi", file: "a/p_dwi.nii" }, { modality: "adc", file: "a/p_adc.nii" }],
  }]);
  deepEqual(skipped, [
    {
      file: "a/p_flair.nii",
      reason: "Cannot stack a/p_dwi.nii and a/p_flair.nii: expected one voxel grid, got shapes [3, 4, 5] and " +
        "[9, 9, 2]; register and resample the scans of a subject to one grid first",
      otherGrid: true,
    },
    { file: "a/p_msk.nii", reason: "its voxels do not lie on those of a/p_dwi.nii", otherGrid: true },
  ]);
});

Deno.test("discoverSubjects() breaks a tie of grids by the order of the modalities", async () => {
  const { datalist } = await discover(["a/p_dwi.nii", "a/p_flair.nii"], { "a/p_flair.nii": gridOf([9, 9, 2]) });
  deepEqual(datalist.training[0].images.map(({ modality }) => modality), ["flair"]);
});

Deno.test("discoverSubjects() allows a label, but no image, a shear of a thousandth", async () => {
  const paths = ["a/p_seg.nii", "a/p_t1.nii", "a/p_t2.nii", "b/q_seg.nii", "b/q_t1.nii"];
  const { datalist, skipped } = await discover(paths, {
    "a/p_seg.nii": gridOf([3, 4, 5], 0.001),
    "a/p_t2.nii": gridOf([3, 4, 5], 0.001),
    // Moves the last row of voxels by 3 · 0.004 = 0.012 voxels.
    "b/q_seg.nii": gridOf([3, 4, 5], 0.004),
  });
  deepEqual(datalist.training.map(({ images, label }) => [images.map(({ file }) => file), label]), [
    [["a/p_t1.nii"], "a/p_seg.nii"],
    [["b/q_t1.nii"], undefined],
  ]);
  deepEqual(skipped.map(({ file }) => file), ["a/p_t2.nii", "b/q_seg.nii"]);
});

Deno.test("discoverSubjects() cuts a flat folder by the stems of its files", async () => {
  const { datalist, skipped } = await discover(
    ["all/s1_seg.nii", "all/s1_t1.nii", "all/s10_seg.nii", "all/s10_t1.nii", "all/s10_t2.nii", "all/s10_t1n.nii"],
  );
  deepEqual(
    datalist.training.map(({ id, images, label }) => [id, images.map(({ file }) => file), label]),
    [["s10", ["all/s10_t1.nii", "all/s10_t2.nii"], "all/s10_seg.nii"], ["s1", ["all/s1_t1.nii"], "all/s1_seg.nii"]],
  );
  deepEqual(skipped, [{ file: "all/s10_t1n.nii", reason: "the subject already has t1 from all/s10_t1.nii" }]);
});

Deno.test("discoverSubjects() reports unreadable files, second labels and labels without an image", async () => {
  const { datalist, skipped } = await discover(
    ["a/p_gt.nii", "a/p_seg.nii", "a/p_t1.nii", "a/p_t2.nii", "b/q_seg.nii"],
    { "a/p_t2.nii": new VolumeError("/scans/a/p_t2.nii", "the file is cut off") },
  );
  deepEqual(datalist.training, [{ id: "p", images: [{ modality: "t1", file: "a/p_t1.nii" }], label: "a/p_gt.nii" }]);
  deepEqual(skipped, [
    { file: "a/p_seg.nii", reason: "the subject already has a label from a/p_gt.nii" },
    { file: "a/p_t2.nii", reason: "Cannot read /scans/a/p_t2.nii: the file is cut off" },
    { file: "b/q_seg.nii", reason: "it is a label without an image beside it" },
  ]);
});

Deno.test("discoverSubjects() throws when there is no subject", async () => {
  await rejects(discover([]), { name: "DatalistError", message: /got none among 0 files$/ });
  await rejects(discover(["a/p_swi.nii"]), {
    name: "DatalistError",
    message: 'Cannot find subjects under "/scans": expected NIfTI files whose names end in a modality (flair, fla, ' +
      "t2f, t2flair, t1, t1n, t1w, t1c, t1ce, t1gd, t1wks, t1wce, t2, t2w, mra, tof, pd, pdw, dwi, adc), " +
      "got none among 1 files, e.g. a/p_swi.nii: its name ends in no known modality",
  });
});

Deno.test("discoverSubjects() names subjects and groups by a layout, and still wants one grid and readable files", async () => {
  const paths = ["dwi", "adc", "flair", "msk"].map((kind) => `s/sub-strokecase0001_ses-0001_${kind}.nii`);
  const { layouts } = chooseLayouts("isles22", paths);
  const { datalist, skipped } = await discoverSubjects([
    ...paths,
    "s/sub-strokecase0002_ses-0001_dwi.nii",
    "s/x_t1.nii",
  ], {
    root: "/scans",
    layouts,
    readGrid: (path) => {
      if (path.includes("case0002")) return Promise.reject(new VolumeError(path, "the file is cut off"));
      return Promise.resolve(gridOf(path.includes("flair") ? [9, 9, 2] : [3, 4, 5]));
    },
  });
  deepEqual(datalist.training, [{
    id: "sub-strokecase0001_ses-0001",
    images: [{ modality: "dwi", file: paths[0] }, { modality: "adc", file: paths[1] }],
    label: paths[3],
    group: "sub-strokecase0001",
  }]);
  deepEqual(skipped.map(({ file, otherGrid }) => [file, otherGrid]), [
    [paths[2], true],
    ["s/sub-strokecase0002_ses-0001_dwi.nii", undefined],
    ["s/x_t1.nii", undefined],
  ]);
});

Deno.test("discoverSubjects() looks at no file without a reader, and takes all images for stackable", async () => {
  const { datalist, skipped } = await discoverSubjects(["a/p_t1.nii", "a/p_t2.nii", "a/p_seg.nii", "b/q_seg.nii"], {
    root: "/scans",
  });
  deepEqual(datalist.training, [{
    id: "p",
    images: [{ modality: "t1", file: "a/p_t1.nii" }, { modality: "t2", file: "a/p_t2.nii" }],
    label: "a/p_seg.nii",
  }]);
  deepEqual(skipped, [{ file: "b/q_seg.nii", reason: "it is a label without an image beside it" }]);
});

Deno.test("discoverSubjects() says what a layout's files look like when it finds none", async () => {
  const { layouts } = chooseLayouts("ixi", []);
  await rejects(discoverSubjects(["a/p_t1.nii"], { root: "/scans", layouts }), {
    name: "DatalistError",
    message:
      'Cannot find subjects under "/scans": expected images of IXI (such as IXI-T1/IXI002-Guys-0828-T1.nii.gz), ' +
      "got none among 1 files, e.g. a/p_t1.nii: its path does not have the form of IXI " +
      "(IXI-T1/IXI002-Guys-0828-T1.nii.gz)",
  });
});

const SCANS = new URL("../../../shared/data", import.meta.url).pathname;
const SCANS_ABSENT = !await Deno.stat(SCANS).then(() => true, () => false);

Deno.test({
  name: `discoverSubjects() finds the subjects of real data sets${
    SCANS_ABSENT ? " (ignored: no scans beside it)" : ""
  }`,
  ignore: SCANS_ABSENT,
  fn: async () => {
    const { datalist, skipped } = await discoverSubjects(await listNiftiFiles(SCANS), {
      root: SCANS,
      readGrid: (path) => readGrid(path, readFilePrefix),
    });
    const found = datalist.training.map(({ id, images, label }) =>
      [id, images.map(({ modality }) => modality).join(" "), label !== undefined].join(": ")
    );
    deepEqual(found, [
      "BraTS-MET-00110-000: flair t1 t1c t2: false",
      "BraTS-GLI-00000-000: flair t1 t1c t2: true",
      "isles22-docker-test-case: dwi adc: false",
      "sub-strokecase0001_ses-0001: dwi adc: false",
      "sub-strokecase0009_ses-0001: dwi adc: true",
      "patient19: flair t1 t1c t2: true",
      "patient26: flair t1 t1c t2: true",
      "TCGA-DU-7294: flair t1 t1c t2: true",
      "TCGA-FG-6692: flair t1 t1c t2: true",
    ]);
    equal(skipped.length, 2);
    for (const { file, reason } of skipped) {
      equal(/_flair\.nii\.gz$/.test(file) && /expected one voxel grid, got shapes/.test(reason), true, reason);
    }
  },
});
