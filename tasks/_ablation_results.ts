/** The results of an ablation: one file per cell, and the table over all of them. */
import { z } from "zod";
import { CheckpointError } from "../lib/errors.ts";
import { exists, listNames, makeFolder, readText, writeFileAtomic } from "../lib/host/mod.ts";
import { STUDY_STATISTICS } from "../lib/metrics/mod.ts";
import {
  ABLATION_CELL,
  formatAblationPairs,
  formatAblationTable,
  plural,
  summarizeAblation,
} from "../lib/report/mod.ts";
import type { AblationCell } from "../lib/results.ts";
import { bullets } from "./_evaluation_text.ts";
import { jsonText } from "./_study_folder.ts";

/** What tells cells of one variant and task apart from those of another recipe or other data. */
export type CellHashes = Pick<AblationCell, "recipeHash" | "dataHash" | "finetuneHash">;

/** The folder `SCALE/` of results. */
export class AblationResults {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Opens the folder, or makes it. */
  static async open(path: string): Promise<AblationResults> {
    await makeFolder(path);
    return new AblationResults(path);
  }

  /**
   * Reads a cell.
   *
   * @returns undefined for one that is not done
   * @throws {CheckpointError} when the file is damaged
   */
  async read(name: string): Promise<AblationCell | undefined> {
    const file = `${this.path}/${name}.json`;
    if (!await exists(file)) return undefined;
    const parsed = ABLATION_CELL.safeParse(parseJson(await readText(file)));
    if (parsed.success) return parsed.data;
    const reason = z.prettifyError(parsed.error);
    throw new CheckpointError(`Cannot read ${file}: expected a cell, but ${reason}; remove it to compute it again`);
  }

  /** Writes a cell: it is done. */
  async write(name: string, cell: AblationCell): Promise<void> {
    await writeFileAtomic(`${this.path}/${name}.json`, jsonText(cell));
  }

  /**
   * Writes `table.md` over all cells in the folder but those that are out of date.
   *
   * @returns the table without what is said of it
   */
  async writeTable(isCurrent: (cell: AblationCell) => boolean): Promise<string> {
    const names = (await listNames(this.path, /-seed\d+\.json$/)).map((name) => name.replace(/\.json$/, ""));
    const cells: AblationCell[] = [];
    for (const name of names) {
      const cell = await this.read(name);
      if (cell !== undefined && isCurrent(cell)) cells.push(cell);
    }
    if (cells.length === 0) return "no cell is done yet";
    const { table, page } = describeAblation(cells);
    await writeFileAtomic(`${this.path}/table.md`, page);
    return table;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The tables of all tasks, and the page that they stand on. */
export function describeAblation(cells: readonly AblationCell[]): { table: string; page: string } {
  const scores = summarizeAblation(cells, STUDY_STATISTICS);
  const tasks = [...new Set(cells.map(({ task }) => task))].sort();
  const tables = tasks.map((task) => ({
    task,
    table: formatAblationTable(scores.filter((score) => score.task === task)),
  }));
  const [{ scale }] = cells;
  const sections = tables.flatMap(({ task, table }) => {
    const own = cells.filter((cell) => cell.task === task);
    const [{ subjects, trainingSubjects, updates }] = own;
    const learned = `${plural(trainingSubjects, "labelled subject")}, ${plural(updates, "update")}`;
    return [`## ${task}\n`, `${learned}; ${plural(subjects.length, "held-out subject")}.\n`, `${table}\n`];
  });
  const machines = [...new Set(cells.map(({ machine }) => Object.values(machine).join(", ")))].sort();
  const versions = [...new Set(cells.map(({ version }) => version))].sort();
  const page = [
    `# Ablation, scale ${scale}\n`,
    ...sections,
    "## Pre-training\n",
    "PSNR in masked blocks of held-out subjects: means over pairs, then over seeds.\n",
    `${formatAblationPairs(cells)}\n`,
    "## How to read this\n",
    bullets([
      "Variants: fine-tuning from random weights; after pre-training by cross-modal reconstruction (CMR); with modal data " +
      "distillation (MD); with contrastive learning (CL). All else is the same, the number of updates too.",
      "A subject's scores are averaged over seeds first. Intervals are 95 % percentile bootstrap intervals over subjects, " +
      "and p is that of a two-sided Wilcoxon signed-rank test over subjects, corrected by Holm for the comparisons of a " +
      'score. Both hold for these trainings; how much another training may differ is seen from "by seed".',
      'Differences are this variant minus the one before it ("previous"), and minus scratch, over the seeds that both have.',
      "Weights of the last update are scored: no held-out subject has chosen them. A subject without an HD95 in some seed, " +
      "as nothing was predicted or nothing is there, is left out of that variant's HD95.",
      `Code: ${versions.join("; ")}. Computed on: ${machines.join("; ")}.`,
    ]),
  ].join("\n");
  return { table: tables.map(({ table }) => table).join("\n\n"), page };
}
