/** What the scores of pairs say: who wins, by how much, and the means over pairs. */
import type { MetricsRecord, PairScore, ValidationRecord } from "../results.ts";

/** Which objective a pair belongs to: filled from another modality, or from the learned template. */
export type Objective = "cmr" | "md";

/** Who rebuilds the masked blocks best. */
export type Winner = "reconstruction" | "mosaic" | "mean volume";

/** The three PSNRs that are compared, in dB. */
export type Contest = Pick<PairScore, "psnr" | "mosaicPsnr" | "meanVolumePsnr">;

/** The outcome of a comparison. */
export interface Verdict {
  /** PSNR of the reconstruction minus that of the mosaic, in dB. */
  readonly gainOverMosaic: number;
  /** PSNR of the reconstruction minus that of the mean volume, in dB. */
  readonly gainOverMeanVolume: number;
  /** Highest PSNR; null when none is a number. A tie goes to the simpler one: mean volume, then mosaic. */
  readonly winner: Winner | null;
}

/** Means over the pairs of one objective, in dB. */
export interface MeanScore extends Contest {
  /** Pairs that entered the mean. */
  readonly pairs: number;
}

/** The objective that a pair belongs to. */
export function objectiveOf(pair: Pick<PairScore, "source">): Objective {
  return pair.source === "template" ? "md" : "cmr";
}

/** Compares a reconstruction with its two baselines. */
export function judge(contest: Contest): Verdict {
  const contenders: readonly (readonly [Winner, number])[] = [
    ["mean volume", contest.meanVolumePsnr],
    ["mosaic", contest.mosaicPsnr],
    ["reconstruction", contest.psnr],
  ];
  let winner: Winner | null = null;
  let best = -Infinity;
  for (const [name, psnr] of contenders) {
    if (psnr > best) [winner, best] = [name, psnr];
  }
  return {
    gainOverMosaic: contest.psnr - contest.mosaicPsnr,
    gainOverMeanVolume: contest.psnr - contest.meanVolumePsnr,
    winner,
  };
}

/** Arithmetic means of the dB values over the pairs of one objective; null when there is none. */
export function meanScore(pairs: readonly PairScore[], objective: Objective): MeanScore | null {
  const chosen = pairs.filter((pair) => objectiveOf(pair) === objective);
  if (chosen.length === 0) return null;
  const mean = (key: keyof Contest): number => chosen.reduce((sum, pair) => sum + pair[key], 0) / chosen.length;
  return {
    psnr: mean("psnr"),
    mosaicPsnr: mean("mosaicPsnr"),
    meanVolumePsnr: mean("meanVolumePsnr"),
    pairs: chosen.length,
  };
}

/** The last validation of a run; undefined before the first. */
export function lastValidation(records: readonly MetricsRecord[]): ValidationRecord | undefined {
  return records.findLast((record) => record.kind === "validation");
}
