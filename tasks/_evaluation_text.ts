/** An evaluation as text: tables for the terminal and for `summary.md`. */
import type { ScoreSummary } from "../lib/metrics/mod.ts";
import { formatTable, plural } from "../lib/report/mod.ts";
import type { ScoreColumn } from "./_score_rows.ts";
import { type Comparison, MEAN_REGION, type RegionSummary } from "./_score_summary.ts";

/** Columns of words in the tables: region and score. */
const WORDS = new Set([0, 1]);

/** `0.8123`, `12.35` or `n/a`: four decimals for shares, two for what has a unit. */
export function formatScore(value: number, { unit }: Pick<ScoreColumn, "unit"> = {}): string {
  return Number.isFinite(value) ? value.toFixed(unit === undefined ? 4 : 2) : "n/a";
}

/** `[0.7512, 0.8634]` or `n/a`. */
export function formatInterval(
  { low, high }: { low: number; high: number },
  column: Pick<ScoreColumn, "unit"> = {},
): string {
  const ends = [low, high].map((end) => formatScore(end, column));
  return ends.includes("n/a") ? "n/a" : `[${ends.join(", ")}]`;
}

/** A probability: `0.0312` or `< 0.0001`. */
export function formatProbability(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}

/** One row per region and score. */
export function scoreTable(regions: readonly RegionSummary[], columns: readonly ScoreColumn[]): string {
  const header = ["region", "score", "n", "left out", "mean", "SD", "median", "95 % interval"];
  const rows = regions.flatMap(({ region, scores }) =>
    columns.map((column) => {
      const summary = scores[column.name];
      return [
        escapeBar(region),
        nameOf(column),
        String(summary.count),
        leftOut(summary),
        ...[summary.mean, summary.sd, summary.median].map((value) => formatScore(value, column)),
        formatInterval(summary, column),
      ];
    })
  );
  return formatTable(header, rows, { textColumns: WORDS });
}

/** Cases that the mean is not of, and why. */
function leftOut({ undefinedCases, infiniteCases }: ScoreSummary): string {
  const parts = [[undefinedCases, "undefined"], [infiniteCases, "infinite"]] as const;
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ");
}

function nameOf({ title, unit }: ScoreColumn): string {
  return unit === undefined ? title : `${title} (${unit})`;
}

/** What is said of the cases in which a mask is empty. */
const EMPTY_TEXTS = {
  both: ["empty in reference and prediction", "Dice (official) 1, left out of all else but specificity and volumes"],
  reference: [
    "predicted but not in the reference",
    "Dice (official) 0, left out of Dice (MONAI); distances are infinite and left out",
  ],
  prediction: ["missed completely", "Dice 0; distances are infinite and left out"],
} as const;

/** How empty regions were counted: a line for each kind that occurs, or one that says there are none. */
export function emptyLines(regions: readonly RegionSummary[]): string[] {
  const kinds = ["both", "reference", "prediction"] as const;
  const lines = regions.filter(({ region }) => region !== MEAN_REGION).flatMap(({ region, cases, empty }) =>
    kinds.filter((kind) => empty[kind] > 0).map((kind) => {
      const [what, counted] = EMPTY_TEXTS[kind];
      return `${region}: ${what} in ${empty[kind]} of ${plural(cases, "case")}; counted as ${counted}`;
    })
  );
  return lines.length > 0 ? lines : ["No region was empty in a reference or a prediction."];
}

/** One row per region and score of a comparison. */
export function comparisonTable({ differences }: Comparison, columns: readonly ScoreColumn[]): string {
  const header = ["region", "score", "n", "mean difference", "SD", "95 % interval", "p", "p (Holm)"];
  const rows = columns.flatMap((column) =>
    differences.filter(({ score }) => score === column.name).map(({ region, difference, pValue, correctedPValue }) => [
      escapeBar(region),
      nameOf(column),
      String(difference.count),
      formatScore(difference.mean, column),
      formatScore(difference.sd, column),
      formatInterval(difference, column),
      formatProbability(pValue),
      formatProbability(correctedPValue),
    ])
  );
  return formatTable(header, rows, { textColumns: WORDS });
}

/** What the numbers of a comparison are. */
export function comparisonLines({ file, onlyHere, onlyThere }: Comparison): string[] {
  return [
    `Differences are this evaluation minus ${file}, case by case; p is that of a two-sided Wilcoxon signed-rank test, ` +
    `also corrected by Holm for the regions of each score.`,
    ...(onlyHere + onlyThere > 0
      ? [
        `Left out: ${
          plural(onlyHere, "subject")
        } that only this evaluation has, and ${onlyThere} that only the other has.`,
      ]
      : []),
  ];
}

/** Conventions that a reader of the table needs. */
export function conventionLines(columns: readonly ScoreColumn[]): string[] {
  return columns.filter(({ convention }) => convention !== undefined).map((column) => {
    return `${column.title}: ${column.convention}`;
  });
}

/** A list in Markdown. */
export function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}\n`).join("");
}

function escapeBar(name: string): string {
  return name.replaceAll("|", "\\|");
}
