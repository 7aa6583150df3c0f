/** Brain Tumor Segmentation challenges: skull-stripped scans on one grid, a folder per subject. */
import type { Layout } from "./layout.ts";

/** RSNA-ASNR-MICCAI BraTS 2021, training and validation; one scan per person. */
export const BRATS2021: Layout = {
  name: "brats2021",
  title: "BraTS 2021",
  example: "BraTS2021_00000/BraTS2021_00000_flair.nii.gz",
  place: /(?:^|\/)(?<id>BraTS2021_\d{5})_[^/]+$/,
  kinds: [
    [/_flair$/, "flair"],
    [/_t1$/, "t1"],
    [/_t1ce$/, "t1c"],
    [/_t2$/, "t2"],
    [/_seg$/, "label"],
  ],
};

/**
 * BraTS 2023 and later years of the same names: GLI, MEN, SSA, PED, MET. The last number counts a person's scans.
 *
 * Other cohorts of this form are taken as well; of inpainting's `t1n-voided` and masks none is.
 */
export const BRATS2023: Layout = {
  name: "brats2023",
  title: "BraTS 2023",
  example: "BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1n.nii.gz",
  place: /(?:^|\/)(?<id>(?<person>BraTS-[A-Z]+-\d{4,6})-(?<session>\d{3}))-[^/]+$/,
  kinds: [
    [/\d-t2f$/, "flair"],
    [/\d-t1n$/, "t1"],
    [/\d-t1c$/, "t1c"],
    [/\d-t2w$/, "t2"],
    [/\d-seg$/, "label"],
  ],
};
