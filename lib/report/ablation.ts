/** What the cells of an ablation say: means over seeds, intervals over subjects, paired differences between variants. */
import type { PairedComparison, ScoreSummary, WilcoxonMethod } from "../metrics/mod.ts";
import type { AblationCell, AblationMetric, AblationVariant } from "../results.ts";
import type { ScoreEstimate } from "./study.ts";

/** All variants, each with one loss more than the one before it. */
export const ABLATION_VARIANTS: readonly AblationVariant[] = ["scratch", "cmr", "cmr+md", "cmr+md+cl"];

/** Variants as tables and charts call them. */
export const VARIANT_TITLES: Readonly<Record<AblationVariant, string>> = {
  "scratch": "scratch",
  "cmr": "CMR",
  "cmr+md": "CMR + MD",
  "cmr+md+cl": "CMR + MD + CL",
};

/** The statistics that a summary is made with, handed in. */
export interface AblationStatistics {
  /** Mean with an interval over subjects; NaN leaves a subject out. */
  readonly summarize: (values: readonly number[]) => ScoreSummary;
  /** Paired differences, first minus second, and their test. */
  readonly compare: (first: readonly number[], second: readonly number[]) => PairedComparison;
  /** Corrects p-values of tests that are read together. */
  readonly correct: (pValues: readonly number[]) => number[];
}

/** One variant minus another, subject by subject, over the seeds that both have. */
export interface AblationDifference extends ScoreEstimate {
  readonly against: AblationVariant;
  readonly seeds: readonly number[];
  /** Difference of the means of every seed, in the order of the seeds. */
  readonly bySeed: readonly number[];
  readonly pValue: number;
  /** Corrected for all comparisons of the same score. */
  readonly correctedPValue: number;
  readonly method: WilcoxonMethod;
}

/** One variant in one score. */
export interface AblationRow extends ScoreEstimate {
  readonly variant: AblationVariant;
  readonly seeds: readonly number[];
  /** Mean over subjects of every seed, in the order of the seeds. */
  readonly seedMeans: readonly number[];
  /** Subjects that the mean is of. */
  readonly subjects: number;
  /** Against the variant before it that is there; null for the first one, and where no seed is shared. */
  readonly overPrevious: AblationDifference | null;
  /** Against the start from random weights; null where it is not there. */
  readonly overScratch: AblationDifference | null;
}

/** One score of one task, for all variants that have it. */
export interface AblationScore extends Pick<AblationMetric, "name" | "region" | "unit" | "better"> {
  readonly task: string;
  /** In the order of {@linkcode ABLATION_VARIANTS}. */
  readonly rows: readonly AblationRow[];
}

/** The values of one score in the cells of one variant. */
interface Series {
  readonly variant: AblationVariant;
  readonly seeds: readonly number[];
  /** `[seed][subject]`, NaN where undefined; null when the score is one of all subjects together. */
  readonly values: readonly (readonly number[])[] | null;
  readonly seedMeans: readonly number[];
}

/**
 * Summarises cells of one scale, in any order and complete or not.
 *
 * A subject's values are averaged over seeds before anything else: intervals and tests are over subjects and hold for these
 * trainings. How much another training may differ is seen from the means of the seeds. Differences use the seeds that both
 * variants have. A score of all subjects together has no interval and no difference.
 *
 * @throws {RangeError} when cells of different scales, fine-tunings, recipes, data or subjects are mixed, or a cell is there twice
 */
export function summarizeAblation(cells: readonly AblationCell[], statistics: AblationStatistics): AblationScore[] {
  checkCells(cells);
  const tasks = [...new Set(cells.map(({ task }) => task))];
  return tasks.flatMap((task) => {
    const own = cells.filter((cell) => cell.task === task);
    return own[0].metrics.map(({ name, region, unit, better }) => {
      const series = ABLATION_VARIANTS.flatMap((variant) => seriesOf(own, { variant, name, region }));
      return { task, name, region, unit, better, rows: compareVariants(series, statistics) };
    });
  });
}

function seriesOf(
  cells: readonly AblationCell[],
  { variant, name, region }: Pick<AblationMetric, "name" | "region"> & { variant: AblationVariant },
): Series[] {
  const own = cells.filter((cell) => cell.variant === variant).sort((a, b) => a.seed - b.seed);
  if (own.length === 0) return [];
  const metrics = own.map(({ metrics }) => metrics.find((metric) => metric.name === name && metric.region === region)!);
  const isPerSubject = metrics.every(({ values }) => values !== null);
  return [{
    variant,
    seeds: own.map(({ seed }) => seed),
    values: isPerSubject ? metrics.map(({ values }) => values!.map((value) => value ?? NaN)) : null,
    seedMeans: metrics.map((metric) => metric.mean ?? NaN),
  }];
}

