import { deepEqual, equal, throws } from "node:assert/strict";
import { chooseLayouts, layoutEvidence } from "../../../lib/dataset/layouts/mod.ts";

function brats(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `BraTS2021_0000${i}`;
    return [`${id}/${id}_t1.nii.gz`, `${id}/${id}_seg.nii.gz`];
  }).flat();
}

function plain(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `own/p${i}/p${i}_T1.nii`);
}

const ALL = "brats2021, brats2023, ucsf-pdgm, ixi, upenn-gbm, isles22, mrbrains13, vs-seg, bids";

Deno.test("layoutEvidence() counts images, not labels, and gives a general scheme what is left", () => {
  const evidence = layoutEvidence([
    ...brats(2),
    "sub-strokecase0001/ses-0001/dwi/sub-strokecase0001_ses-0001_dwi.nii.gz",
    "sub-01/anat/sub-01_T1w.nii.gz",
  ]);
  deepEqual(evidence.map(({ layout, images }) => [layout.name, images]), [["brats2021", 2], ["isles22", 1], [
    "bids",
    1,
  ]]);
});

Deno.test("layoutEvidence() asks for more than a numbered folder with a T1", () => {
  deepEqual(layoutEvidence(["1/T1.nii", "2/T1.nii"]), []);
  equal(layoutEvidence(["1/T1.nii", "1/T2_FLAIR.nii"])[0].images, 2);
});

Deno.test("chooseLayouts() takes the layout that fits, unless more than a tenth of the images lies outside", () => {
  const choice = chooseLayouts("auto", [...brats(9), ...plain(1)]);
  deepEqual([choice.title, choice.reason], ["BraTS 2021", "recognised by 9 images"]);
  const lost = chooseLayouts("auto", [...brats(9), ...plain(2)]);
  deepEqual(lost, {
    layouts: [],
    title: "plain folders",
    reason: "only 9 of 11 images follow brats2021",
  });
});

Deno.test("chooseLayouts() takes plain folders where none fits, such as sub-01/sub-01_T1w without anat/", () => {
  for (const paths of [plain(3), ["sub-01/sub-01_T1w.nii.gz", "sub-02/sub-02_t1ce.nii.gz"], []]) {
    const reason = `none of the layouts fits: ${ALL}`;
    deepEqual(chooseLayouts("auto", paths), { layouts: [], title: "plain folders", reason });
  }
});

Deno.test("chooseLayouts() never guesses among several, and reads them once they are named", () => {
  const paths = [...brats(1), "IXI-T1/IXI002-Guys-0828-T1.nii.gz", "IXI-T2/IXI002-Guys-0828-T2.nii.gz"];
  deepEqual(chooseLayouts("auto", paths), {
    layouts: [],
    title: "plain folders, as several layouts fit; --layout brats2021,ixi reads by them",
    reason: "several layouts fit: brats2021 (1 image), ixi (2 images)",
  });
  const { layouts, title } = chooseLayouts("IXI, brats2021", paths);
  deepEqual([layouts.map(({ name }) => name), title], [["brats2021", "ixi"], "BraTS 2021, IXI"]);
  deepEqual(chooseLayouts("plain", paths).layouts, []);
});

Deno.test("chooseLayouts() names the layouts there are when it does not know one", () => {
  throws(() => chooseLayouts("ixi,brats21", []), {
    name: "ConfigError",
    message: `Cannot use layout: expected auto, plain, or some of ${ALL}, got "brats21"`,
  });
});
