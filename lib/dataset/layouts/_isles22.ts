/** ISLES 2022: ischaemic stroke. */
import type { Layout } from "./layout.ts";

/**
 * ISLES 2022, whose folders come in several forms: `ses-0001/dwi/`, `ses-0001/`, or one per case as the official code
 * has it; masks lie under `derivatives/` or beside the images. Names are the same in all of them, but for the case of
 * `FLAIR`, so folders are not looked at. FLAIR has a grid of its own.
 */
export const ISLES22: Layout = {
  name: "isles22",
  title: "ISLES 2022",
  example: "sub-strokecase0001/ses-0001/dwi/sub-strokecase0001_ses-0001_dwi.nii.gz",
  place: /(?:^|\/)(?<id>(?<person>sub-strokecase\d{4})(?:_(?<session>ses-\d+))?)_[^/]+$/,
  kinds: [
    [/_flair$/i, "flair"],
    [/_dwi$/i, "dwi"],
    [/_adc$/i, "adc"],
    [/_msk$/i, "label"],
  ],
};
