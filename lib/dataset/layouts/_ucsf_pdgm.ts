/** UCSF-PDGM: preoperative diffuse gliomas, stripped and on one grid per subject. */
import type { Layout } from "./layout.ts";

/**
 * UCSF-PDGM on TCIA. A few persons have follow-up scans (`UCSF-PDGM-0181_FU003d_nifti`), which count as sessions.
 *
 * The first release calls the T1 after contrast `T1gad`.
 */
export const UCSF_PDGM: Layout = {
  name: "ucsf-pdgm",
  title: "UCSF-PDGM",
  example: "UCSF-PDGM-0004_nifti/UCSF-PDGM-0004_T1.nii.gz",
  place: /(?:^|\/)(?<id>(?<person>UCSF-PDGM-\d{3,5})(?:_(?<session>FU\d+[a-z]?))?)_[^/]+$/,
  kinds: [
    [/_bias$/, { leftOut: "it is a copy with the bias field corrected" }],
    [/_(?:T2)?FLAIR$/i, "flair"],
    [/_T1$/, "t1"],
    [/_T1(?:c|gad)$/i, "t1c"],
    [/_T2$/, "t2"],
    [/_DWI$/, "dwi"],
    [/_ADC$/, "adc"],
    [/_tumor_segmentation$/, "label"],
    [/_brain(?:_parenchyma)?_segmentation$/, { leftOut: "it is a mask of the brain, no lesion label" }],
    [/_DTI_/, { leftOut: "it is a map of the diffusion tensor, none of the eight modalities" }],
  ],
};
