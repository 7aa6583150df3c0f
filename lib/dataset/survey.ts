/** What a data set holds, from its headers: which modalities together, on which grids, and what looks wrong. */
import { formatShape, VolumeError } from "../errors.ts";
import { type Affine, spacingOf, type Triple, voxelCount } from "../geometry.ts";
import type { Subject } from "./datalist.ts";
import { MODALITIES, type Modality } from "./modality.ts";
import { readNiftiHeader } from "./nifti.ts";

/** A file that can be read in pieces. */
export interface ScanBytes {
  /** Bytes in the file. */
  readonly size: number;
  /** The `length` bytes from byte `offset` on. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** What is known of a scan without its voxels. */
export interface ScanFacts {
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Voxel → world mm, RAS+. */
  readonly affine: Affine;
  /** The same for equal files, and as good as never for others. */
  readonly fingerprint: string;
  /** What is odd about it, in words; it may still be sound. */
  readonly doubts: readonly string[];
}

/** Subjects with the same modalities. */
export interface ModalitySet {
  /** In the order of {@link MODALITIES}. */
  readonly modalities: readonly Modality[];
  /** Subjects that have these and no others. */
  readonly subjects: number;
}

/** Subjects whose images have the same shape and spacing. */
export interface GridCount {
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Edges of a voxel in mm, to a hundredth. */
  readonly spacingMm: Triple;
  /** Subjects on it. */
  readonly subjects: number;
}

/** What a data set holds. */
export interface Survey {
  /** Subjects in all. */
  readonly subjects: number;
  /** Groups, and subjects without one. */
  readonly persons: number;
  /** Subjects with a label. */
  readonly labelled: number;
  /** Subjects per modality that occurs, in the order of {@link MODALITIES}. */
  readonly modalities: ReadonlyMap<Modality, number>;
  /** Most frequent first. */
  readonly sets: readonly ModalitySet[];
  /** Most frequent first; empty where no header was read. */
  readonly grids: readonly GridCount[];
  /** Images that are the same file. */
  readonly duplicates: readonly (readonly string[])[];
  /** Images and labels that may not be what they should. */
  readonly doubtful: readonly { readonly file: string; readonly doubt: string }[];
}

/** Bytes that hold the header, compressed or not, and are compared from each place. */
const PIECE_BYTES = 16384;
/** Voxel edges of brain scans in mm; slices of 2-D scans with gaps stay below. */
const PLAUSIBLE_MM = { low: 0.1, high: 12 };
/** Fewer voxels along an axis make a slab or a scout, no scan of a head. */
const FEW_VOXELS = 12;

/**
 * Reads what a file's header, beginning, middle and end tell.
 *
 * The end of a gzip file gives the length of what is in it, and is lost when the file is cut off, which is thus found
 * without unpacking. Since files packed in parts give the last part's length only, this is a doubt, not an error.
 *
 * @param file what to call the file in errors
 * @throws {VolumeError} when the header is broken or unsupported, or an uncompressed file is shorter than it says
 */
export async function surveyScan(bytes: ScanBytes, file: string): Promise<ScanFacts> {
  const start = await bytes.read(0, Math.min(PIECE_BYTES, bytes.size));
  const { size, affine, voxelOffset, voxelBytes } = await readNiftiHeader(start, file);
  const expected = voxelOffset + voxelCount(size) * voxelBytes;
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  if (!isGzip && bytes.size < expected) {
    throw new VolumeError(file, `the file is cut off: expected ${expected} bytes, got ${bytes.size}`);
  }
  const doubts = doubtsAbout({ size, spacing: spacingOf(affine) });
  if (isGzip) {
    const announced = await gzipLength(bytes);
    if (announced !== expected % 2 ** 32) {
      doubts.push(`it may be cut off: its header asks for ${expected} bytes, its end says ${announced}`);
    }
  }
  return { size, affine, fingerprint: await fingerprintOf(bytes, start), doubts };
}

/** Counts what subjects hold; without facts, from the list alone. */
export function surveySubjects(
  subjects: readonly Subject[],
  facts: ReadonlyMap<string, ScanFacts> = new Map(),
): Survey {
  const modalities = new Map(MODALITIES.flatMap((modality) => {
    const count = subjects.filter(({ images }) => images.some((image) => image.modality === modality)).length;
    return count === 0 ? [] : [[modality, count] as const];
  }));
  return {
    subjects: subjects.length,
    persons: new Set(subjects.map(({ id, group }) => group === undefined ? `id ${id}` : `group ${group}`)).size,
    labelled: subjects.filter(({ label }) => label !== undefined).length,
    modalities,
    sets: countSets(subjects),
    grids: countGrids(subjects, facts),
    duplicates: findDuplicates(subjects, facts),
    doubtful: findDoubtful(subjects, facts),
  };
}

function doubtsAbout({ size, spacing }: { size: Triple; spacing: Triple }): string[] {
  const doubts: string[] = [];
  if (size.some((length) => length < FEW_VOXELS)) doubts.push(`it has the shape ${formatShape(size)}`);
  if (spacing.some((mm) => mm < PLAUSIBLE_MM.low || mm > PLAUSIBLE_MM.high)) {
    doubts.push(`its voxels measure ${rounded(spacing).join(" × ")} mm`);
  }
  return doubts;
}

/** The last four bytes of a gzip file: its uncompressed length modulo 2³². */
async function gzipLength(bytes: ScanBytes): Promise<number> {
  const end = await bytes.read(bytes.size - 4, 4);
  return new DataView(end.buffer, end.byteOffset, 4).getUint32(0, true);
}

/** Length and a hash of beginning and middle: skull-stripped heads begin with the same empty slices. */
async function fingerprintOf(bytes: ScanBytes, start: Uint8Array): Promise<string> {
  const { size } = bytes;
  const middle = await bytes.read(Math.max(0, Math.floor((size - PIECE_BYTES) / 2)), Math.min(PIECE_BYTES, size));
  const both = new Uint8Array(start.length + middle.length);
  both.set(start);
  both.set(middle, start.length);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", both));
  return `${size} ${hash.subarray(0, 16).toHex()}`;
}

function countSets(subjects: readonly Subject[]): ModalitySet[] {
  const named = Map.groupBy(subjects, ({ images }) => {
    const own = new Set(images.map(({ modality }) => modality));
    return MODALITIES.filter((modality) => own.has(modality)).join(" ");
  });
  const sets = [...named].map(([names, members]) => {
    return { modalities: names.split(" ") as Modality[], subjects: members.length };
  });
  return sets.sort((a, b) => b.subjects - a.subjects);
}

/** By the first image of each subject whose header was read: the others share its grid. */
function countGrids(subjects: readonly Subject[], facts: ReadonlyMap<string, ScanFacts>): GridCount[] {
  const counts = new Map<string, GridCount>();
  for (const { images } of subjects) {
    const known = images.map(({ file }) => facts.get(file)).find((fact) => fact !== undefined);
    if (known === undefined) continue;
    const spacingMm = rounded(spacingOf(known.affine));
    const key = `${known.size} ${spacingMm}`;
    counts.set(key, { size: known.size, spacingMm, subjects: (counts.get(key)?.subjects ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.subjects - a.subjects);
}

/** Images only: labels may be equal by right, when they are empty. */
function findDuplicates(subjects: readonly Subject[], facts: ReadonlyMap<string, ScanFacts>): string[][] {
  const files = subjects.flatMap(({ images }) => images.map(({ file }) => file)).filter((file) => facts.has(file));
  const alike = Map.groupBy(files, (file) => facts.get(file)!.fingerprint);
  return [...alike.values()].filter(({ length }) => length > 1);
}

function findDoubtful(subjects: readonly Subject[], facts: ReadonlyMap<string, ScanFacts>): Survey["doubtful"] {
  return subjects.flatMap(({ images, label }) => [...images.map(({ file }) => file), ...(label ? [label] : [])])
    .flatMap((file) => (facts.get(file)?.doubts ?? []).map((doubt) => ({ file, doubt })));
}

function rounded([x, y, z]: Triple): Triple {
  const round = (mm: number): number => Math.round(mm * 100) / 100;
  return [round(x), round(y), round(z)];
}
