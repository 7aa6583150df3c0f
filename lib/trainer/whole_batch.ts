/** What all ranks must know of the batch they share: how many passes it takes, and how much each part of it counts. */
import { SINGLE_RANK } from "../communicator.ts";
import type { Communicator } from "../communicator.ts";
import type { Triple } from "../geometry.ts";
import type { MethodOptions } from "./options.ts";

/** A subject of the batch, as far as other ranks must know it. */
export interface BatchSubject {
  /** Sequences. */
  readonly channels: number;
  /** Whether there are different ones among them. */
  readonly hasPartner: boolean;
}

/** A whole batch, as seen from one rank. */
export interface WholeBatch {
  /** Place of this rank's first subject. */
  readonly first: number;
  /** All subjects, over all ranks. */
  readonly subjects: readonly BatchSubject[];
  /** Voxels of every crop along (x, y, z). */
  readonly cropSize: Triple;
}

/** Shares of the batch's loss. */
export interface BatchShares {
  /** Share of every pass; they sum to 1. */
  readonly passes: readonly number[];
  /** Share of the subjects that have a cross-modal view. */
  readonly partnered: number;
}

/** The part of a sample that is looked at. */
interface Described {
  readonly modalities: readonly string[];
  readonly cropSize: Triple;
}

/** Numbers said of a subject. */
const FACTS = 2;

/**
 * Describes a batch to all ranks that share it.
 *
 * @param samples this rank's part; rank 0 has at least one
 * @param options place of the first sample and samples over all ranks; default: this rank has them all
 */
export function describeBatch(
  samples: readonly Described[],
  { whole = { first: 0, count: samples.length }, communicator = SINGLE_RANK }: {
    whole?: { readonly first: number; readonly count: number };
    communicator?: Communicator;
  } = {},
): WholeBatch {
  const { first, count } = whole;
  const facts = new Float64Array(FACTS * count + 3);
  samples.forEach(({ modalities }, i) => {
    facts.set([modalities.length, new Set(modalities).size > 1 ? 1 : 0], FACTS * (first + i));
  });
  if (communicator.rank === 0) facts.set(samples[0].cropSize, FACTS * count);
  communicator.allReduceSum(facts);
  const subjects = Array.from({ length: count }, (_, i) => {
    return { channels: facts[FACTS * i], hasPartner: facts[FACTS * i + 1] === 1 };
  });
  const [x, y, z] = facts.subarray(FACTS * count);
  return { first, subjects, cropSize: [x, y, z] };
}

/**
 * How much of the loss falls to each pass over a batch, as {@linkcode planTargets} plans them, on all ranks together.
 *
 * @param options not `distilled`: subjects without a cross-modal view have no part in any pass, and no pass is left empty
 */
export function batchShares(
  { subjects }: WholeBatch,
  { modalitiesPerStep, distilled = true }: Pick<MethodOptions, "modalitiesPerStep"> & { readonly distilled?: boolean },
): BatchShares {
  const passes = (modalitiesPerStep === "one" ? [subjects] : Array.from(
    { length: Math.max(...subjects.map(({ channels }) => channels)) },
    (_, channel) => subjects.filter(({ channels }) => channel < channels),
  )).map((pass) => pass.filter(({ hasPartner }) => distilled || hasPartner)).filter((pass) => pass.length > 0);
  const shareOf = ({ channels }: BatchSubject): number =>
    1 / (modalitiesPerStep === "one" ? subjects.length : subjects.length * channels);
  const sum = (shares: readonly number[]): number => shares.reduce((total, share) => total + share, 0);
  return {
    passes: passes.map((pass) => sum(pass.map(shareOf))),
    partnered: sum(passes.flat().map((subject) => subject.hasPartner ? shareOf(subject) : 0)),
  };
}
