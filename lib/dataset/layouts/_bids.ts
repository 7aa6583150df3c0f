/** Brain Imaging Data Structure: the common scheme of open neuroimaging. */
import type { Layout } from "./layout.ts";

/** The data set's folder, then those that raw data and derivatives may lie in. */
const SET = String.raw`^(?<set>(?:.*?/)?)(?:rawdata/|sourcedata/|derivatives/(?:.*/)?)?`;
/** `sub-01/ses-1/anat/`; derivatives may do without the last. */
const PERSON = String.raw`(?<person>sub-[A-Za-z0-9]+)/(?:ses-[A-Za-z0-9]+/)?(?:[a-z]+/)?`;
/** `sub-01_ses-1_T1w` */
const SUBJECT = String.raw`(?<id>\k<person>(?:_(?<session>ses-[A-Za-z0-9]+))?)_[^/]+$`;

/**
 * Any BIDS data set: images from `anat/` and `dwi/` of the raw data, labels from there or from derivatives.
 *
 * One subject per session. Of several runs or acquisitions of a modality the first with the shortest name is taken. T1w
 * with a contrast agent (`ce-`) is t1c. Processed copies under `derivatives/` are left out; they are read where that
 * folder itself is the root. Raw diffusion series are listed here and refused once their header shows four dimensions;
 * `trace` and `ADC`, which the standard does not name, are taken where scanners left them.
 *
 * Which masks are labels is not fixed by the standard: all segmentations are taken but those named after the brain, its
 * tissues or an atlas.
 *
 * @see BIDS specification 1.10, "Magnetic Resonance Imaging"
 */
export const BIDS: Layout = {
  name: "bids",
  title: "BIDS",
  example: "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz",
  place: new RegExp([SET, PERSON, SUBJECT].join("")),
  kinds: [
    [/_(?:desc|label|atlas)-(?:brain|head|skull|GM|WM|CSF|a?seg|aparc)[^/]*_(?:mask|dseg|probseg)$/i, {
      leftOut: "it is a map of the brain or its tissues, no lesion label",
    }],
    [/_(?:mask|msk|dseg|seg|roi|lesion)$/i, "label"],
    [/(?:^|\/)derivatives\//, { leftOut: "it is a processed copy; name its folder under derivatives/ to use it" }],
    [/_(?:part-(?:phase|real|imag)|inv-\d+|echo-0*(?:[2-9]|1\d))_/, {
      leftOut: "it is a phase image, one inversion of several, or a later echo",
    }],
    [/\/anat\/[^/]*_FLAIR$/i, "flair"],
    [/\/anat\/[^/]*_(?:ce-[^/]*_T1w|T1(?:c|ce|gd))$/i, "t1c"],
    [/\/anat\/[^/]*_T1w$/, "t1"],
    [/\/anat\/[^/]*_T2w$/, "t2"],
    [/\/anat\/[^/]*_(?:angio|TOF|MRA)$/i, "mra"],
    [/\/anat\/[^/]*_PDw?$/, "pd"],
    [/\/dwi\/[^/]*_(?:trace|desc-trace_dwi)$/i, "dwi"],
    [/\/dwi\/[^/]*_dwi$/, "dwi"],
    [/\/(?:dwi|anat)\/[^/]*_adc$/i, "adc"],
  ],
  general: true,
};
