/** The files of results: one JSON, and the Markdown written from it. */
import type { BenchResults } from "./results.ts";
import { NO_RESULTS } from "./results.ts";
import { formatResults } from "./table.ts";

const JSON_NAME = "results.json", MARKDOWN_NAME = "RESULTS.md";

/**
 * Makes the folder, so that one that cannot be written is known before anything is measured, and reads what is there.
 *
 * @throws {SyntaxError} when the file does not hold results
 */
export function openResults(folder: string): BenchResults {
  Deno.mkdirSync(folder, { recursive: true });
  const path = `${folder}/${JSON_NAME}`;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NO_RESULTS;
    throw error;
  }
  const results: unknown = JSON.parse(text);
  if (!isResults(results)) {
    throw new SyntaxError(`Cannot read ${path}: expected operations and steps; remove the file to start anew`);
  }
  return results;
}

function isResults(value: unknown): value is BenchResults {
  const { operations, steps } = (value ?? {}) as Partial<BenchResults>;
  return Array.isArray(operations) && Array.isArray(steps);
}

/** Writes both files; each is complete or untouched, whenever the process ends. Returns the path of the Markdown. */
export function writeResults(folder: string, results: BenchResults): string {
  const write = (name: string, text: string): string => {
    const path = `${folder}/${name}`;
    Deno.writeTextFileSync(`${path}.part`, text);
    Deno.renameSync(`${path}.part`, path);
    return path;
  };
  write(JSON_NAME, `${JSON.stringify(results, null, 2)}\n`);
  return write(MARKDOWN_NAME, formatResults(results));
}
