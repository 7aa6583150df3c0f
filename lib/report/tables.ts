/** Scores of pairs as a table that reads well in a terminal and renders as Markdown. */
import type { PairScore } from "../results.ts";
import { formatDb, formatGain, plural } from "./format.ts";
import { type Contest, judge, meanScore, type Objective, objectiveOf } from "./scores.ts";

const HEADER = [
  "loss",
  "target",
  "source",
  "PSNR dB",
  "mosaic",
  "mean volume",
  "vs mosaic",
  "vs mean",
  "subjects",
  "best",
];
/** Columns that hold words; the others hold numbers and are aligned to the right. */
const TEXT_COLUMNS = new Set([0, 1, 2, 9]);

/**
 * Formats scores as a Markdown table with aligned columns: cross-modal pairs, their mean, then template pairs and theirs.
 *
 * `best` names the highest of the three PSNRs, so a baseline that beats the reconstruction is named there.
 *
 * @param pairs scores of one validation, in any order
 * @returns lines joined by newlines, without one at the end
 */
export function formatPairTable(pairs: readonly PairScore[]): string {
  const rows = (["cmr", "md"] as const).flatMap((objective) => objectiveRows(pairs, objective));
  if (rows.length === 0) return "No pair has been scored yet.";
  return formatTable(HEADER, rows, { textColumns: TEXT_COLUMNS });
}

/**
 * Formats a Markdown table with aligned columns.
 *
 * @param options `textColumns`: indices of the columns that hold words; the others are aligned to the right
 * @returns lines joined by newlines, without one at the end
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { textColumns }: { textColumns: ReadonlySet<number> },
): string {
  // Markdown needs two characters to say that a column is aligned to the right.
  const widths = header.map((title, c) => Math.max(2, title.length, ...rows.map((row) => row[c].length)));
  const align = (cell: string, c: number): string =>
    textColumns.has(c) ? cell.padEnd(widths[c]) : cell.padStart(widths[c]);
  const rule = widths.map((width, c) => textColumns.has(c) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [header, rule, ...rows].map((row) => `| ${row.map(align).join(" | ")} |`).join("\n");
}

/** Pairs ordered by target, then source. */
export function sortPairs(pairs: readonly PairScore[]): PairScore[] {
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return pairs.toSorted((a, b) => compare(a.target, b.target) || compare(a.source, b.source));
}

function objectiveRows(pairs: readonly PairScore[], objective: Objective): string[][] {
  const loss = objective.toUpperCase();
  const rows = sortPairs(pairs).filter((pair) => objectiveOf(pair) === objective).map((pair) => [
    loss,
    escapeBar(pair.target),
    escapeBar(pair.source),
    ...scoreCells(pair, String(pair.subjects)),
  ]);
  const mean = meanScore(pairs, objective);
  return mean ? [...rows, [loss, "mean", plural(mean.pairs, "pair"), ...scoreCells(mean, "")]] : rows;
}

function scoreCells(contest: Contest, subjects: string): string[] {
  const { gainOverMosaic, gainOverMeanVolume, winner } = judge(contest);
  return [
    formatDb(contest.psnr),
    formatDb(contest.mosaicPsnr),
    formatDb(contest.meanVolumePsnr),
    formatGain(gainOverMosaic),
    formatGain(gainOverMeanVolume),
    subjects,
    winner ?? "n/a",
  ];
}

function escapeBar(name: string): string {
  return name.replaceAll("|", "\\|");
}
