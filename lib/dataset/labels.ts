/** Label values: what they may be, and one numbering for files that follow several. */
import { VolumeError } from "../errors.ts";

/** Another numbering of a task's labels. */
export interface LabelSet {
  readonly name: string;
  /** Value in the file → value of the task; 0 is background. */
  readonly rename: Readonly<Record<string, number>>;
}

/** The label values of a task. */
export interface LabelScheme {
  /** Name of the task's own numbering. */
  readonly name: string;
  /** The task's own values besides 0. */
  readonly values: readonly number[];
  /** Other numberings that files may follow. */
  readonly sets: readonly LabelSet[];
  /** The numbering that all files follow, or `"auto"`: each file the first one that has all of its values. */
  readonly choose: string;
}

/** Stored values may miss the whole number by so much, where a file scales them. */
const ROUNDING = 1e-3;

/**
 * Brings a label map into the task's own numbering.
 *
 * A value that others are renamed to does not stand for itself in that set: with `{ 4: 3 }`, files have 4 and no 3.
 *
 * @param voxels as they were read
 * @param options.file what to call the label in errors
 * @returns values 0 to 255 of the same length
 * @throws {VolumeError} when a value is not one of the scheme; the message lists those that are
 * @throws {RangeError} when the scheme has no set of the chosen name
 */
export function harmoniseLabels(
  voxels: Float32Array,
  { file, scheme }: { file: string; scheme: LabelScheme },
): Uint8Array {
  const tables = tablesOf(scheme);
  const counts = countValues(voxels);
  const table = tables.find(({ values }) => [...counts.keys()].every((value) => values.has(value)));
  if (table === undefined) throw new VolumeError(file, describeStrangers(counts, tables));
  const own = new Uint8Array(voxels.length);
  for (let i = 0; i < own.length; i++) if (voxels[i] !== 0) own[i] = table.values.get(Math.round(voxels[i]))!;
  return own;
}

interface Table {
  readonly name: string;
  /** Value in the file → value of the task. */
  readonly values: ReadonlyMap<number, number>;
}

/** The numberings that a file may follow, the task's own first. */
function tablesOf({ name, values, sets, choose }: LabelScheme): Table[] {
  const own: LabelSet = { name, rename: {} };
  const candidates = [own, ...sets].filter((set) => choose === "auto" || set.name === choose);
  if (candidates.length === 0) {
    const names = [own, ...sets].map((set) => set.name);
    throw new RangeError(`Cannot read labels: expected a label set of auto, ${names.join(", ")}, got "${choose}"`);
  }
  return candidates.map((set) => {
    const renamed = Object.entries(set.rename).map(([from, to]) => [Number(from), to] as const);
    const targets = renamed.map(([, to]) => to);
    const kept = values.filter((value) => !targets.includes(value)).map((value) => [value, value] as const);
    return { name: set.name, values: new Map([[0, 0], ...kept, ...renamed]) };
  });
}

/** Voxels by value; whole numbers where rounding explains the difference. */
function countValues(voxels: Float32Array): Map<number, number> {
  const counts = new Map<number, number>();
  let zeros = 0;
  for (const voxel of voxels) {
    if (voxel === 0) {
      zeros++;
      continue;
    }
    const rounded = Math.round(voxel);
    const value = Math.abs(voxel - rounded) <= ROUNDING ? rounded : voxel;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts.set(0, zeros);
}

function describeStrangers(counts: ReadonlyMap<number, number>, tables: readonly Table[]): string {
  const strangersOf = (table: Table): number[] => [...counts.keys()].filter((value) => !table.values.has(value));
  // The numbering that explains most is the one meant.
  const strangers = tables.map(strangersOf).reduce((best, next) => next.length < best.length ? next : best);
  const expected = tables.map(({ name, values }) => {
    return `${[...values.keys()].sort((a, b) => a - b).join(", ")} (${name})`;
  });
  const shown = strangers.sort((a, b) => a - b).slice(0, 5);
  const got = shown.map((value) => `${Number(value.toPrecision(6))} in ${counts.get(value)} voxels`);
  const more = strangers.length > shown.length ? ` and ${strangers.length - shown.length} more values` : "";
  return `expected label values ${expected.join(" or ")}, got ${got.join(", ")}${more}`;
}
