/** What a missing-modality study says: means, differences, a chart and a page of text. */
import {
  comparePaired,
  DEFAULT_BOOTSTRAP,
  holm,
  type ScoreSummary,
  summarizeScores,
  type WilcoxonMethod,
} from "../lib/metrics/mod.ts";
import { formatTable, missingModalityChart, plural, standaloneSvg } from "../lib/report/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";
import { bullets, formatInterval, formatProbability, formatScore } from "./_evaluation_text.ts";
import type { ScoredSubset } from "./_missing_modality.ts";
import { MEAN_REGION } from "./_score_summary.ts";
import { diceOf } from "./_study_cases.ts";
import { jsonText, type StudyFolder } from "./_study_folder.ts";

/** Dice of one region with some of the sequences. */
export interface SubsetResult {
  readonly region: string;
  readonly present: readonly string[];
  /** With all sequences both are the same: nothing is filled. */
  readonly zero: ScoreSummary;
  readonly template: ScoreSummary;
  /** Template minus zero, case by case; null with all sequences. */
  readonly comparison: {
    readonly difference: ScoreSummary;
    readonly pValue: number;
    /** Corrected by Holm for the subsets of the region. */
    readonly correctedPValue: number;
    readonly method: WilcoxonMethod;
  } | null;
}

/** What results are told of the study. */
export interface MissingModalityAbout {
  readonly task: SegmentationTask;
  readonly run: string;
  readonly templates: string;
  readonly origin: string;
}

const BOOTSTRAP = { ...DEFAULT_BOOTSTRAP, seed: 0 };
const METHODS = ["template", "zero"] as const;

/** Writes `results.json`, `missing-modality.svg` and `summary.md`, and prints the table. */
export async function writeMissingModality(
  folder: StudyFolder,
  { cells, about, print }: {
    cells: readonly ScoredSubset[];
    about: MissingModalityAbout;
    print: (line: string) => void;
  },
): Promise<void> {
  const names = about.task.regions.map(({ name }) => name);
  const regions = names.length > 1 ? [MEAN_REGION, ...names] : names;
  const results = regions.flatMap((region) => compareSubsets(region, cells));
  const { task, ...rest } = about;
  const kind = "missing-modality";
  await folder.write(
    "results.json",
    jsonText({ kind, task: task.name, ...rest, score: "dice", bootstrap: BOOTSTRAP, results }),
  );
  await folder.write("missing-modality.svg", drawChart(regions, { results, modalities: task.modalities }));
  const table = resultTable(results, task.modalities);
  await folder.write("summary.md", summaryText(table, { about, cases: cells[0].cases.length }));
  print(table);
}

/** All subsets for one region, or for the mean over regions. */
export function compareSubsets(region: string, cells: readonly ScoredSubset[]): SubsetResult[] {
  const name = region === MEAN_REGION ? undefined : region;
  const scoresOf = ({ cases }: ScoredSubset): number[] => cases.map((item) => diceOf(item, name));
  const compared = [...Map.groupBy(cells, ({ present }) => present.join("+")).values()].map((members) => {
    const [zero, template] = (["zero", "template"] as const).map((fill) => {
      return scoresOf(members.find((cell) => cell.fill === fill) ?? members[0]);
    });
    const pair = members.length < 2 ? null : comparePaired(template, zero, BOOTSTRAP);
    return {
      region,
      present: members[0].present,
      zero: summarizeScores(zero, BOOTSTRAP),
      template: summarizeScores(template, BOOTSTRAP),
      comparison: pair && { difference: pair.difference, pValue: pair.test.pValue, method: pair.test.method },
    };
  });
  const tested = compared.flatMap(({ comparison }) => comparison ?? []);
  const corrected = holm(tested.map(({ pValue }) => pValue));
  return compared.map(({ comparison, ...result }) => ({
    ...result,
    comparison: comparison && { ...comparison, correctedPValue: corrected[tested.indexOf(comparison)] },
  }));
}

function nameOf(present: readonly string[], modalities: readonly string[]): string {
  return present.length === modalities.length ? "all" : present.join(" ");
}

function drawChart(
  regions: readonly string[],
  { results, modalities }: { results: readonly SubsetResult[]; modalities: readonly string[] },
): string {
  return standaloneSvg(regions.map((region) => {
    const groups = results.filter((result) => result.region === region).map(({ present, template, zero }) => {
      return { label: nameOf(present, modalities), scores: { template, zero } };
    });
    return { title: region, chart: missingModalityChart(groups, METHODS, { score: "Dice" })! };
  }));
}

function resultTable(results: readonly SubsetResult[], modalities: readonly string[]): string {
  const header = [
    "region",
    "present",
    "zeros",
    "95 % interval",
    "templates",
    "95 % interval",
    "difference",
    "95 % interval",
    "p",
    "p (Holm)",
  ];
  const rows = results.map(({ region, present, zero, template, comparison }) => [
    region.replaceAll("|", "\\|"),
    nameOf(present, modalities),
    ...[zero, template].flatMap((summary) => [formatScore(summary.mean), formatInterval(summary)]),
    ...(comparison === null ? ["", "", "", ""] : [
      formatScore(comparison.difference.mean),
      formatInterval(comparison.difference),
      formatProbability(comparison.pValue),
      formatProbability(comparison.correctedPValue),
    ]),
  ]);
  return formatTable(header, rows, { textColumns: new Set([0, 1]) });
}

function summaryText(table: string, { about, cases }: { about: MissingModalityAbout; cases: number }): string {
  const { task, run, templates, origin } = about;
  return [
    `# Missing sequences: ${task.title}\n`,
    "Dice (official: an empty reference counts 1 if the prediction is empty too, else 0)\n",
    `${table}\n`,
    "![Dice with sequences missing](missing-modality.svg)\n",
    bullets([
      `Network: ${run}. Data: ${origin}, ${plural(cases, "case")}.`,
      `Missing sequences are zeros, or templates of ${templates}.`,
      `Intervals are percentile bootstrap intervals of the mean over cases (${BOOTSTRAP.resamples} resamples).`,
      "Differences are templates minus zeros, case by case; p is that of a two-sided Wilcoxon signed-rank test, also " +
      "corrected by Holm for the subsets of each region.",
    ]),
  ].join("\n");
}
