/** Tables as CSV (RFC 4180): quotes where they are needed, one line break per row. */

/** A row that was read, by the names in the header. */
export interface CsvRow {
  /** Line of the file where the row starts, from 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** Text of a table. */
export function formatCsv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const quote = (cell: string): string => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return [header, ...rows].map((row) => row.map(quote).join(",") + "\n").join("");
}

/**
 * Reads a table.
 *
 * @param file path of the file, for messages
 * @throws {SyntaxError} when there is no header, a name occurs twice in it, or a row has another number of cells
 */
export function parseCsv(text: string, file: string): { header: string[]; rows: CsvRow[] } {
  const [head, ...lines] = splitRows(text.replace(/^\uFEFF/, ""));
  const fail = (reason: string): SyntaxError => new SyntaxError(`Cannot read ${file}: ${reason}`);
  if (head === undefined) throw fail("expected a header, got an empty file");
  const header = head.cells.map((cell) => cell.trim());
  if (new Set(header).size < header.length) throw fail(`expected each column once, got ${header.join(", ")}`);
  const rows = lines.map(({ line, cells }) => {
    if (cells.length !== header.length) {
      throw fail(`expected ${header.length} cells in line ${line}, got ${cells.length}`);
    }
    return { line, cells: Object.fromEntries(cells.map((cell, i) => [header[i], cell.trim()])) };
  });
  return { header, rows };
}

/** Cells of each row that is not blank. */
function splitRows(text: string): { line: number; cells: string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  let line = 1, start = 1, cells: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    const cell = quoted?.replaceAll('""', '"') ?? plain;
    cells.push(cell);
    line += cell.split("\n").length - 1;
    if (end === ",") continue;
    if (cells.length > 1 || cell !== "") rows.push({ line: start, cells });
    line++;
    start = line;
    cells = [];
  }
  return rows;
}
