/** The words of a report, one sentence each, for a reader who is new to the method. */
import { WHITE_ERROR } from "./figures.ts";

/** A term and its meaning; the two read as one sentence. */
export interface Definition {
  readonly word: string;
  readonly meaning: string;
}

/** Key of a term. */
export type Term =
  | "mosaic"
  | "cmr"
  | "md"
  | "cl"
  | "total"
  | "template"
  | "psnr"
  | "mosaicBaseline"
  | "meanVolume"
  | "templateChange"
  | "error"
  | "radiological";

/** What each term means; the method's own are those of its paper (arXiv 2410.10604, section 3). */
export const TERMS: Readonly<Record<Term, Definition>> = {
  mosaic: {
    word: "Mosaic",
    meaning:
      "is the network's input: a crop in which most blocks of voxels are hidden and filled from another source, " +
      "while the others are kept.",
  },
  cmr: {
    word: "Cross-modal masked reconstruction (CMR)",
    meaning: "fills the hidden blocks from another modality of the same subject and lets the network rebuild the crop.",
  },
  md: {
    word: "Modal data distillation (MD)",
    meaning: "fills the hidden blocks from the learned template of the modality, so that the template comes to hold " +
      "what the subjects have in common.",
  },
  cl: {
    word: "Modality-aware contrastive learning (CL)",
    meaning: "makes the two views of a crop look alike to the encoder, and unlike the views of other subjects.",
  },
  total: {
    word: "Total",
    meaning: "is the weighted sum of the losses that are switched on; it is what training lowers, and it jumps when " +
      "a loss is switched on.",
  },
  template: {
    word: "A template",
    meaning: "is one volume per modality that starts at zero and is trained together with the network.",
  },
  psnr: {
    word: "PSNR in masked blocks",
    meaning: "is the peak signal-to-noise ratio in decibels (dB), counted only where the truth was hidden: higher is " +
      "better, and 3 dB more means half the squared error.",
  },
  mosaicBaseline: {
    word: "The mosaic as a baseline",
    meaning: "is the score of handing back the input untouched.",
  },
  meanVolume: {
    word: "The mean volume as a baseline",
    meaning: "is the score of answering with the average of the training volumes, the same for every subject: a " +
      "network that does not beat it may have learned the average brain and nothing about the one it sees.",
  },
  templateChange: {
    word: "Template change",
    meaning: "is how much a template moved since the last validation, on average over its voxels and relative to its " +
      "range: contrastive learning should start once it is small.",
  },
  error: {
    word: "Error",
    meaning:
      `is the absolute difference of reconstruction and truth, from black for none to white for ${WHITE_ERROR} ` +
      "or more, on a scale where scans run from 0 to 1.",
  },
  radiological: {
    word: "All slices are radiological views:",
    meaning: "the subject's right side is on the picture's left, and in sagittal slices the nose points left.",
  },
};
