/** Cells of an ablation with scores chosen by hand. */
import type { AblationCell, AblationMetric, AblationVariant, PairScore } from "../../lib/results.ts";

/** A cell with one score per subject. */
export function ablationCell(
  variant: AblationVariant,
  seed: number,
  values: readonly (number | null)[] | null,
  changes: Partial<AblationCell> & { readonly score?: Partial<AblationMetric> } = {},
): AblationCell {
  const { score, ...others } = changes;
  const known = (values ?? []).filter((value) => value !== null);
  const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  return {
    kind: "ablation",
    scale: "quick",
    variant,
    task: "boxes",
    seed,
    recipeHash: `recipe of ${variant}`,
    dataHash: "data",
    finetuneHash: "fine-tuning",
    version: "1",
    machine: { system: "here" },
    date: "2026-01-31",
    subjects: ["a", "b", "c"],
    trainingSubjects: 4,
    updates: 8,
    metrics: [{
      name: "Dice",
      region: "whole",
      unit: null,
      better: "higher",
      mean,
      low: null,
      high: null,
      values,
      ...score,
    }],
    pretraining: variant === "scratch" ? null : { updates: 5, trainingSubjects: 6, pairs: PAIRS },
    ...others,
  };
}

function pair(source: string, psnr: number): PairScore {
  return { target: "t1", source, psnr, mosaicPsnr: 10, meanVolumePsnr: 12, subjects: 3 };
}

const PAIRS: readonly PairScore[] = [pair("t2", 14), pair("flair", 16), pair("template", 13)];
