/** What a label-efficiency study says: means over seeds, differences, a chart and a page of text. */
import {
  comparePaired,
  DEFAULT_BOOTSTRAP,
  holm,
  mean,
  type ScoreSummary,
  summarizeScores,
  type WilcoxonMethod,
} from "../lib/metrics/mod.ts";
import { formatTable, labelEfficiencyChart, plural, standaloneSvg } from "../lib/report/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";
import { bullets, formatInterval, formatProbability, formatScore } from "./_evaluation_text.ts";
import type { Equal, ScoredCell, Start } from "./_label_efficiency.ts";
import { MEAN_REGION } from "./_score_summary.ts";
import { diceOf } from "./_study_cases.ts";
import { jsonText, type StudyFolder } from "./_study_folder.ts";

/** Dice of one start with one share of the labels. */
interface StartResult extends ScoreSummary {
  /** Mean over cases of each seed, in the order of the seeds. */
  readonly seedMeans: readonly number[];
}

/** One share of the labels, one region. */
interface FractionResult {
  readonly region: string;
  /** In percent. */
  readonly fraction: number;
  readonly trainingSubjects: number;
  readonly starts: Readonly<Record<Start, StartResult>>;
  /** Pre-trained minus from scratch, case by case. */
  readonly difference: ScoreSummary;
  readonly pValue: number;
  /** Corrected by Holm for the fractions of the region. */
  readonly correctedPValue: number;
  readonly method: WilcoxonMethod;
}

/** What results are told of the study. */
export interface LabelEfficiencyAbout {
  readonly task: SegmentationTask;
  readonly recipe: string;
  readonly weights: string;
  readonly origin: string;
  readonly heldOut: number;
  /** With all labels. */
  readonly epochs: number;
  readonly equal: Equal;
  readonly subjectsOf: (fraction: number) => number;
}

const STARTS: readonly Start[] = ["pre-trained", "from scratch"];
const BOOTSTRAP = { ...DEFAULT_BOOTSTRAP, seed: 0 };

/** Writes `results.json`, `label-efficiency.svg` and `summary.md`, and prints the table. */
export async function writeLabelEfficiency(
  folder: StudyFolder,
  { cells, about, print }: {
    cells: readonly ScoredCell[];
    about: LabelEfficiencyAbout;
    print: (line: string) => void;
  },
): Promise<void> {
  const names = about.task.regions.map(({ name }) => name);
  const regions = names.length > 1 ? [MEAN_REGION, ...names] : names;
  const results = regions.flatMap((region) => compareFractions(region, { cells, about }));
  const seeds = [...new Set(cells.map(({ seed }) => seed))];
  const { subjectsOf: _, task, ...rest } = about;
  await folder.write(
    "results.json",
    jsonText({
      kind: "label-efficiency",
      task: task.name,
      ...rest,
      seeds,
      score: "dice",
      bootstrap: BOOTSTRAP,
      results,
    }),
  );
  await folder.write("label-efficiency.svg", drawChart(regions, results));
  const table = resultTable(results);
  await folder.write("summary.md", summaryText(table, { about, seeds }));
  print(table);
}

/** All shares of the labels for one region, or for the mean over regions. */
export function compareFractions(
  region: string,
  { cells, about: { subjectsOf } }: { cells: readonly ScoredCell[]; about: Pick<LabelEfficiencyAbout, "subjectsOf"> },
): FractionResult[] {
  const name = region === MEAN_REGION ? undefined : region;
  const fractions = [...new Set(cells.map(({ fraction }) => fraction))].sort((a, b) => a - b);
  const compared = fractions.map((fraction) => {
    const [pretrained, scratch] = STARTS.map((start) => {
      const chosen = cells.filter((cell) => cell.fraction === fraction && cell.start === start);
      const scores = chosen.map(({ cases }) => cases.map((item) => diceOf(item, name)));
      return { seedMeans: scores.map(mean), cases: meanOverSeeds(scores) };
    });
    const { difference, test } = comparePaired(pretrained.cases, scratch.cases, BOOTSTRAP);
    const summarize = ({ seedMeans, cases }: typeof scratch): StartResult => {
      return { ...summarizeScores(cases, BOOTSTRAP), seedMeans };
    };
    return {
      region,
      fraction,
      trainingSubjects: subjectsOf(fraction),
      starts: { "pre-trained": summarize(pretrained), "from scratch": summarize(scratch) },
      difference,
      pValue: test.pValue,
      method: test.method,
    };
  });
  const corrected = holm(compared.map(({ pValue }) => pValue));
  return compared.map((result, i) => ({ ...result, correctedPValue: corrected[i] }));
}

