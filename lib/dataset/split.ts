/** Which subjects are held out. */
import { randomStream } from "../random.ts";
import type { Subject } from "./datalist.ts";

/** Subjects for training and for validation, each in the order of the list. */
export interface Split {
  /** Subjects to learn from. */
  readonly training: Subject[];
  /** Subjects held out. */
  readonly validation: Subject[];
}

/** How to split. */
export interface SplitOptions {
  /** The run's seed. */
  readonly seed: number;
  /** Expected share of held-out subjects, in [0, 1). */
  readonly validationFraction: number;
}

/**
 * Splits subjects by a hash of (seed, group or else subject id): held out where the hash falls below the fraction.
 *
 * The subjects of a group, visits of one person, are on one side. A subject's side depends on nothing but the seed and
 * its own group or id, so it stays where it is when subjects are added, removed or reordered. The price: the share is met
 * on average only. The one exception is a side that would stay empty (of two or more groups, with a fraction above 0):
 * the group with the hash nearest to that side moves there.
 *
 * @throws {RangeError} when the fraction is outside [0, 1)
 */
export function splitSubjects(subjects: readonly Subject[], { seed, validationFraction }: SplitOptions): Split {
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new RangeError(`Cannot split subjects: expected validationFraction in [0, 1), got ${validationFraction}`);
  }
  const hashes = subjects.map(({ id, group }) => randomStream(seed, `split ${group ?? id}`).uniform());
  const threshold = validationFraction === 0 ? 0 : fillBothSides(hashes, validationFraction);
  return {
    training: subjects.filter((_, i) => hashes[i] >= threshold),
    validation: subjects.filter((_, i) => hashes[i] < threshold),
  };
}

/**
 * Keeps a share of the subjects, as for learning from few labels: the ones with the lowest hashes of (seed, subject id).
 *
 * A smaller share is a part of every larger one. At least one subject is kept, and the order stays.
 *
 * @param options.fraction in (0, 1]; the count is rounded to the nearest integer
 * @throws {RangeError} when the fraction is outside (0, 1]
 */
export function keepFraction(
  subjects: readonly Subject[],
  { seed, fraction }: { seed: number; fraction: number },
): Subject[] {
  if (!(fraction > 0 && fraction <= 1)) {
    throw new RangeError(`Cannot keep subjects: expected a fraction in (0, 1], got ${fraction}`);
  }
  const count = Math.max(1, Math.round(fraction * subjects.length));
  const hashes = new Map(subjects.map(({ id }) => [id, randomStream(seed, `label fraction ${id}`).uniform()]));
  const kept = new Set([...hashes].sort(([, a], [, b]) => a - b).slice(0, count).map(([id]) => id));
  return subjects.filter(({ id }) => kept.has(id));
}

/** Moves the threshold just far enough that both sides hold a group. */
function fillBothSides(hashes: readonly number[], threshold: number): number {
  const ascending = [...new Set(hashes)].sort((a, b) => a - b);
  if (ascending.length < 2) return 0;
  return Math.min(Math.max(threshold, ascending[1]), ascending[ascending.length - 1]);
}
