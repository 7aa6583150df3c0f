import { deepEqual, equal } from "node:assert/strict";
import { chooseLayouts, LAYOUTS, readLayouts } from "../../../lib/dataset/layouts/mod.ts";

/** A published tree: what is to be found in it, and which files are left out. */
interface PublishedTree {
  readonly paths: readonly string[];
  /** `id | modality=file … | label | group | session`, files without their folders. */
  readonly subjects: readonly string[];
  /** Files without their folders, and a part of the reason. */
  readonly leftOut: readonly (readonly [string, RegExp])[];
}

const TREES: Readonly<Record<string, PublishedTree>> = {
  brats2021: {
    paths: ["flair", "t1", "t1ce", "t2", "seg"].flatMap((kind) => [
      `BraTS2021_Training_Data/BraTS2021_00000/BraTS2021_00000_${kind}.nii.gz`,
      ...(kind === "seg" ? [] : [`BraTS2021_ValidationData/BraTS2021_00001/BraTS2021_00001_${kind}.nii.gz`]),
    ]),
    subjects: [
      "BraTS2021_00000 | flair=BraTS2021_00000_flair t1=BraTS2021_00000_t1 t1c=BraTS2021_00000_t1ce " +
      "t2=BraTS2021_00000_t2 | BraTS2021_00000_seg | - | -",
      "BraTS2021_00001 | flair=BraTS2021_00001_flair t1=BraTS2021_00001_t1 t1c=BraTS2021_00001_t1ce " +
      "t2=BraTS2021_00001_t2 | - | - | -",
    ],
    leftOut: [],
  },
  brats2023: {
    paths: [
      ...["t1n", "t1c", "t2w", "t2f", "seg"].map((kind) =>
        `GLI/BraTS-GLI-00005-000/BraTS-GLI-00005-000-${kind}.nii.gz`
      ),
      ...["t1n", "t1c"].map((kind) => `GLI/BraTS-GLI-00005-001/BraTS-GLI-00005-001-${kind}.nii.gz`),
      ...["MEN", "SSA", "PED", "MET"].map((cohort) => `${cohort}/BraTS-${cohort}-00002-000-t2f.nii.gz`),
      "GLI/BraTS-GLI-00005-000/BraTS-GLI-00005-000-t1n-voided.nii.gz",
    ],
    subjects: [
      "BraTS-GLI-00005-000 | flair=BraTS-GLI-00005-000-t2f t1=BraTS-GLI-00005-000-t1n t1c=BraTS-GLI-00005-000-t1c " +
      "t2=BraTS-GLI-00005-000-t2w | BraTS-GLI-00005-000-seg | BraTS-GLI-00005 | 000",
      "BraTS-GLI-00005-001 | t1=BraTS-GLI-00005-001-t1n t1c=BraTS-GLI-00005-001-t1c | - | BraTS-GLI-00005 | 001",
      ...["MEN", "MET", "PED", "SSA"].map((cohort) => {
        const id = `BraTS-${cohort}-00002-000`;
        return `${id} | flair=${id}-t2f | - | BraTS-${cohort}-00002 | 000`;
      }),
    ],
    leftOut: [["BraTS-GLI-00005-000-t1n-voided", /^BraTS 2023 has it, but it is none of the eight modalities/]],
  },
  "ucsf-pdgm": {
    paths: [
      ...["ADC", "DWI", "FLAIR", "T1", "T1c", "T2", "T1_bias", "T1c_bias", "SWI", "ASL", "DTI_eddy_FA"],
      ...["tumor_segmentation", "brain_segmentation", "brain_parenchyma_segmentation"],
    ].map((kind) => `UCSF-PDGM-0004_nifti/UCSF-PDGM-0004_${kind}.nii.gz`).concat(
      "UCSF-PDGM-0181_FU003d_nifti/UCSF-PDGM-0181_FU003d_FLAIR.nii.gz",
      "UCSF-PDGM-0181_nifti/UCSF-PDGM-0181_T1.nii.gz",
    ),
    subjects: [
      "UCSF-PDGM-0004 | flair=UCSF-PDGM-0004_FLAIR t1=UCSF-PDGM-0004_T1 t1c=UCSF-PDGM-0004_T1c " +
      "t2=UCSF-PDGM-0004_T2 dwi=UCSF-PDGM-0004_DWI adc=UCSF-PDGM-0004_ADC | UCSF-PDGM-0004_tumor_segmentation | " +
      "UCSF-PDGM-0004 | -",
      "UCSF-PDGM-0181 | t1=UCSF-PDGM-0181_T1 | - | UCSF-PDGM-0181 | -",
      "UCSF-PDGM-0181_FU003d | flair=UCSF-PDGM-0181_FU003d_FLAIR | - | UCSF-PDGM-0181 | FU003d",
    ],
    leftOut: [
      ["UCSF-PDGM-0004_ASL", /none of the eight/],
      ["UCSF-PDGM-0004_DTI_eddy_FA", /diffusion tensor/],
      ["UCSF-PDGM-0004_SWI", /none of the eight/],
      ["UCSF-PDGM-0004_T1_bias", /bias field/],
      ["UCSF-PDGM-0004_T1c_bias", /bias field/],
      ["UCSF-PDGM-0004_brain_parenchyma_segmentation", /mask of the brain/],
      ["UCSF-PDGM-0004_brain_segmentation", /mask of the brain/],
    ],
  },
  ixi: {
    paths: [
      ...["T1", "T2", "PD", "MRA"].map((kind) => `IXI-${kind}/IXI002-Guys-0828-${kind}.nii.gz`),
      "IXI-DTI/IXI002-Guys-0828-DTI-00.nii.gz",
      "IXI012-HH-1211/IXI012-HH-1211-T1.nii.gz",
      "IXI012-HH-1211/IXI012-HH-1211-PD.nii.gz",
      "IXI035-IOP-0873-T2.nii.gz",
    ],
    subjects: [
      "IXI002-Guys-0828 | t1=IXI002-Guys-0828-T1 t2=IXI002-Guys-0828-T2 mra=IXI002-Guys-0828-MRA " +
      "pd=IXI002-Guys-0828-PD | - | - | -",
      "IXI012-HH-1211 | t1=IXI012-HH-1211-T1 pd=IXI012-HH-1211-PD | - | - | -",
      "IXI035-IOP-0873 | t2=IXI035-IOP-0873-T2 | - | - | -",
    ],
    leftOut: [["IXI002-Guys-0828-DTI-00", /diffusion series/]],
  },
  "upenn-gbm": {
    paths: [
      ...["FLAIR", "T1", "T1GD", "T2"].flatMap((kind) => [
        `NIfTI-files/images_structural/UPENN-GBM-00002_11/UPENN-GBM-00002_11_${kind}.nii.gz`,
        `NIfTI-files/images_structural_unstripped/UPENN-GBM-00002_11/UPENN-GBM-00002_11_${kind}_unstripped.nii.gz`,
      ]),
      "NIfTI-files/images_segm/UPENN-GBM-00002_11_segm.nii.gz",
      "NIfTI-files/automated_segm/UPENN-GBM-00002_11_automated_approx_segm.nii.gz",
      "NIfTI-files/images_structural/UPENN-GBM-00002_21/UPENN-GBM-00002_21_T1.nii.gz",
      "NIfTI-files/images_DTI/UPENN-GBM-00002_11/UPENN-GBM-00002_11_DTI_FA.nii.gz",
      "NIfTI-files/images_DSC/UPENN-GBM-00002_11/UPENN-GBM-00002_11_DSC_ap-rCBV.nii.gz",
      "NIfTI-files/images_segm/UPENN-GBM-00009_11_segm.nii.gz",
    ],
    subjects: [
      "UPENN-GBM-00002_11 | flair=UPENN-GBM-00002_11_FLAIR t1=UPENN-GBM-00002_11_T1 t1c=UPENN-GBM-00002_11_T1GD " +
      "t2=UPENN-GBM-00002_11_T2 | UPENN-GBM-00002_11_segm | UPENN-GBM-00002 | 11",
      "UPENN-GBM-00002_21 | t1=UPENN-GBM-00002_21_T1 | - | UPENN-GBM-00002 | 21",
    ],
    leftOut: [
      ["UPENN-GBM-00002_11_automated_approx_segm", /no expert corrected/],
      ["UPENN-GBM-00002_11_DSC_ap-rCBV", /perfusion/],
      ["UPENN-GBM-00002_11_DTI_FA", /diffusion tensor/],
      ["UPENN-GBM-00009_11_segm", /^it is a label without an image beside it$/],
      ...["FLAIR", "T1GD", "T1", "T2"].map((kind) => {
        return [`UPENN-GBM-00002_11_${kind}_unstripped`, /skull is not removed/] as const;
      }),
    ],
  },
  isles22: {
    paths: [
      "ISLES-2022/sub-strokecase0001/ses-0001/dwi/sub-strokecase0001_ses-0001_dwi.nii.gz",
      "ISLES-2022/sub-strokecase0001/ses-0001/dwi/sub-strokecase0001_ses-0001_adc.nii.gz",
      "ISLES-2022/sub-strokecase0001/ses-0001/anat/sub-strokecase0001_ses-0001_FLAIR.nii.gz",
      "ISLES-2022/derivatives/sub-strokecase0001/ses-0001/sub-strokecase0001_ses-0001_msk.nii.gz",
      "sub-strokecase0002_ses-0001/sub-strokecase0002_ses-0001_dwi.nii.gz",
      "sub-strokecase0002_ses-0001/sub-strokecase0002_ses-0001_msk.nii.gz",
    ],
    subjects: [
      "sub-strokecase0001_ses-0001 | flair=sub-strokecase0001_ses-0001_FLAIR dwi=sub-strokecase0001_ses-0001_dwi " +
      "adc=sub-strokecase0001_ses-0001_adc | sub-strokecase0001_ses-0001_msk | sub-strokecase0001 | ses-0001",
      "sub-strokecase0002_ses-0001 | dwi=sub-strokecase0002_ses-0001_dwi | sub-strokecase0002_ses-0001_msk | " +
      "sub-strokecase0002 | ses-0001",
    ],
    leftOut: [],
  },
  mrbrains13: {
    paths: [
      ...["T1", "T1_1mm", "T1_IR", "T2_FLAIR", "LabelsForTraining", "LabelsForTesting"].map((name) =>
        `MRBrainS13DataNii/TrainingData/1/${name}.nii`
      ),
      "MRBrainS13DataNii/TestData/1/T1.nii",
      "MRBrainS13DataNii/TestData/1/T2_FLAIR.nii",
    ],
    subjects: [
      "TestData/1 | flair=T2_FLAIR t1=T1 | - | - | -",
      "TrainingData/1 | flair=T2_FLAIR t1=T1 | LabelsForTraining | - | -",
    ],
    leftOut: [["LabelsForTesting", /coarser copy/], ["T1_1mm", /before it was brought/], [
      "T1_IR",
      /inversion recovery/,
    ]],
  },
  "vs-seg": {
    paths: [
      ...["t1_refT1", "t2_refT1", "seg_refT1", "t1_refT2", "t2_refT2", "seg_refT2", "struc1_refT1"].map((kind) =>
        `vs_gk_1/vs_gk_${kind}.nii.gz`
      ),
      "vs_gk_10/vs_gk_t2_refT2.nii.gz",
      "vs_gk_10/vs_gk_seg_refT2.nii.gz",
      "VS-SEG-003/vs_gk_3_t1_refT1.nii.gz",
    ],
    subjects: [
      "VS-SEG-003 | t1c=vs_gk_3_t1_refT1 | - | - | -",
      "vs_gk_1 | t1c=vs_gk_t1_refT1 t2=vs_gk_t2_refT1 | vs_gk_seg_refT1 | - | -",
      "vs_gk_10 | t2=vs_gk_t2_refT2 | vs_gk_seg_refT2 | - | -",
    ],
    leftOut: [
      ["vs_gk_seg_refT2", /already has a label from vs_gk_1\/vs_gk_seg_refT1\.nii\.gz$/],
      ["vs_gk_struc1_refT1", /structure beside the tumour/],
      ["vs_gk_t1_refT2", /already has t1c from/],
      ["vs_gk_t2_refT2", /already has t2 from/],
    ],
  },
  bids: {
    paths: [
      "ds/sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz",
      "ds/sub-01/ses-1/anat/sub-01_ses-1_acq-fast_T1w.nii.gz",
      "ds/sub-01/ses-1/anat/sub-01_ses-1_ce-gadolinium_T1w.nii.gz",
      "ds/sub-01/ses-1/anat/sub-01_ses-1_run-2_FLAIR.nii.gz",
      "ds/sub-01/ses-1/anat/sub-01_ses-1_run-10_FLAIR.nii.gz",
      "ds/sub-01/ses-1/anat/sub-01_ses-1_part-phase_T2w.nii.gz",
      "ds/sub-01/ses-1/dwi/sub-01_ses-1_dir-AP_dwi.nii.gz",
      "ds/sub-01/ses-1/func/sub-01_ses-1_task-rest_bold.nii.gz",
      "ds/sub-01/ses-2/anat/sub-01_ses-2_T2w.nii.gz",
      "ds/sub-02/anat/sub-02_PDw.nii.gz",
      "ds/sub-02/anat/sub-02_acq-tof_angio.nii.gz",
      "ds/derivatives/lesions/sub-01/ses-1/anat/sub-01_ses-1_label-lesion_mask.nii.gz",
      "ds/derivatives/lesions/sub-02/sub-02_dseg.nii.gz",
      "ds/derivatives/prep/sub-01/ses-1/anat/sub-01_ses-1_desc-brain_mask.nii.gz",
      "ds/derivatives/prep/sub-01/ses-1/anat/sub-01_ses-1_desc-preproc_T1w.nii.gz",
    ],
    subjects: [
      "sub-01_ses-1 | flair=sub-01_ses-1_run-2_FLAIR t1=sub-01_ses-1_T1w t1c=sub-01_ses-1_ce-gadolinium_T1w " +
      "dwi=sub-01_ses-1_dir-AP_dwi | sub-01_ses-1_label-lesion_mask | sub-01 | ses-1",
      "sub-01_ses-2 | t2=sub-01_ses-2_T2w | - | sub-01 | ses-2",
      "sub-02 | mra=sub-02_acq-tof_angio pd=sub-02_PDw | sub-02_dseg | sub-02 | -",
    ],
    leftOut: [
      ["sub-01_ses-1_desc-brain_mask", /map of the brain/],
      ["sub-01_ses-1_desc-preproc_T1w", /processed copy/],
      ["sub-01_ses-1_acq-fast_T1w", /^the subject already has t1 from ds\/sub-01\/ses-1\/anat\/sub-01_ses-1_T1w/],
      ["sub-01_ses-1_part-phase_T2w", /phase image/],
      ["sub-01_ses-1_run-10_FLAIR", /already has flair/],
      ["sub-01_ses-1_task-rest_bold", /none of the eight/],
    ],
  },
};

