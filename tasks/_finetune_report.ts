/** What a fine-tuning run leaves behind for people: scores as a table, and a short report. */
import { flattenConfig } from "../lib/config.ts";
import type { RunFolder } from "../lib/host/mod.ts";
import type { ClassificationRecord, FinetuneRecord, SegmentationRecord } from "../lib/results.ts";
import type { FinetuneDescription } from "./_finetune_description.ts";

/** A validation of either kind. */
export type ScoreRecord = SegmentationRecord | ClassificationRecord;

/** The validation whose weights were kept; undefined before the first. */
export function bestScore(records: readonly FinetuneRecord[]): ScoreRecord | undefined {
  return records.findLast((record): record is ScoreRecord => {
    return (record.kind === "segmentation" || record.kind === "classification") && record.best;
  });
}

/**
 * Writes scores side by side, one column per run: Dice per region in percent, or measures of classification.
 *
 * With two runs, a last column has their difference.
 */
export function formatScores(runs: Readonly<Record<string, readonly FinetuneRecord[]>>): string {
  const names = Object.keys(runs);
  const columns = names.map((name) => rowsOf(bestScore(runs[name])));
  const labels = [...columns[0].keys()];
  const format = (value: number | undefined): string => value === undefined ? "–" : value.toFixed(1);
  const isPair = names.length === 2;
  const table = [
    ["%, best validation", ...names, ...(isPair ? ["difference"] : [])],
    ...labels.map((label) => {
      const values = columns.map((column) => column.get(label));
      const [a, b] = values;
      const difference = a === undefined || b === undefined ? undefined : a - b;
      return [label, ...values.map(format), ...(isPair ? [signed(difference)] : [])];
    }),
  ];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  return table.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ")
  )
    .join("\n");
}

function rowsOf(record: ScoreRecord | undefined): Map<string, number> {
  if (record === undefined) return new Map();
  if (record.kind === "segmentation") {
    const regions = record.regions.map(({ region, dice }) => [`Dice ${region}`, 100 * dice] as const);
    return new Map([...regions, ["Dice mean", 100 * record.dice]]);
  }
  const { accuracy, balancedAccuracy, auc } = record;
  return new Map([
    ["accuracy", 100 * accuracy],
    ["balanced accuracy", 100 * balancedAccuracy],
    ...(auc === null ? [] : [["AUC", 100 * auc] as const]),
  ]);
}

function signed(value: number | undefined): string {
  if (value === undefined) return "–";
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}

/** Writes `report.md`: task, data, start, scores, options. */
export async function writeFinetuneReport(
  folder: RunFolder,
  { description, records, wait }: {
    description: FinetuneDescription;
    records: readonly FinetuneRecord[];
    /** How long the session waited for data, in words. */
    wait: string;
  },
): Promise<void> {
  const { task, data, weights, options, recipe, environment } = description;
  const best = bestScore(records);
  const rows = (table: Readonly<Record<string, string>>): string[] => [
    "| what | value |",
    "| ---- | ----- |",
    ...Object.entries(table).map(([name, value]) => `| ${name} | ${value.replaceAll("|", "\\|")} |`),
  ];
  const lines = [
    `# Fine-tuning: ${task.title}`,
    "",
    `Best validation, after epoch ${(best?.epoch ?? 0) + 1}, on ${
      best?.subjects ?? 0
    } held-out subjects. It was chosen ` +
    "by these subjects' own scores: take other subjects for a number to publish.",
    "",
    "```text",
    formatScores({ [weights ? "fine-tuned" : "from scratch"]: records }),
    "```",
    "",
    "## Run",
    "",
    ...rows({
      task: task.name,
      recipe,
      "start": weights ? weights.file : "random weights",
      "data": data.origin,
      "training subjects": String(data.training.length),
      "held-out subjects": String(data.validation.length),
      ...environment,
      "waited for data": wait,
    }),
    "",
    "## Options",
    "",
    ...rows(flattenConfig(options)),
    "",
  ];
  await folder.write("report.md", lines.join("\n"));
}
