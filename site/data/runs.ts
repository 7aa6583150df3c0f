/** Runs as the pages show them. */
import type { FinetuneRecord, MetricsRecord, TemplateImage } from "../../lib/results.ts";
import type { ResultFile } from "./result_file.ts";

/** What every run has. */
interface RunBase {
  /** Name of the folder: the page's address. */
  readonly name: string;
  readonly recipe: string;
  /** Where the data come from. */
  readonly origin: string;
  readonly trainingSubjects: number;
  readonly heldOutSubjects: number;
  /** All options, flattened. */
  readonly options: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** A pre-training run. */
export interface PretrainingRun extends RunBase {
  readonly kind: "pretraining";
  readonly records: readonly MetricsRecord[];
  /** Those that it has written; none while it goes on. */
  readonly templates: readonly TemplateImage[];
  /** Address of its own report, copied into the site; null while it goes on. */
  readonly report: string | null;
}

/** A fine-tuning run. */
export interface FinetuningRun extends RunBase {
  readonly kind: "fine-tuning";
  readonly task: string;
  /** What it started from; null for random weights. */
  readonly weights: string | null;
  readonly records: readonly FinetuneRecord[];
}

/** A run with a page. */
export type Run = PretrainingRun | FinetuningRun;

/**
 * Reads `metrics.jsonl`. A last line without its line break is what a killed process was writing: it is left out.
 *
 * @throws {SyntaxError} when another line is not JSON
 */
export function parseRecords<R>({ path, text }: ResultFile): R[] {
  return text.split("\n").slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new SyntaxError(`Cannot read ${path}: expected JSON in line ${i + 1}, got "${line.slice(0, 40)}"`, {
        cause,
      });
    }
  });
}
