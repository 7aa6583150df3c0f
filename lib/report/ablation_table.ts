/** An ablation as Markdown: what every variant scores, against the one before it and against scratch. */
import type { AblationCell, AblationMetric } from "../results.ts";
import { ABLATION_VARIANTS, type AblationDifference, type AblationScore, VARIANT_TITLES } from "./ablation.ts";
import { formatDb } from "./format.ts";
import { type Contest, meanScore, type Objective } from "./scores.ts";
import { formatTable } from "./tables.ts";

const SCORE_HEADER = [
  "score",
  "variant",
  "seeds",
  "mean",
  "95 % interval",
  "by seed",
  "vs previous",
  "95 % interval",
  "p (Holm)",
  "vs scratch",
  "95 % interval",
  "p (Holm)",
];

/**
 * Formats the scores of one task: one row per score and variant.
 *
 * `by seed` lists the mean over subjects of every seed: it tells how much another training may differ, which the intervals
 * do not. A dash stands where there is nothing to compare or no interval.
 *
 * @param scores those of {@linkcode summarizeAblation}, of one task
 */
export function formatAblationTable(scores: readonly AblationScore[]): string {
  const rows = scores.flatMap((score) =>
    score.rows.map(({ variant, seeds, mean, low, high, seedMeans, overPrevious, overScratch }) => [
      scoreTitle(score),
      VARIANT_TITLES[variant],
      seeds.join(", "),
      formatValue(mean, score),
      formatEnds({ low, high }, score),
      seedMeans.map((value) => formatValue(value, score)).join(", "),
      ...differenceCells(overPrevious, score),
      ...differenceCells(overScratch, score),
    ])
  );
  return formatTable(SCORE_HEADER, rows, { textColumns: new Set([0, 1]) });
}

/** A score with its unit, as tables and charts call it: `HD95 WT (mm)`. */
export function scoreTitle({ name, region, unit }: Pick<AblationMetric, "name" | "region" | "unit">): string {
  const title = region === null ? name : `${name} ${region}`;
  return (unit === null ? title : `${title} (${unit})`).replaceAll("|", "\\|");
}

function differenceCells(difference: AblationDifference | null, score: AblationScore): string[] {
  if (difference === null) return ["–", "–", "–"];
  const { mean, correctedPValue: p } = difference;
  const sign = mean > 0 ? "+" : "";
  return [sign + formatValue(mean, score), formatEnds(difference, score), p < 0.001 ? "< 0.001" : p.toFixed(3)];
}

/** Three decimals for a share, two for what has a unit. */
function formatValue(value: number, { unit }: Pick<AblationMetric, "unit">): string {
  return Number.isFinite(value) ? value.toFixed(unit === null ? 3 : 2) : "–";
}

function formatEnds({ low, high }: { low: number; high: number }, score: AblationScore): string {
  return Number.isFinite(low) && Number.isFinite(high)
    ? `[${formatValue(low, score)}, ${formatValue(high, score)}]`
    : "–";
}

const PAIR_HEADER = ["variant", "filled from", "pairs", "PSNR dB", "by seed", "mosaic", "mean volume"];
const FILLS: Readonly<Record<Objective, string>> = { cmr: "another sequence", md: "the template" };

/** Formats how well each pre-training rebuilds held-out subjects: means over pairs and seeds; the last validation. */
export function formatAblationPairs(cells: readonly AblationCell[]): string {
  const rows = ABLATION_VARIANTS.flatMap((variant) => {
    // The cells of several tasks share a pre-training.
    const bySeed = new Map(
      cells.flatMap((cell) => cell.variant === variant && cell.pretraining ? [[cell.seed, cell.pretraining]] : []),
    );
    return (["cmr", "md"] as const).flatMap((objective) => {
      const seeds = [...bySeed.keys()].sort((a, b) => a - b);
      const means = seeds.map((seed) => meanScore(bySeed.get(seed)!.pairs, objective)).filter((mean) => mean !== null);
      if (means.length === 0) return [];
      const over = (key: keyof Contest): string =>
        formatDb(means.reduce((sum, mean) => sum + mean[key], 0) / means.length);
      return [[
        VARIANT_TITLES[variant],
        FILLS[objective],
        String(means[0].pairs),
        over("psnr"),
        means.map(({ psnr }) => formatDb(psnr)).join(", "),
        over("mosaicPsnr"),
        over("meanVolumePsnr"),
      ]];
    });
  });
  if (rows.length === 0) return "No pre-training has been scored yet.";
  return formatTable(PAIR_HEADER, rows, { textColumns: new Set([0, 1]) });
}
