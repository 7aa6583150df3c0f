/** The scores of an ablation's cell: every held-out subject, measured as `deno task evaluate` does. */
import { readNifti, resolveFile, type Subject, type SubjectImage } from "../lib/dataset/mod.ts";
import { readFile } from "../lib/host/mod.ts";
import {
  classificationIntervals,
  classificationScores,
  type ClassifiedCase,
  predictedClass,
  STUDY_STATISTICS,
} from "../lib/metrics/mod.ts";
import type { AblationMetric } from "../lib/results.ts";
import type { Tensor5D } from "../lib/tensor/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";
import { type FinetuneData, labelScheme } from "./_finetune_data.ts";
import { type Finetuned, openFinetuned } from "./_finetuned.ts";
import { classifySubject } from "./_predict_subject.ts";
import { type CaseScores, diceOf, readCase, scoreCase } from "./_study_cases.ts";

/** Follows the scoring, and ends it early. */
export interface ScoringWatch {
  readonly interrupted: () => boolean;
  readonly onSubject: (done: number, subject: string) => void;
}

/** Predicts and scores the held-out subjects with a fine-tuned run; undefined when it was interrupted. */
export async function scoreRun(
  out: string,
  { data, ...watch }: ScoringWatch & { data: FinetuneData },
): Promise<AblationMetric[] | undefined> {
  const run = await openFinetuned(out);
  try {
    const { task } = run;
    if (task.kind === "segmentation") {
      const scheme = labelScheme(task, run.options.labelSet);
      const cases = await each(data.validation, watch, async (subject) => {
        return scoreCase(await readCase(subject, { root: data.root, scheme }), { ...run, task }, { distances: true });
      });
      return cases && segmentationMetrics(cases, task);
    }
    const cases = await each(data.validation, watch, async (subject, i) => {
      return { label: data.classes!.validation[i], probabilities: await classify(subject, { run, root: data.root }) };
    });
    return cases && classificationMetrics(cases, task.classes.length);
  } finally {
    run.dispose();
  }
}

async function each<T>(
  subjects: readonly Subject[],
  { interrupted, onSubject }: ScoringWatch,
  score: (subject: Subject, index: number) => Promise<T>,
): Promise<T[] | undefined> {
  const scores: T[] = [];
  for (const [i, subject] of subjects.entries()) {
    if (interrupted()) return undefined;
    scores.push(await score(subject, i));
    onSubject(i + 1, subject.id);
  }
  return scores;
}

async function classify({ images }: Subject, { run, root }: { run: Finetuned; root: string }): Promise<number[]> {
  const { task, options, prepare, forward } = run;
  if (task.kind !== "classification") {
    throw new TypeError(`Cannot classify: expected a classification, got ${task.kind}`);
  }
  const read: SubjectImage[] = [];
  for (const { modality, file } of images) {
    const path = resolveFile(root, file);
    read.push({ modality, file: path, volume: await readNifti(await readFile(path), path) });
  }
  const windows = {
    windowSize: options.cropSize,
    overlap: 0,
    weighting: "constant" as const,
    predict: (x: Tensor5D) => forward(x) as Tensor5D,
  };
  return await classifySubject(read, { task, prepare, forward, windows });
}

/** Dice of every region and of their mean, and HD95 of every region. */
export function segmentationMetrics(
  cases: readonly CaseScores[],
  { regions }: Pick<SegmentationTask, "regions">,
): AblationMetric[] {
  const names = regions.map(({ name }) => name);
  const dice = (region: string, values: readonly number[]): AblationMetric =>
    perSubject({ name: "Dice", region, unit: null, better: "higher" }, values);
  return [
    ...names.length > 1 ? [dice("mean", cases.map((item) => diceOf(item)))] : [],
    ...names.map((region) => dice(region, cases.map((item) => diceOf(item, region)))),
    ...names.map((region) =>
      perSubject(
        { name: "HD95", region, unit: "mm", better: "lower" },
        cases.map((item) => item.regions[region].hd95Mm ?? NaN),
      )
    ),
  ];
}

/** Accuracy, cross-entropy and AUC. */
export function classificationMetrics(cases: readonly ClassifiedCase[], classes: number): AblationMetric[] {
  const { auc } = classificationScores(cases, classes);
  const interval = classificationIntervals(cases, classes, { seed: 0 }).auc;
  const right = cases.map(({ label, probabilities }) => Number(predictedClass(probabilities) === label));
  // A probability of 0 in single precision would make the mean infinite.
  const entropy = cases.map(({ label, probabilities }) => -Math.log(Math.max(probabilities[label], 1e-7)));
  return [
    perSubject({ name: "accuracy", region: null, unit: null, better: "higher" }, right),
    perSubject({ name: "cross-entropy", region: null, unit: "nat", better: "lower" }, entropy),
    {
      name: "AUC",
      region: null,
      unit: null,
      better: "higher",
      mean: orNull(auc),
      low: orNull(interval.low),
      high: orNull(interval.high),
      values: null,
    },
  ];
}

function perSubject(
  metric: Pick<AblationMetric, "name" | "region" | "unit" | "better">,
  values: readonly number[],
): AblationMetric {
  const { mean, low, high } = STUDY_STATISTICS.summarize(values);
  return { ...metric, mean: orNull(mean), low: orNull(low), high: orNull(high), values: values.map(orNull) };
}

/** As JSON has it. */
function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
