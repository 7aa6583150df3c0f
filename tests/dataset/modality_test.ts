import { deepEqual, equal, throws } from "node:assert/strict";
import { canonicalModality, MODALITIES, modalityOfFile, stemOfFile } from "../../lib/dataset/modality.ts";

Deno.test("MODALITIES keeps the order of the official template bank", () => {
  deepEqual(MODALITIES, ["flair", "t1", "t1c", "t2", "mra", "pd", "dwi", "adc"]);
});

Deno.test("canonicalModality() knows the names of the data sets in any case", () => {
  const names = {
    flair: ["FLAIR", "flair", "fla", "t2f"],
    t1: ["T1", "t1n", "T1W"],
    t1c: ["t1ce", "T1c", "T1Gd", "T1WKS"],
    t2: ["T2", "t2w", "T2W"],
    mra: ["MRA"],
    pd: ["PD"],
    dwi: ["DWI"],
    adc: ["ADC"],
  };
  for (const [modality, aliases] of Object.entries(names)) {
    for (const alias of aliases) equal(canonicalModality(alias), modality, alias);
  }
});

Deno.test("canonicalModality() lists the accepted names when one is unknown", () => {
  throws(() => canonicalModality("swi"), {
    name: "RangeError",
    message: "Cannot recognise modality: expected one of flair, fla, t2f, t2flair, t1, t1n, t1w, t1c, t1ce, t1gd, " +
      't1wks, t1wce, t2, t2w, mra, tof, pd, pdw, dwi, adc, got "swi"',
  });
});

Deno.test("modalityOfFile() and stemOfFile() read the last token of a name, past processing remarks", () => {
  const cases: [string, string | undefined, string][] = [
    ["a/IXI002-Guys-0828-T1.nii.gz", "t1", "IXI002-Guys-0828"],
    ["TCGA-DU-7294_fla_bet.nii.gz", "flair", "TCGA-DU-7294"],
    ["BraTS-GLI-00000-000-t2f.nii", "flair", "BraTS-GLI-00000-000"],
    ["patient19_T1WKS.nii.gz", "t1c", "patient19"],
    ["case7_adc_0000.NII.GZ", "adc", "case7"],
    ["sub-01/anat/T1w.nii.gz", "t1", ""],
    ["t1/scan.nii.gz", undefined, ""],
    ["patient19_T1-IR.nii.gz", undefined, "patient19_T1"],
    ["TCGA-DU-7294_seg_algorithm_simple-fusion.nii.gz", undefined, "TCGA-DU-7294_seg_algorithm_simple"],
    ["case_0000.nii.gz", undefined, ""],
  ];
  for (const [path, modality, stem] of cases) {
    equal(modalityOfFile(path), modality, path);
    equal(stemOfFile(path), stem, path);
  }
});
