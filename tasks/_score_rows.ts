/** Scores per case and region, and the CSV file that holds them. */
import { type CsvRow, formatCsv, parseCsv } from "./_csv.ts";

/** Scores of one region of one case. */
export interface ScoreRow {
  readonly subject: string;
  /** Name of the region; `all` where there are none. */
  readonly region: string;
  /** Words about the case, by column. */
  readonly notes: Readonly<Record<string, string>>;
  /** Numbers by column: NaN where one is undefined, Infinity for a distance to an empty mask. */
  readonly scores: Readonly<Record<string, number>>;
}

/** A column of scores. */
export interface ScoreColumn {
  readonly name: string;
  readonly title: string;
  /** `mm`, `ml`, `%`; nothing for shares from 0 to 1. */
  readonly unit?: string;
  /** What is not plain from the title. */
  readonly convention?: string;
  /** Shown in the terminal, too. */
  readonly headline?: boolean;
}

/** Columns that hold words; all others are numbers. */
const WORDS = ["subject", "region", "empty", "label_set", "label", "predicted"];

/** Text of `metrics.csv`: an empty cell for what is undefined, `inf` for an infinite distance. */
export function formatScores(rows: readonly ScoreRow[]): string {
  const notes = Object.keys(rows[0]?.notes ?? {}), scores = Object.keys(rows[0]?.scores ?? {});
  const cells = rows.map((row) => [
    row.subject,
    row.region,
    ...notes.map((name) => row.notes[name]),
    ...scores.map((name) => formatNumber(row.scores[name])),
  ]);
  return formatCsv(["subject", "region", ...notes, ...scores], cells);
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "";
  return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
}

/**
 * Reads `metrics.csv` back.
 *
 * @throws {SyntaxError} when a column of subjects or regions is missing, or a number is none
 */
export function parseScores(text: string, file: string): ScoreRow[] {
  const { header, rows } = parseCsv(text, file);
  const absent = ["subject", "region"].find((name) => !header.includes(name));
  if (absent !== undefined) throw new SyntaxError(`Cannot read ${file}: expected a column ${absent}, got none`);
  return rows.map((row) => {
    const names = header.filter((name) => !WORDS.includes(name));
    const scores = Object.fromEntries(names.map((name) => [name, parseNumber(row, name, file)]));
    const notes = header.filter((name) => WORDS.slice(2).includes(name)).map((name) => [name, row.cells[name]]);
    return { subject: row.cells.subject, region: row.cells.region, notes: Object.fromEntries(notes), scores };
  });
}

function parseNumber({ cells, line }: CsvRow, name: string, file: string): number {
  const text = cells[name];
  if (text === "") return NaN;
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  if (Number.isNaN(value)) {
    throw new SyntaxError(`Cannot read ${file}: expected a number for ${name} in line ${line}, got "${text}"`);
  }
  return value;
}
