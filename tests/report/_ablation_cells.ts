/** Small cells of an ablation. */
import type { AblationCell, AblationMetric } from "../../lib/results.ts";

/** Dice of every subject, and an AUC of all of them together. */
export function cellMetrics(values: readonly (number | null)[], auc = 0.5): AblationMetric[] {
  const known = values.filter((value) => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return [
    { name: "Dice", region: "WT", unit: null, better: "higher", mean, low: 0, high: 1, values },
    { name: "AUC", region: null, unit: null, better: "higher", mean: auc, low: null, high: null, values: null },
  ];
}

/** A cell of two subjects. */
export function cell(
  { variant, seed, values, ...changes }: Pick<AblationCell, "variant" | "seed"> & {
    values: readonly (number | null)[];
  } & Partial<AblationCell>,
): AblationCell {
  const score = { target: "t1", mosaicPsnr: 10, meanVolumePsnr: 12, subjects: 2 };
  return {
    kind: "ablation",
    scale: "quick",
    variant,
    task: "tumour",
    seed,
    recipeHash: `recipe of ${variant}`,
    dataHash: `data of ${variant}`,
    version: "brainmvp 0",
    machine: {},
    date: "2026-01-31",
    subjects: ["a", "b"],
    trainingSubjects: 3,
    updates: 10,
    metrics: cellMetrics(values),
    pretraining: variant === "scratch" ? null : {
      updates: 5,
      trainingSubjects: 4,
      pairs: [
        { ...score, source: "t2", psnr: 14 + seed },
        ...(variant === "cmr" ? [] : [{ ...score, source: "template", psnr: 20 }]),
      ],
    },
    ...changes,
  };
}
