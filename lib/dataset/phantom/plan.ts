/** Who is in a cohort: sources, modalities and lesions of every subject, as in the paper's pre-training set. */
import { type Random, randomStream } from "../../random.ts";
import type { Modality } from "../modality.ts";
import type { PhantomLesion } from "./lesion.ts";

/** Data sets of the paper whose structure the cohort copies. */
export type PhantomSource = "brats" | "ucsf" | "ixi";

/** Modalities of a complete subject of each source (paper, supplementary table of data sets). */
export const SOURCE_MODALITIES: Readonly<Record<PhantomSource, readonly Modality[]>> = {
  brats: ["flair", "t1", "t1c", "t2"],
  ucsf: ["flair", "t1", "t1c", "t2", "dwi", "adc"],
  ixi: ["t1", "t2", "pd", "mra"],
};

/** What a subject is to be. */
export interface PhantomPlan {
  /** `phantom-0007` */
  readonly id: string;
  /** Number within the cohort, counted from 0; with the seed it determines the subject. */
  readonly index: number;
  /** Data set whose structure it copies. */
  readonly source: PhantomSource;
  /** What it was scanned with, in the order of its source. */
  readonly modalities: readonly Modality[];
  /** None in an IXI-like subject. */
  readonly lesion: PhantomLesion;
  /** Which list of the datalist it is on. */
  readonly split: "training" | "validation";
}

/** How a cohort is composed. */
export interface PhantomCohortOptions {
  /** Number of subjects, at least 1. */
  readonly subjects: number;
  /** The same seed gives the same cohort. */
  readonly seed: number;
  /** Relative weights of the sources. Default 2 : 1 : 1, so that small cohorts cover all modalities. */
  readonly shares?: Readonly<Record<PhantomSource, number>>;
  /** Share of UCSF-like subjects with a stroke instead of a tumour. Default 0.5. */
  readonly strokeShare?: number;
  /** Share of all subjects that lack one or more modalities of their source but keep at least two. Default 0.15. */
  readonly partialShare?: number;
  /** Share of all subjects with a single modality. Default 0.05. */
  readonly singleShare?: number;
  /** Share of the subjects kept for validation, per source. Default 1/6. */
  readonly validationShare?: number;
}

/**
 * Decides who is in a cohort, deterministically.
 *
 * Counts follow the shares exactly (largest remainder); who gets what is drawn. Every source with two subjects or more
 * is in the validation set. Validation subjects are complete, so every pair of modalities of such a source that occurs
 * in training occurs in validation too.
 *
 * @throws {RangeError} when the number of subjects is not a positive integer or a share lies outside its range
 */
export function planPhantomCohort(options: PhantomCohortOptions): PhantomPlan[] {
  const { subjects, seed, shares, strokeShare, partialShare, singleShare, validationShare } = resolveCohortOptions(
    options,
  );
  const random = randomStream(seed, "phantom plan");
  const sources = random.shuffle(apportion(subjects, shares));
  const validation = chooseValidation(sources, { share: validationShare, random });
  const strokes = chooseStrokes(sources, { share: strokeShare, random });
  const trained = random.shuffle([...sources.keys()].filter((index) => !validation.has(index)));
  const singles = new Set(trained.splice(0, Math.min(trained.length - 1, Math.round(singleShare * subjects))));
  const partials = new Set(trained.splice(0, Math.min(trained.length - 1, Math.round(partialShare * subjects))));
  return sources.map((source, index) => {
    const complete = SOURCE_MODALITIES[source];
    const keep = singles.has(index)
      ? 1
      : partials.has(index)
      ? 2 + random.integer(complete.length - 2)
      : complete.length;
    const kept = new Set(random.sample(complete, keep));
    return {
      id: `phantom-${String(index).padStart(4, "0")}`,
      index,
      source,
      modalities: complete.filter((modality) => kept.has(modality)),
      lesion: source === "ixi" ? "none" : strokes.has(index) ? "stroke" : "tumour",
      split: validation.has(index) ? "validation" : "training",
    };
  });
}

/**
 * Fills in the defaults of a cohort's options and drops all other fields.
 *
 * @throws {RangeError} as {@link planPhantomCohort} does
 */
export function resolveCohortOptions(options: PhantomCohortOptions): Required<PhantomCohortOptions> {
  const { brats, ucsf, ixi } = options.shares ?? { brats: 2, ucsf: 1, ixi: 1 };
  const filled = {
    subjects: options.subjects,
    seed: options.seed,
    shares: { brats, ucsf, ixi },
    strokeShare: options.strokeShare ?? 0.5,
    partialShare: options.partialShare ?? 0.15,
    singleShare: options.singleShare ?? 0.05,
    validationShare: options.validationShare ?? 1 / 6,
  };
  if (!Number.isSafeInteger(filled.subjects) || filled.subjects < 1) {
    throw new RangeError(`Cannot plan phantom cohort: expected at least 1 subject, got ${filled.subjects}`);
  }
  for (const name of ["strokeShare", "partialShare", "singleShare", "validationShare"] as const) {
    if (!(filled[name] >= 0 && filled[name] <= 1)) {
      throw new RangeError(`Cannot plan phantom cohort: expected ${name} in [0, 1], got ${filled[name]}`);
    }
  }
  const weights = Object.values(filled.shares);
  if (!weights.every((weight) => weight >= 0) || !weights.some((weight) => weight > 0)) {
    throw new RangeError(
      `Cannot plan phantom cohort: expected shares ≥ 0 that are not all 0, got ${weights.join(", ")}`,
    );
  }
  return filled;
}

/** `count` sources in numbers proportional to their shares: largest remainder. */
function apportion(count: number, shares: Readonly<Record<PhantomSource, number>>): PhantomSource[] {
  const sources = Object.keys(SOURCE_MODALITIES) as PhantomSource[];
  const total = sources.reduce((sum, source) => sum + shares[source], 0);
  const quotas = sources.map((source) => {
    const exact = count * shares[source] / total;
    return { source, whole: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  const missing = count - quotas.reduce((sum, { whole }) => sum + whole, 0);
  const first = new Set([...quotas].sort((a, b) => b.rest - a.rest).slice(0, missing));
  return quotas.flatMap((quota) => Array<PhantomSource>(quota.whole + (first.has(quota) ? 1 : 0)).fill(quota.source));
}

interface Choice {
  readonly share: number;
  readonly random: Random;
}

/** Indices kept for validation: the share of each source, at least one where that leaves one for training. */
function chooseValidation(sources: readonly PhantomSource[], { share, random }: Choice): Set<number> {
  return new Set(
    (Object.keys(SOURCE_MODALITIES) as PhantomSource[]).flatMap((source) => {
      const members = indicesOf(sources, source);
      const wanted = share === 0 ? 0 : Math.max(1, Math.round(share * members.length));
      return random.sample(members, Math.max(0, Math.min(wanted, members.length - 1)));
    }),
  );
}

function chooseStrokes(sources: readonly PhantomSource[], { share, random }: Choice): Set<number> {
  const members = indicesOf(sources, "ucsf");
  return new Set(random.sample(members, Math.round(share * members.length)));
}

function indicesOf(sources: readonly PhantomSource[], wanted: PhantomSource): number[] {
  return sources.flatMap((source, index) => source === wanted ? [index] : []);
}
