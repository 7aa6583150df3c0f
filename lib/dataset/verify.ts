/** The check of a datalist against its files, before any work is done. */
import { DatalistError, messageOf } from "../errors.ts";
import { mapConcurrently } from "./_concurrency.ts";
import { type Grid, gridConflict } from "./_grid.ts";
import { type Datalist, resolveFile } from "./datalist.ts";
import { readNiftiHeader } from "./nifti.ts";

/** How the check looks at files; paths are resolved ones. */
export interface DatalistReaders {
  /** True when there is a file at the path. */
  exists(path: string): Promise<boolean>;
  /** Grid of the image at the path, read from its header. */
  readGrid(path: string): Promise<Grid>;
}

/** Enough bytes for a NIfTI header, compressed or not; the rest of the scan stays unread. */
const HEADER_BYTES = 16384;

/** How many offenders a message names. */
const NAMED = 3;

/**
 * Reads the grid of a NIfTI image from the first 16 KiB of its file.
 *
 * @param path the file, also named in errors
 * @param readPrefix reads up to so many bytes from the start of a file
 * @throws {VolumeError} when the header is broken or unsupported
 */
export async function readGrid(
  path: string,
  readPrefix: (path: string, byteCount: number) => Promise<Uint8Array>,
): Promise<Grid> {
  const { size, affine } = await readNiftiHeader(await readPrefix(path, HEADER_BYTES), path);
  return { size, affine };
}

/**
 * Checks that a run on the datalist can start: every image is there and has a readable header, and the images of each
 * subject lie on one grid. Labels are not looked at: pre-training needs none.
 *
 * @throws {DatalistError} for the first of the three that fails, with the number of offenders and the first few named
 */
export async function verifyDatalist(datalist: Datalist, readers: DatalistReaders): Promise<void> {
  const subjects = [...datalist.training, ...datalist.validation];
  const listed = subjects.flatMap(({ images }) => images.map(({ file }) => file));
  const pathOf = (file: string): string => resolveFile(datalist.root, file);

  const found = await mapConcurrently(listed, (file) => readers.exists(pathOf(file)));
  const missing = listed.filter((_, i) => !found[i]);
  if (missing.length > 0) {
    const place = `all ${listed.length} images under "${datalist.root}"`;
    throw new DatalistError(
      `Cannot use datalist: expected ${place}, got ${missing.length} missing: ${nameSome(missing)}`,
    );
  }

  const headers = await mapConcurrently(listed, (file) => readers.readGrid(pathOf(file)).catch(toError));
  const broken = headers.filter((header) => header instanceof Error);
  if (broken.length > 0) {
    const count = `${broken.length} of ${listed.length} broken`;
    const reasons = broken.map(messageOf);
    throw new DatalistError(`Cannot use datalist: expected readable headers, got ${count}: ${nameSome(reasons)}`, {
      cause: broken[0],
    });
  }

  const gridOf = new Map(listed.map((file, i) => [file, headers[i] as Grid]));
  const scattered = subjects
    .map(({ images }) => gridConflict(images.map(({ file }) => ({ file, ...gridOf.get(file)! }))))
    .filter((error) => error !== undefined);
  if (scattered.length > 0) {
    const count = `${scattered.length} of ${subjects.length} subjects on several`;
    throw new DatalistError(
      `Cannot use datalist: expected one grid per subject, got ${count}: ${nameSome(scattered.map(messageOf))}`,
      { cause: scattered[0] },
    );
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function nameSome(items: readonly string[]): string {
  const rest = items.length - NAMED;
  return items.slice(0, NAMED).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}
