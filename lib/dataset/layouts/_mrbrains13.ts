/** MRBrainS13: tissues of ageing brains. */
import type { Layout } from "./layout.ts";

/**
 * MRBrainS13, `TrainingData/1` to `5` and `TestData/1` to `15`; both count from 1, so the folder belongs to the name.
 *
 * Inversion recovery is left out: a subject has one image per modality, and there is no template for it. The finer of the
 * two label maps is taken. Copies that are gzipped or lack the upper folders are accepted.
 */
export const MRBRAINS13: Layout = {
  name: "mrbrains13",
  title: "MRBrainS13",
  example: "TrainingData/1/T2_FLAIR.nii",
  place: /(?:^|\/)(?<id>(?:(?:Training|Test)(?:Data)?\/)?\d{1,2})\/(?:T1|T1_1mm|T1_IR|T2_FLAIR|LabelsFor\w+)$/i,
  kinds: [
    [/\/T2_FLAIR$/i, "flair"],
    [/\/T1$/i, "t1"],
    [/\/LabelsForTraining$/i, "label"],
    [/\/LabelsFor/i, { leftOut: "it is a coarser copy of LabelsForTraining" }],
    [/\/T1_IR$/i, { leftOut: "it is an inversion recovery, none of the eight modalities" }],
    [/\/T1_1mm$/i, { leftOut: "it is T1 before it was brought to the grid of the other scans" }],
  ],
  evidence: /\/(?:T2_FLAIR|LabelsForTraining)$/i,
};
