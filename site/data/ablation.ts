/** Cells of ablations, and what those of one scale say together. */
import { messageOf } from "../../lib/errors.ts";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { ABLATION_CELL, type AblationScore, summarizeAblation } from "../../lib/report/mod.ts";
import type { AblationCell } from "../../lib/results.ts";
import { parseResult, type ResultFile } from "./result_file.ts";

/** All cells of one scale. */
export interface AblationStudy {
  /** `quick` or `full`. */
  readonly scale: string;
  readonly scores: readonly AblationScore[];
  readonly cells: number;
  readonly seeds: readonly number[];
  /** Days of the first and the last cell. */
  readonly dates: readonly [string, string];
  /** What computed, each kind once. */
  readonly machines: readonly string[];
  readonly versions: readonly string[];
  /** Subjects and updates of each task. */
  readonly tasks: readonly AblationTask[];
}

/** How large the trainings of a task are. */
export interface AblationTask {
  readonly task: string;
  readonly heldOut: number;
  readonly trainingSubjects: number;
  readonly updates: number;
  /** Null where no cell has been pre-trained. */
  readonly pretraining: { readonly updates: number; readonly trainingSubjects: number } | null;
}

/**
 * Reads cells and summarises those of each scale.
 *
 * @throws {SyntaxError} when a file holds no cell
 * @throws {RangeError} when cells that are compared do not belong together
 */
export function readAblations(files: readonly ResultFile[]): AblationStudy[] {
  const cells = files.map((file) => parseResult(file, { schema: ABLATION_CELL, what: "a cell of an ablation" }));
  return [...Map.groupBy(cells, ({ scale }) => scale)].map(([scale, own]) => describeScale(scale, own));
}

function describeScale(scale: string, cells: readonly AblationCell[]): AblationStudy {
  const dates = cells.map(({ date }) => date).sort();
  return {
    scale,
    scores: summarize(scale, cells),
    cells: cells.length,
    seeds: [...new Set(cells.map(({ seed }) => seed))].sort((a, b) => a - b),
    dates: [dates[0], dates[dates.length - 1]],
    machines: unique(cells.map(({ machine }) => Object.values(machine).join(", "))),
    versions: unique(cells.map(({ version }) => version)),
    tasks: unique(cells.map(({ task }) => task)).map((task) =>
      describeTask(cells.filter((cell) => cell.task === task))
    ),
  };
}

function summarize(scale: string, cells: readonly AblationCell[]): AblationScore[] {
  try {
    return summarizeAblation(cells, STUDY_STATISTICS);
  } catch (cause) {
    throw new RangeError(`Cannot show results/ablation/${scale}: ${messageOf(cause)}`, { cause });
  }
}

function describeTask(cells: readonly AblationCell[]): AblationTask {
  const [{ task, subjects, trainingSubjects, updates }] = cells;
  const pretraining = cells.find((cell) => cell.pretraining !== null)?.pretraining ?? null;
  return { task, heldOut: subjects.length, trainingSubjects, updates, pretraining };
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
