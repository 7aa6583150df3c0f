/** One evaluation: reads, measures, writes `metrics.csv`, `summary.json` and `summary.md`, and prints what matters. */
import { ConfigError } from "../lib/errors.ts";
import { makeFolder, readText, writeFileAtomic } from "../lib/host/mod.ts";
import {
  type BootstrapOptions,
  CLASSIFICATION_SCORES,
  classificationIntervals,
  type ClassificationScore,
  classificationScores,
  type ConfusionMatrix,
  confusionMatrix,
  DEFAULT_BOOTSTRAP,
  type Neighbourhood,
  predictedClass,
} from "../lib/metrics/mod.ts";
import { formatTable, plural } from "../lib/report/mod.ts";
import { type ClassifiedSubject, readClassified } from "./_class_predictions.ts";
import {
  bullets,
  comparisonLines,
  comparisonTable,
  conventionLines,
  emptyLines,
  formatInterval,
  formatScore,
  scoreTable,
} from "./_evaluation_text.ts";
import {
  CLASS_TABLE,
  type EvaluatedSegmentation,
  type EvaluatedTask,
  openPredictions,
  type Predictions,
} from "./_predictions.ts";
import { pairWithReferences } from "./_reference_labels.ts";
import { formatScores, parseScores, type ScoreColumn, type ScoreRow } from "./_score_rows.ts";
import { compareScores, type Comparison, summarizeRegions } from "./_score_summary.ts";
import { scoreSegmentations, segmentationColumns } from "./_segmentation_scores.ts";

/** The command line. */
export interface EvaluateArguments {
  readonly predictions: string;
  readonly data?: string;
  readonly labels?: string;
  readonly task?: string;
  readonly labelSet?: string;
  readonly toleranceMm: readonly number[];
  readonly neighbourhood: Neighbourhood;
  readonly seed: number;
  readonly out?: string;
  readonly compare?: string;
}

/** What an evaluation writes. */
interface Evaluation {
  readonly rows: readonly ScoreRow[];
  /** Scores that another evaluation is compared by. */
  readonly columns: readonly ScoreColumn[];
  /** Content of `summary.json`. */
  readonly summary: Readonly<Record<string, unknown>>;
  /** `summary.md`, before a comparison. */
  readonly markdown: string;
  /** What is printed, before a comparison. */
  readonly lines: readonly string[];
}

/**
 * Runs an evaluation.
 *
 * @param print takes lines for the person
 */
export async function evaluate(args: EvaluateArguments, print: (line: string) => void): Promise<void> {
  const predictions = await openPredictions(args.predictions, args.task);
  const bootstrap = { ...DEFAULT_BOOTSTRAP, seed: args.seed };
  const { task } = predictions;
  const evaluation = task.kind === "segmentation"
    ? await evaluateSegmentation(predictions, task, { args, bootstrap })
    : await evaluateClassification(task, { args, bootstrap });
  const comparison = args.compare === undefined
    ? undefined
    : await compareWith(args.compare, { ...evaluation, bootstrap });
  const out = args.out ?? args.predictions;
  const summary = { ...evaluation.summary, bootstrap, ...(comparison === undefined ? {} : { comparison }) };
  const headlines = evaluation.columns.filter(({ headline }) => headline);
  await makeFolder(out);
  await writeFileAtomic(`${out}/metrics.csv`, formatScores(evaluation.rows));
  await writeFileAtomic(`${out}/summary.json`, JSON.stringify(summary, null, 2) + "\n");
  await writeFileAtomic(`${out}/summary.md`, evaluation.markdown + describeComparison(comparison, evaluation.columns));
  for (const line of evaluation.lines) print(line);
  if (comparison !== undefined) {
    print(["", comparisonTable(comparison, headlines), ...comparisonLines(comparison)].join("\n"));
  }
  print(`\nwritten   ${out}/metrics.csv, summary.json, summary.md`);
}

interface Settings {
  readonly args: EvaluateArguments;
  readonly bootstrap: BootstrapOptions;
}

async function evaluateSegmentation(
  predictions: Predictions,
  task: EvaluatedSegmentation,
  { args, bootstrap }: Settings,
): Promise<Evaluation> {
  const labelSet = args.labelSet ?? predictions.labelSet;
  const settings = { tolerancesMm: args.toleranceMm, neighbourhood: args.neighbourhood, labelSet };
  checkLabelSet(task, labelSet);
  const cases = await pairWithReferences(predictions, args);
  const rows = await scoreSegmentations(cases, task, settings);
  const columns = segmentationColumns(settings);
  const regions = summarizeRegions(rows, columns, bootstrap);
  const notes = [...emptyLines(regions), ...labelSetLines(rows, task)];
  const title = `${task.name}: ${plural(cases.length, "case")}`;
  return {
    rows,
    columns,
    summary: {
      kind: task.kind,
      task: task.name,
      cases: cases.length,
      tolerancesMm: settings.tolerancesMm,
      neighbourhood: settings.neighbourhood,
      columns: columns.map(({ name, title, unit, convention }) => ({ name, title, unit, convention })),
      regions,
    },
    markdown: [
      `# Evaluation of ${title}\n`,
      `${scoreTable(regions, columns)}\n`,
      `Intervals are percentile bootstrap intervals of the mean over cases (${DEFAULT_BOOTSTRAP.resamples} resamples, ` +
      `seed ${bootstrap.seed}).\n`,
      `## Cases to know of\n\n${bullets(notes)}`,
      `## Conventions\n\n${bullets(conventionLines(columns))}`,
    ].join("\n"),
    lines: [title, "", scoreTable(regions, columns.filter(({ headline }) => headline)), "", ...notes],
  };
}