function compareVariants(series: readonly Series[], statistics: AblationStatistics): AblationRow[] {
  const scratch = series.find(({ variant }) => variant === "scratch");
  const pairs = series.map((own, i) => ({
    overPrevious: i === 0 ? null : difference(own, series[i - 1], statistics),
    overScratch: scratch === undefined || own === scratch ? null : difference(own, scratch, statistics),
  }));
  // The first variant after scratch has the same test twice: it counts once.
  const isRepeated = (i: number): boolean => i > 0 && series[i - 1] === scratch;
  const tests = pairs.flatMap(({ overPrevious, overScratch }, i) =>
    isRepeated(i) ? [overScratch] : [
      overPrevious,
      overScratch,
    ]
  ).filter((test) => test !== null);
  const corrected = statistics.correct(tests.map(({ pValue }) => pValue));
  // Equal p-values are corrected to equal ones.
  const finish = (test: Difference | null): AblationDifference | null =>
    test && { ...test, correctedPValue: corrected[tests.findIndex(({ pValue }) => pValue === test.pValue)] };
  return series.map((own, i) => {
    const overScratch = finish(pairs[i].overScratch);
    const overPrevious = isRepeated(i) ? overScratch : finish(pairs[i].overPrevious);
    return { ...estimate(own, statistics), overPrevious, overScratch };
  });
}

type Difference = Omit<AblationDifference, "correctedPValue">;

function estimate(
  { variant, seeds, values, seedMeans }: Series,
  { summarize }: AblationStatistics,
): Omit<AblationRow, "overPrevious" | "overScratch"> {
  if (values === null) return { variant, seeds, seedMeans, mean: mean(seedMeans), low: NaN, high: NaN, subjects: 0 };
  const { mean: centre, low, high, count } = summarize(meanOverSeeds(values));
  return { variant, seeds, seedMeans, mean: centre, low, high, subjects: count };
}

function difference(first: Series, second: Series, { compare }: AblationStatistics): Difference | null {
  const seeds = first.seeds.filter((seed) => second.seeds.includes(seed));
  if (seeds.length === 0 || first.values === null || second.values === null) return null;
  const pick = <T>({ seeds: own }: Series, list: readonly T[]): T[] => seeds.map((seed) => list[own.indexOf(seed)]);
  const [a, b] = [pick(first, first.values), pick(second, second.values)];
  const { difference: { mean: centre, low, high }, test } = compare(meanOverSeeds(a), meanOverSeeds(b));
  const [aMeans, bMeans] = [pick(first, first.seedMeans), pick(second, second.seedMeans)];
  return {
    against: second.variant,
    seeds,
    bySeed: aMeans.map((value, i) => value - bMeans[i]),
    mean: centre,
    low,
    high,
    pValue: test.pValue,
    method: test.method,
  };
}

/** A subject's mean over seeds; NaN where one of them is undefined. */
function meanOverSeeds(values: readonly (readonly number[])[]): number[] {
  return values[0].map((_, subject) => mean(values.map((list) => list[subject])));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What all cells of a comparison must have in common, and how it is called. */
const COMMON: readonly { name: string; scope: (cell: AblationCell) => string; read: (cell: AblationCell) => string }[] =
  [
    { name: "scale", scope: () => "", read: ({ scale }) => scale },
    { name: "fine-tuning", scope: ({ task }) => task, read: ({ finetuneHash }) => finetuneHash },
    { name: "held-out subjects", scope: ({ task }) => task, read: ({ subjects }) => subjects.join(" ") },
    { name: "scores", scope: ({ task }) => task, read: ({ metrics }) => metrics.map(scoreName).join(" ") },
    {
      name: "recipe",
      scope: ({ task, variant }) => `${variant} on ${task}`,
      read: ({ recipeHash }) => recipeHash,
    },
    { name: "data", scope: ({ task, variant }) => `${variant} on ${task}`, read: ({ dataHash }) => dataHash },
  ];

function checkCells(cells: readonly AblationCell[]): void {
  for (const { name, scope, read } of COMMON) {
    const first = new Map<string, string>();
    for (const cell of cells) {
      const [place, found] = [scope(cell), read(cell)];
      const expected = first.get(place) ?? found;
      first.set(place, expected);
      if (found !== expected) throw mixed(`the same ${name} in all cells${place && ` of ${place}`}`, cell);
    }
  }
  const seen = new Set<string>();
  for (const cell of cells) {
    if (seen.has(cellName(cell))) throw mixed("every cell once", cell);
    seen.add(cellName(cell));
  }
}

function mixed(expected: string, cell: AblationCell): RangeError {
  return new RangeError(`Cannot summarise an ablation: expected ${expected}, got ${cellName(cell)}`);
}

function cellName({ variant, task, seed }: AblationCell): string {
  return `${variant}-${task}-seed${seed}`;
}

/** `Dice WT`, `accuracy`. */
function scoreName({ name, region }: Pick<AblationMetric, "name" | "region">): string {
  return region === null ? name : `${name} ${region}`;
}
