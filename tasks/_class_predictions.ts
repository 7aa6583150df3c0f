/** `predictions.csv`: predicted probabilities of classes, one subject per line. */
import type { ClassifiedCase } from "../lib/metrics/mod.ts";
import { readText } from "../lib/host/mod.ts";
import { parseCsv } from "./_csv.ts";

/** A classified subject. */
export interface ClassifiedSubject extends ClassifiedCase {
  readonly subject: string;
}

/** By how much probabilities may miss a sum of 1: decimals that were cut. */
const SUM_TOLERANCE = 0.01;

/**
 * Reads probabilities and true classes.
 *
 * Probabilities are in columns named `CLASS` or `p(CLASS)`. True classes are names, in any case, or numbers from 0, in the
 * column `label`, or in another file with the columns `subject` and `label` or `class`.
 *
 * @param labels file with the true classes
 * @throws {SyntaxError} when a column is missing, a probability is none, or a class is none of the task
 * @throws {Error} when a subject has no true class
 */
export async function readClassified(
  file: string,
  { classes, labels }: { classes: readonly string[]; labels?: string },
): Promise<ClassifiedSubject[]> {
  const { header, rows } = parseCsv(await readText(file), file);
  const columnOf = (name: string): string => header.includes(name) ? name : `p(${name})`;
  const columns = ["subject", ...classes.map(columnOf), ...(labels === undefined ? ["label"] : [])];
  const absent = columns.find((name) => !header.includes(name));
  if (absent !== undefined) {
    const hint = absent === "label" ? " (or a file with --labels)" : "";
    throw new SyntaxError(`Cannot read ${file}: expected a column ${absent}${hint}, got ${header.join(", ")}`);
  }
  if (rows.length === 0) throw new SyntaxError(`Cannot read ${file}: expected subjects, got none`);
  const labelOf = labels === undefined ? undefined : await readLabels(labels);
  const seen = new Set<string>();
  return rows.map(({ line, cells }) => {
    const place = `line ${line} (${cells.subject})`;
    if (seen.has(cells.subject)) {
      throw new SyntaxError(
        `Cannot read ${file}: expected each subject once, got ${cells.subject} again in line ${line}`,
      );
    }
    seen.add(cells.subject);
    const label = labelOf === undefined ? cells.label : labelOf.get(cells.subject);
    const probabilities = classes.map((name) => parseProbability(cells[columnOf(name)], { file, place }));
    const total = probabilities.reduce((sum, p) => sum + p, 0);
    if (Math.abs(total - 1) > SUM_TOLERANCE) {
      throw new SyntaxError(`Cannot read ${file}: expected probabilities that add up to 1 in ${place}, got ${total}`);
    }
    return { subject: cells.subject, label: classOf(label, { classes, file: labels ?? file, place }), probabilities };
  });
}

async function readLabels(file: string): Promise<Map<string, string>> {
  const { header, rows } = parseCsv(await readText(file), file);
  const column = ["label", "class"].find((name) => header.includes(name));
  if (column === undefined || !header.includes("subject")) {
    throw new SyntaxError(`Cannot read ${file}: expected columns subject and label, got ${header.join(", ")}`);
  }
  return new Map(rows.map(({ cells }) => [cells.subject, cells[column]]));
}

function parseProbability(text: string, { file, place }: { file: string; place: string }): number {
  const value = text === "" ? NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new SyntaxError(`Cannot read ${file}: expected probabilities from 0 to 1 in ${place}, got "${text}"`);
}

function classOf(
  label: string | undefined,
  { classes, file, place }: { classes: readonly string[]; file: string; place: string },
): number {
  if (label === undefined || label === "") {
    throw new Error(`Cannot evaluate ${file}: expected a label for ${place}, got none`);
  }
  const index = classes.findIndex((name) => name.toLowerCase() === label.toLowerCase());
  if (index >= 0) return index;
  if (/^\d+$/.test(label) && Number(label) < classes.length) return Number(label);
  throw new SyntaxError(`Cannot read ${file}: expected a class of ${classes.join(", ")} for ${place}, got "${label}"`);
}