function checkLabelSet(
  { name, labelSetName, labelSets }: EvaluatedSegmentation,
  labelSet: string | undefined,
): void {
  const known = [labelSetName, ...labelSets.map((set) => set.name)];
  if (labelSet === undefined || known.includes(labelSet)) return;
  throw new ConfigError(`Cannot use label set "${labelSet}": expected one of the task ${name} (${known.join(", ")})`);
}

/** Which label sets the references follow, where it is not the task's own alone. */
function labelSetLines(rows: readonly ScoreRow[], { labelSetName, regions }: EvaluatedSegmentation): string[] {
  const counts = [...Map.groupBy(rows, ({ notes }) => notes.label_set)].map(([name, members]) => {
    return { name, references: members.length / regions.length };
  });
  return counts.filter(({ name }) => name !== labelSetName).map(({ name, references }) => {
    return `${plural(references, "reference")} read by label set ${name}, not ${labelSetName}`;
  });
}

/** Scores of single subjects by which two evaluations are compared. */
const CLASSIFICATION_COLUMNS: readonly ScoreColumn[] = [
  { name: "correct", title: "Accuracy", headline: true },
  { name: "label_probability", title: "Probability of the true class", headline: true },
];

const CLASSIFICATION_TITLES: Readonly<Record<ClassificationScore, string>> = {
  accuracy: "Accuracy",
  balancedAccuracy: "Balanced accuracy",
  f1: "F1",
  macroF1: "F1, macro",
  auc: "AUC",
};

async function evaluateClassification(
  task: Extract<EvaluatedTask, { kind: "classification" }>,
  { args, bootstrap }: Settings,
): Promise<Evaluation> {
  const { classes, name } = task;
  const cases = await readClassified(`${args.predictions}/${CLASS_TABLE}`, { classes, labels: args.labels });
  const scores = classificationScores(cases, classes.length);
  const intervals = classificationIntervals(cases, classes.length, bootstrap);
  const matrix = confusionMatrix(cases, classes.length);
  const summaries = CLASSIFICATION_SCORES.map((score) => ({
    name: score,
    title: CLASSIFICATION_TITLES[score],
    value: scores[score],
    ...intervals[score],
  }));
  const table = formatTable(
    ["score", "value", "95 % interval"],
    summaries.map(({ title, value, ...interval }) => [title, formatScore(value), formatInterval(interval)]),
    { textColumns: new Set([0]) },
  );
  const notes = classificationNotes(classes, { matrix, summaries });
  const title = `${name}: ${plural(cases.length, "subject")}`;
  return {
    rows: cases.map((item) => classificationRow(item, classes)),
    columns: CLASSIFICATION_COLUMNS,
    summary: { kind: task.kind, task: name, classes, cases: cases.length, scores: summaries, confusionMatrix: matrix },
    markdown: [
      `# Evaluation of ${title}\n`,
      `${table}\n`,
      `Intervals are percentile bootstrap intervals over subjects (${DEFAULT_BOOTSTRAP.resamples} resamples, seed ` +
      `${bootstrap.seed}).\n`,
      `## Confusion matrix\n\n${matrixTable(classes, matrix)}\n`,
      `## Notes\n\n${bullets(notes)}`,
    ].join("\n"),
    lines: [title, "", table, "", matrixTable(classes, matrix), "", ...notes],
  };
}

function classificationRow(item: ClassifiedSubject, classes: readonly string[]): ScoreRow {
  const predicted = predictedClass(item.probabilities);
  return {
    subject: item.subject,
    region: "all",
    notes: { label: classes[item.label], predicted: classes[predicted] },
    scores: { correct: predicted === item.label ? 1 : 0, label_probability: item.probabilities[item.label] },
  };
}

function matrixTable(classes: readonly string[], matrix: ConfusionMatrix): string {
  const header = ["true class", ...classes.map((name) => `predicted ${name}`)];
  return formatTable(header, classes.map((name, k) => [name, ...matrix[k].map(String)]), { textColumns: new Set([0]) });
}

/** What the scores are of, and what they do not say. */
function classificationNotes(
  classes: readonly string[],
  { matrix, summaries }: {
    matrix: ConfusionMatrix;
    summaries: readonly { title: string; undefinedResamples: number }[];
  },
): string[] {
  const absent = classes.filter((_, k) => matrix[k].every((count) => count === 0));
  const unsteady = summaries.filter(({ undefinedResamples }) => undefinedResamples > 0);
  return [
    classes.length === 2
      ? `F1 and AUC are those of ${classes[1]}.`
      : "F1 is the mean over the classes, AUC the mean of one class against the rest.",
    ...absent.map((name) => `No subject is ${name}: this class is left out of balanced accuracy and AUC.`),
    ...unsteady.map(({ title, undefinedResamples }) =>
      `The interval of ${title} is without ${plural(undefinedResamples, "resample")} in which it is not defined.`
    ),
  ];
}

async function compareWith(
  place: string,
  { rows, columns, bootstrap }: Pick<Evaluation, "rows" | "columns"> & { bootstrap: BootstrapOptions },
): Promise<Comparison> {
  const file = /\.csv$/i.test(place) ? place : `${place}/metrics.csv`;
  return compareScores(rows, { file, rows: parseScores(await readText(file), file) }, { columns, bootstrap });
}

function describeComparison(comparison: Comparison | undefined, columns: readonly ScoreColumn[]): string {
  if (comparison === undefined) return "";
  const lines = comparisonLines(comparison).map((line) => `${line}\n`);
  return ["\n## Comparison\n", `${comparisonTable(comparison, columns)}\n`, ...lines].join("\n");
}
