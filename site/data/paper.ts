/** What the paper is quoted to report. None of it was measured here. */

/** One task of the paper, in percent. */
export interface PaperTask {
  /** Name of the task in this toolkit. */
  readonly task: string;
  readonly dataset: string;
  readonly measure: "Dice" | "accuracy";
  /** The paper's method. */
  readonly brainmvp: number;
  /** The best other method that the same source names. */
  readonly other: { readonly method: string; readonly value: number };
  /** Where sources disagree. */
  readonly note?: string;
}

/** Where these numbers come from, for the reader. */
export const PAPER_SOURCE =
  "arXiv 2410.10604v2 (CVPR 2025), UniFormer backbone, quoted from secondary sources that cite the " +
  "paper's tables; not checked against the paper itself";

/** Segmentation: Dice, means over regions. */
export const PAPER_SEGMENTATION: readonly PaperTask[] = [
  segmentation("brats2023-ped", "BraTS2023-PED", [76.80, 74.14]),
  segmentation("brats2023-met", "BraTS2023-MET", [73.67, 70.39]),
  segmentation("isles22", "ISLES22", [86.60, 86.32]),
  segmentation("mrbrains13", "MRBrainS13", [80.27, 77.29]),
  segmentation("vsseg", "VSseg", [83.64, 79.31]),
  segmentation("upenn-gbm", "UPENN-GBM", [90.01, 89.63]),
];

/** Classification: accuracy. */
export const PAPER_CLASSIFICATION: readonly PaperTask[] = [
  classification("brats2018-hgg", "BraTS2018 (HGG / LGG)", [85.96, 78.95], "UNETR"),
  {
    ...classification("adni", "ADNI (MCI / NC)", [62.18, 60.92], "MoCo v3"),
    note: "A second source gives 67.65 for BrainMVP.",
  },
  {
    ...classification("adhd200", "ADHD-200", [69.48, 68.18], "TransVW"),
    note: "A second source gives 68.83 for BrainMVP.",
  },
  classification("abide1", "ABIDE-I", [65.45, 64.24], "GVSL"),
];

/** The paper's ablation: each row has one loss more. */
export const PAPER_ABLATION: {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly variant: string; readonly values: readonly number[] }[];
} = {
  columns: ["BraTS2023-PED, Dice %", "BraTS2018, AUC", "ADNI, accuracy"],
  rows: [
    { variant: "scratch", values: [72.52, 0.7719, 0.5546] },
    { variant: "CMR", values: [75.16, 0.8056, 0.6261] },
    { variant: "CMR + MD", values: [75.87, 0.9032, 0.6261] },
    { variant: "CMR + MD + CL", values: [76.80, 0.9452, 0.6765] },
  ],
};

/** The paper's Dice with a fifth of the labels, in percent. */
export const PAPER_FEW_LABELS: readonly { readonly dataset: string; readonly dice: number }[] = [
  { dataset: "BraTS2023-PED", dice: 66.41 },
  { dataset: "VSseg", dice: 70.39 },
  { dataset: "UPENN-GBM", dice: 86.82 },
];

function segmentation(task: string, dataset: string, [brainmvp, other]: readonly [number, number]): PaperTask {
  return { task, dataset, measure: "Dice", brainmvp, other: { method: "M3AE", value: other } };
}

function classification(
  task: string,
  dataset: string,
  [brainmvp, value]: readonly [number, number],
  method: string,
): PaperTask {
  return { task, dataset, measure: "accuracy", brainmvp, other: { method, value } };
}
