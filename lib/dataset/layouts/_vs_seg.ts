/** Vestibular-Schwannoma-SEG: tumours of the hearing nerve. */
import type { Layout } from "./layout.ts";

/**
 * Vestibular-Schwannoma-SEG after conversion from DICOM: `refT1` and `refT2` name the grid that a file lies on, and only
 * a registered copy has both scans on one. The grid of T1 is preferred. T1 is the scan after contrast.
 *
 * Not sure are the names of the folders: with the number alone, with TCIA's name, or with the number in the files' names
 * too; all are taken.
 */
export const VS_SEG: Layout = {
  name: "vs-seg",
  title: "Vestibular-Schwannoma-SEG",
  example: "vs_gk_1/vs_gk_t1_refT1.nii.gz",
  place: /(?:^|\/)(?<id>vs_gk_\d+|VS-SEG-\d+)\/(?:[^/]+\/)*[^/]+$/i,
  kinds: [
    [/_t1_refT1$/i, "t1c"],
    [/_t2_refT1$/i, "t2"],
    [/_seg_refT1$/i, "label"],
    [/_t1(?:_refT2)?$/i, "t1c"],
    [/_t2(?:_refT2)?$/i, "t2"],
    [/_seg(?:_refT2)?$/i, "label"],
    [/_(?:struc|cochlea)\w*$/i, { leftOut: "it outlines a structure beside the tumour" }],
  ],
};