/** A case's mean over seeds: seeds are repetitions, cases are what an interval is over. */
function meanOverSeeds(scores: readonly (readonly number[])[]): number[] {
  return scores[0].map((_, i) => mean(scores.map((list) => list[i])));
}

function drawChart(regions: readonly string[], results: readonly FractionResult[]): string {
  return standaloneSvg(regions.map((region) => {
    const lines = STARTS.map((method) => ({
      method,
      points: results.filter((result) => result.region === region).map(({ fraction, starts }) => {
        return { share: fraction / 100, ...starts[method] };
      }),
    }));
    return { title: region, chart: labelEfficiencyChart(lines, { score: "Dice" })! };
  }));
}

function resultTable(results: readonly FractionResult[]): string {
  const ofStart = (start: Start): string[] => [start, "by seed", "95 % interval"];
  const ofDifference = ["difference", "95 % interval", "p", "p (Holm)"];
  const header = ["region", "labels", "subjects", ...STARTS.flatMap(ofStart), ...ofDifference];
  const rows = results.map(({ region, fraction, trainingSubjects, starts, difference, ...test }) => [
    region.replaceAll("|", "\\|"),
    `${fraction} %`,
    String(trainingSubjects),
    ...STARTS.map((start) => starts[start]).flatMap((result) => {
      return [formatScore(result.mean), seedRange(result), formatInterval(result)];
    }),
    formatScore(difference.mean),
    formatInterval(difference),
    formatProbability(test.pValue),
    formatProbability(test.correctedPValue),
  ]);
  return formatTable(header, rows, { textColumns: new Set([0]) });
}

/** `0.42–0.62`: the lowest and the highest mean of a seed. */
function seedRange({ seedMeans }: StartResult): string {
  return [Math.min(...seedMeans), Math.max(...seedMeans)].map((value) => value.toFixed(2)).join("–");
}

function summaryText(
  table: string,
  { about, seeds }: { about: LabelEfficiencyAbout; seeds: readonly number[] },
): string {
  const { task, recipe, weights, origin, heldOut, epochs, equal } = about;
  const length = equal === "epochs"
    ? `${plural(epochs, "epoch")} each`
    : `${plural(epochs, "epoch")} with all labels and as many updates with fewer`;
  return [
    `# Label efficiency: ${task.title}\n`,
    "Dice (official: an empty reference counts 1 if the prediction is empty too, else 0)\n",
    `${table}\n`,
    "![Dice against the share of labels](label-efficiency.svg)\n",
    bullets([
      `Pre-trained from ${weights}; both starts learn from the same subjects, by recipe ${recipe}, ` +
      `${length}.`,
      `Data: ${origin}; the same ${plural(heldOut, "held-out subject")} for all.`,
      `The weights are those of the last epoch: no held-out subject has chosen them.`,
      `${plural(seeds.length, "seed")} (${
        seeds.join(", ")
      }): each draws its own training subjects, random weights and ` +
      "crops. A case's scores are averaged over seeds before anything else.",
      `Intervals are percentile bootstrap intervals over cases (${BOOTSTRAP.resamples} resamples). They and p hold for ` +
      'these trainings: how much another training may differ is seen from "by seed", the range of the seeds\' means.',
      "Differences are pre-trained minus from scratch, case by case; p is that of a two-sided Wilcoxon signed-rank " +
      "test, also corrected by Holm for the fractions of each region.",
    ]),
  ].join("\n");
}
