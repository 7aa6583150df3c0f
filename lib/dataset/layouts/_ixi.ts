/** IXI: healthy persons of three London hospitals. */
import type { Layout } from "./layout.ts";

/**
 * IXI, in a folder per modality (`IXI-T1/`), in one per person as the official code has it, or flat.
 *
 * The published scans are neither stripped nor on one grid: T1 and MRA have their own, PD and T2 share one.
 */
export const IXI: Layout = {
  name: "ixi",
  title: "IXI",
  example: "IXI-T1/IXI002-Guys-0828-T1.nii.gz",
  place: /(?:^|\/)(?<id>IXI\d{3}-[A-Za-z]+-\d+)-[^/]+$/,
  kinds: [
    [/-T1$/, "t1"],
    [/-T2$/, "t2"],
    [/-PD$/, "pd"],
    [/-MRA$/, "mra"],
    [/-DTI(?:-\d+)?$/, { leftOut: "it is one direction of a diffusion series" }],
  ],
};