function shortName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.nii(\.gz)?$/, "");
}

Deno.test("every layout of the table has a published tree here", () => {
  deepEqual(LAYOUTS.map(({ name }) => name), Object.keys(TREES));
});

for (const layout of LAYOUTS) {
  const { paths, subjects, leftOut } = TREES[layout.name];

  Deno.test(`the layout ${layout.name} finds the subjects of its published tree, and is recognised by it`, () => {
    const reading = readLayouts([layout], paths.toReversed());
    const found = reading.subjects.map(({ id, images, label, group, session }) =>
      [
        id,
        images.map(({ modality, file }) => `${modality}=${shortName(file)}`).join(" "),
        label === undefined ? "-" : shortName(label),
        group ?? "-",
        session ?? "-",
      ].join(" | ")
    );
    deepEqual(found, subjects);
    deepEqual(reading.leftOut.map(({ file }) => shortName(file)), leftOut.map(([file]) => file));
    reading.leftOut.forEach(({ file, reason }, i) => equal(leftOut[i][1].test(reason), true, `${file}: ${reason}`));
    deepEqual(chooseLayouts("auto", paths).layouts, [layout]);
  });

  Deno.test(`the layout ${layout.name} takes its own example, and accounts for every file once`, () => {
    const { subjects: [subject] } = readLayouts([layout], [layout.example]);
    deepEqual(subject.images.map(({ file }) => file), [layout.example]);
    const reading = readLayouts([layout], paths);
    const taken = reading.subjects.flatMap(({ images, label }) =>
      [...images.map(({ file }) => file), label ?? []].flat()
    );
    deepEqual([...taken, ...reading.leftOut.map(({ file }) => file)].sort(), [...paths].sort());
  });
}
