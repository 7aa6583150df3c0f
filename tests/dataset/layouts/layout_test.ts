import { deepEqual } from "node:assert/strict";
import { type Layout, LAYOUTS, readLayouts } from "../../../lib/dataset/layouts/mod.ts";
import { meaningOf } from "../../../lib/dataset/layouts/layout.ts";

const WARD: Layout = {
  name: "ward",
  title: "Ward",
  example: "p1/p1.t1.nii",
  place: /(?:^|\/)(?<id>p\d+)\.\w+$/,
  kinds: [[/\.t1$/, "t1"], [/\.old$/, "t1"], [/\.seg$/, "label"], [/\.junk$/, { leftOut: "it is junk" }]],
};

function named(name: string): Layout {
  return LAYOUTS.find((layout) => layout.name === name)!;
}

Deno.test("meaningOf() takes the first pattern that fits, and knows files of no use and of no layout", () => {
  deepEqual(meaningOf(WARD, "x/p1.old.nii.gz"), { meaning: "t1", rank: 1 });
  deepEqual(meaningOf(WARD, "p1.junk.NII"), { meaning: { leftOut: "it is junk" }, rank: 3 });
  deepEqual(meaningOf(WARD, "p1.ct.nii"), {
    meaning: { leftOut: "Ward has it, but it is none of the eight modalities and no label" },
    rank: -1,
  });
  deepEqual(meaningOf(WARD, "q1.t1.nii"), undefined);
});

Deno.test("readLayouts() prefers the earlier pattern over the shorter path, and the shorter path over the order", () => {
  const { subjects, leftOut } = readLayouts([WARD], ["a/p1.old.nii", "p1.old.nii", "deep/er/p1.t1.nii", "b/p1.t1.nii"]);
  deepEqual(subjects, [{ id: "p1", images: [{ modality: "t1", file: "b/p1.t1.nii" }] }]);
  deepEqual(
    leftOut,
    ["a/p1.old.nii", "deep/er/p1.t1.nii", "p1.old.nii"].map((file) => ({
      file,
      reason: "the subject already has t1 from b/p1.t1.nii",
    })),
  );
});

Deno.test("readLayouts() gives a path that fits two layouts to the first, and says which forms it tried", () => {
  const paths = [
    "sub-strokecase0003/ses-0001/dwi/sub-strokecase0003_ses-0001_dwi.nii.gz",
    "sub-7/anat/sub-7_T1w.nii",
    "notes.nii",
  ];
  const { subjects, leftOut } = readLayouts([named("isles22"), named("bids")], paths);
  deepEqual(subjects.map(({ id }) => id), ["sub-strokecase0003_ses-0001", "sub-7"]);
  deepEqual(leftOut, [{
    file: "notes.nii",
    reason: `its path does not have the form of ISLES 2022 (${named("isles22").example}) or BIDS (${
      named("bids").example
    })`,
  }]);
});

Deno.test("readLayouts() keeps persons of two BIDS data sets apart whose names are the same", () => {
  const { subjects } = readLayouts([named("bids")], [
    "ds1/sub-01/anat/sub-01_T1w.nii.gz",
    "ds1/derivatives/masks/sub-01/anat/sub-01_label-lesion_mask.nii.gz",
    "ds2/rawdata/sub-01/anat/sub-01_T1w.nii.gz",
  ]);
  deepEqual(subjects, [
    {
      id: "ds1/sub-01",
      images: [{ modality: "t1", file: "ds1/sub-01/anat/sub-01_T1w.nii.gz" }],
      label: "ds1/derivatives/masks/sub-01/anat/sub-01_label-lesion_mask.nii.gz",
      group: "ds1/sub-01",
    },
    {
      id: "ds2/sub-01",
      images: [{ modality: "t1", file: "ds2/rawdata/sub-01/anat/sub-01_T1w.nii.gz" }],
      group: "ds2/sub-01",
    },
  ]);
});

Deno.test("readLayouts() reads a folder under derivatives when that is the root", () => {
  const { subjects } = readLayouts([named("bids")], ["sub-01/ses-1/anat/sub-01_ses-1_desc-preproc_T1w.nii.gz"]);
  deepEqual(subjects.map(({ id, session }) => [id, session]), [["sub-01_ses-1", "ses-1"]]);
});
