/** UPENN-GBM: glioblastoma before and after surgery, stripped and on one grid. */
import type { Layout } from "./layout.ts";

/** UPENN-GBM on TCIA. `_11` ends the name of a scan at baseline, `_21` that of a follow-up: two sessions of a person. */
export const UPENN_GBM: Layout = {
  name: "upenn-gbm",
  title: "UPENN-GBM",
  example: "images_structural/UPENN-GBM-00001_11/UPENN-GBM-00001_11_T1.nii.gz",
  place: /(?:^|\/)(?<id>(?<person>UPENN-GBM-\d{5})_(?<session>\d{2}))_[^/]+$/,
  kinds: [
    [/_unstripped$/, { leftOut: "the skull is not removed" }],
    [/_FLAIR$/, "flair"],
    [/_T1$/, "t1"],
    [/_T1GD$/, "t1c"],
    [/_T2$/, "t2"],
    [/_automated_approx_segm$/, { leftOut: "it is an automatic segmentation that no expert corrected" }],
    [/_segm$/, "label"],
    [/_DTI_[^/]*$/, { leftOut: "it is a map of the diffusion tensor, none of the eight modalities" }],
    [/_DSC(?:_[^/]*)?$/, { leftOut: "it is a perfusion series or a map of one, none of the eight modalities" }],
  ],
};
