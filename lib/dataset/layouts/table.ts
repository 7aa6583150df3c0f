/** The table of layouts: one line each. */
import { BIDS } from "./_bids.ts";
import { BRATS2021, BRATS2023 } from "./_brats.ts";
import { ISLES22 } from "./_isles22.ts";
import { IXI } from "./_ixi.ts";
import { MRBRAINS13 } from "./_mrbrains13.ts";
import { UCSF_PDGM } from "./_ucsf_pdgm.ts";
import { UPENN_GBM } from "./_upenn_gbm.ts";
import { VS_SEG } from "./_vs_seg.ts";
import type { Layout } from "./layout.ts";

/** All layouts; a file that fits two belongs to the first, so the general scheme stands last. */
export const LAYOUTS: readonly Layout[] = [
  BRATS2021,
  BRATS2023,
  UCSF_PDGM,
  IXI,
  UPENN_GBM,
  ISLES22,
  MRBRAINS13,
  VS_SEG,
  BIDS,
];
