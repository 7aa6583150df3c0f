/** NIfTI files in: `.nii` and `.nii.gz`, versions 1 and 2, both byte orders, all real voxel types. */
import { VolumeError } from "../errors.ts";
import { type Affine, type Triple, type Volume, voxelCount } from "../geometry.ts";
import { type Gunzip, leadingBytes, maxUncompressedBytes } from "./_nifti_bytes.ts";
import { HEADER_BYTES, type NiftiHeader, parseNiftiHeader } from "./_nifti_header.ts";
import { decodeVoxels, intensitiesOf, type StoredVoxels } from "./_nifti_voxels.ts";

export type { Gunzip } from "./_nifti_bytes.ts";
export type { NiftiDatatype, NiftiHeader } from "./_nifti_header.ts";

/**
 * Reads the header of a NIfTI file, for checks of shape and affine before the voxels are needed.
 *
 * The first few kilobytes of a file are enough, compressed or not: no more than the header is inflated.
 *
 * Units: affine in mm, RAS+ (sform, else qform, else voxel sizes about the volume's centre with x to the left).
 *
 * @param bytes the file or its beginning; gzip is recognised by its first bytes, not by the name
 * @param file what to call the file in errors
 * @throws {VolumeError} when this is not the header of one 3-D image with real voxels and an invertible affine
 * @see nibabel `Nifti1Header.get_best_affine`
 */
export async function readNiftiHeader(bytes: Uint8Array, file: string): Promise<NiftiHeader> {
  if (bytes.length === 0) throw new VolumeError(file, "expected a NIfTI file, got an empty one");
  return parseNiftiHeader(await leadingBytes(bytes, { count: HEADER_BYTES, file }), file);
}

/**
 * Reads one 3-D image from the bytes of a NIfTI file.
 *
 * Intensities are scl_slope · stored + scl_inter, computed in double precision; a slope of 0 means no scaling.
 * Trailing axes of length 1 are dropped. What is inflated, and allocated, is bounded by what the header announces, and
 * that by what the file's bytes can hold.
 *
 * @param bytes the whole file; gzip is recognised by its first bytes, not by the name
 * @param file what to call the file in errors
 * @param options `gunzip` inflates faster than the platform's streams, as for a machine's own library
 * @returns voxels x fastest, in the file's own orientation
 * @throws {VolumeError} when the file is empty, cut off, damaged, not NIfTI, not one 3-D image with real voxels, has no
 *   invertible affine, or holds NaN or infinite voxels
 */
export async function readNifti(
  bytes: Uint8Array,
  file: string,
  { gunzip }: { gunzip?: Gunzip } = {},
): Promise<Volume> {
  const { voxels, size, affine } = await readStoredNifti(bytes, { file, gunzip });
  // A file that is not compressed would otherwise share its memory with the volume.
  const data = intensitiesOf(voxels);
  return { data: data.buffer === bytes.buffer ? data.slice() : data, size, affine };
}

/** A 3-D image as its file stores it. */
export interface StoredVolume {
  readonly voxels: StoredVoxels;
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Voxel → world mm, RAS+. */
  readonly affine: Affine;
}

/**
 * Reads one 3-D image without turning every voxel into a float: for those who crop first.
 *
 * @param bytes as for {@link readNifti}; the result may share their memory
 * @param options.gunzip inflates faster than the platform's streams; errors are the same with and without it
 * @throws {VolumeError} as {@link readNifti} does
 */
export async function readStoredNifti(
  bytes: Uint8Array,
  { file, gunzip }: { file: string; gunzip?: Gunzip },
): Promise<StoredVolume> {
  const header = await readNiftiHeader(bytes, file);
  const count = header.voxelOffset + voxelCount(header.size) * header.voxelBytes;
  const most = maxUncompressedBytes(bytes);
  if (count > most) throw truncated(file, count, `at most ${most}`);
  const content = await leadingBytes(bytes, { count, file, gunzip });
  if (content.length < count) throw truncated(file, count, `${content.length}`);
  return { voxels: decodeVoxels(content, { header, file }), size: header.size, affine: header.affine };
}

function truncated(file: string, expected: number, found: string): VolumeError {
  return new VolumeError(file, `the file is cut off: expected ${expected} bytes, got ${found}`);
}
