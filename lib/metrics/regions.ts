/** Label maps as they are read from files, and the masks of their regions. */

/** Largest value of a label map: they are kept in one byte per voxel. */
const LARGEST_LABEL = 255;

/** How the values of a label map are read. */
export interface LabelOptions {
  /** Values that may occur after renaming, besides 0. */
  readonly allowed: Iterable<number>;
  /**
   * Value in the file → value it stands for. Others stand for themselves, except those that something is renamed to:
   * with `{ 4: 3 }` files have 4 and no 3.
   */
  readonly rename?: Readonly<Record<string, number>>;
}

/**
 * Takes voxels for the values of a label map.
 *
 * @returns one byte per voxel
 * @throws {RangeError} when a voxel holds another value than those allowed; the message says which
 */
export function takeLabels(voxels: ArrayLike<number>, { allowed, rename = {} }: LabelOptions): Uint8Array {
  const known = new Set([0, ...allowed]);
  const taken = new Set(Object.values(rename).filter((value) => value !== 0));
  // What each value stands for; −1 for those that may not occur.
  const meanings = Int16Array.from({ length: LARGEST_LABEL + 1 }, (_, value) => {
    const meaning = rename[value] ?? (taken.has(value) ? -1 : value);
    return known.has(meaning) ? meaning : -1;
  });
  const labels = new Uint8Array(voxels.length);
  for (let i = 0; i < labels.length; i++) {
    // A value between two integers, or too large, has no entry.
    const meaning = meanings[voxels[i]] ?? -1;
    if (meaning < 0) {
      const values = Array.from(meanings.keys()).filter((value) => meanings[value] >= 0);
      throw new RangeError(`Cannot read labels: expected values ${values.join(", ")}, got ${voxels[i]}`);
    }
    labels[i] = meaning;
  }
  return labels;
}

/** The mask of a region: 1 where the label is among its values. */
export function regionMask(labels: Uint8Array, values: readonly number[]): Uint8Array {
  const belongs = new Uint8Array(LARGEST_LABEL + 1);
  for (const value of values) belongs[value] = 1;
  return labels.map((label) => belongs[label]);
}
