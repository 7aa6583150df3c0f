/** Scores of all cases in few numbers, per region and over regions. */
import { type BootstrapOptions, comparePaired, holm, type ScoreSummary, summarizeScores } from "../lib/metrics/mod.ts";
import type { ScoreColumn, ScoreRow } from "./_score_rows.ts";

/** Cases by which of their masks is empty. */
export type EmptyCounts = Readonly<Record<"both" | "reference" | "prediction", number>>;

/** Scores of one region. */
export interface RegionSummary {
  readonly region: string;
  readonly cases: number;
  readonly empty: EmptyCounts;
  readonly scores: Readonly<Record<string, ScoreSummary>>;
}

/** Name of the row over all regions. */
export const MEAN_REGION = "mean of regions";

/** Summarises each region, and where there are several, each case's mean over its regions. */
export function summarizeRegions(
  rows: readonly ScoreRow[],
  columns: readonly ScoreColumn[],
  bootstrap: BootstrapOptions,
): RegionSummary[] {
  return [...Map.groupBy(withMeans(rows), ({ region }) => region)].map(([region, members]) => ({
    region,
    cases: members.length,
    empty: {
      both: members.filter(({ notes }) => notes.empty === "both").length,
      reference: members.filter(({ notes }) => notes.empty === "reference").length,
      prediction: members.filter(({ notes }) => notes.empty === "prediction").length,
    },
    scores: Object.fromEntries(
      columns.map(({ name }) => [name, summarizeScores(members.map(({ scores }) => scores[name]), bootstrap)]),
    ),
  }));
}

/** The rows, and where there are several regions, one more per case. */
function withMeans(rows: readonly ScoreRow[]): readonly ScoreRow[] {
  const isSingle = rows.every(({ region }) => region === rows[0].region);
  return isSingle ? rows : [...rows, ...meanRows(rows)];
}

/** Per case, the mean of each score over the regions in which it is defined: MONAI's reduction "mean". */
function meanRows(rows: readonly ScoreRow[]): ScoreRow[] {
  return [...Map.groupBy(rows, ({ subject }) => subject)].map(([subject, members]) => {
    const names = Object.keys(members[0].scores);
    const meanOf = (name: string): number => {
      const defined = members.map(({ scores }) => scores[name]).filter((score) => !Number.isNaN(score));
      return defined.reduce((sum, score) => sum + score, 0) / defined.length;
    };
    return { subject, region: MEAN_REGION, notes: {}, scores: Object.fromEntries(names.map((n) => [n, meanOf(n)])) };
  });
}

/** Two evaluations of the same cases. */
export interface Comparison {
  /** The other evaluation's file. */
  readonly file: string;
  /** Subjects that only one of the two has: they are left out. */
  readonly onlyHere: number;
  readonly onlyThere: number;
  readonly differences: readonly ScoreDifference[];
}

/** Paired differences of one score in one region: this evaluation minus the other. */
export interface ScoreDifference {
  readonly region: string;
  readonly score: string;
  readonly difference: ScoreSummary;
  readonly pValue: number;
  /** Corrected by Holm for the regions of this score. */
  readonly correctedPValue: number;
  readonly method: string;
}

/**
 * Compares the scores that both evaluations have, on the subjects and regions that both have.
 *
 * @throws {Error} when they have none in common
 */
export function compareScores(
  here: readonly ScoreRow[],
  there: { readonly file: string; readonly rows: readonly ScoreRow[] },
  { columns, bootstrap }: { columns: readonly ScoreColumn[]; bootstrap: BootstrapOptions },
): Comparison {
  const key = ({ subject, region }: ScoreRow): string => JSON.stringify([region, subject]);
  const others = new Map(withMeans(there.rows).map((row) => [key(row), row]));
  const shared = withMeans(here).filter((row) => others.has(key(row)));
  const names = columns.map(({ name }) => name).filter((name) => there.rows.some(({ scores }) => name in scores));
  if (shared.length === 0 || names.length === 0) {
    throw new Error(`Cannot compare with ${there.file}: expected subjects, regions and scores in common, got none`);
  }
  const regions = [...Map.groupBy(shared, ({ region }) => region)];
  const differences = names.flatMap((score) => {
    const compared = regions.map(([region, rows]) => {
      const [first, second] = [rows, rows.map((row) => others.get(key(row))!)];
      const pair = comparePaired(
        first.map(({ scores }) => scores[score]),
        second.map((r) => r.scores[score]),
        bootstrap,
      );
      return { region, score, difference: pair.difference, pValue: pair.test.pValue, method: pair.test.method };
    });
    const single = compared.filter(({ region }) => region !== MEAN_REGION);
    const corrected = holm(single.map(({ pValue }) => pValue));
    // The mean is one test of its own: nothing to correct.
    return compared.map((item) => ({ ...item, correctedPValue: corrected[single.indexOf(item)] ?? item.pValue }));
  });
  const [subjectsHere, subjectsThere] = [here, there.rows].map((rows) => new Set(rows.map(({ subject }) => subject)));
  return {
    file: there.file,
    onlyHere: subjectsHere.difference(subjectsThere).size,
    onlyThere: subjectsThere.difference(subjectsHere).size,
    differences,
  };
}
