/** NIfTI files out: NIfTI-1, little-endian, gzip-compressed. */
import {
  type Affine,
  invertAffine,
  spacingOf,
  type Triple,
  type Volume,
  type VolumeStack,
  voxelCount,
} from "../geometry.ts";
import { rigidQuaternion } from "./_nifti_quaternion.ts";

/** Voxel types that are written. */
export type WrittenDatatype = "float32" | "int16" | "uint8";

/** How to write a volume. */
export interface WriteNiftiOptions {
  /** How a voxel is stored; integer types take integers of their range only, nothing is rounded. */
  readonly datatype?: WrittenDatatype;
  /** Free text for the header, at most 79 bytes of UTF-8. */
  readonly description?: string;
}

const TYPES = {
  float32: { code: 16, low: -Infinity, high: Infinity, array: Float32Array },
  int16: { code: 4, low: -32768, high: 32767, array: Int16Array },
  uint8: { code: 2, low: 0, high: 255, array: Uint8Array },
} as const;

const VOXEL_OFFSET = 352;
const MAX_LENGTH = 32767;
const DESCRIPTION_BYTES = 79;
/** NIfTI's NIFTI_XFORM_SCANNER_ANAT: the affine leads to the scanner's own mm space. */
const SCANNER_SPACE = 1;
/** NIfTI's NIFTI_UNITS_MM. */
const MILLIMETRES = 2;

/**
 * Encodes a volume as the bytes of a `.nii.gz` file.
 *
 * The affine is stored as the sform with code 1 (scanner space). Where it is a rotation times a spacing, the same is
 * also stored as the qform with code 1; a sheared one has no qform (code 0). Affines are rounded to single precision.
 *
 * @throws {RangeError} when a voxel is not finite or does not fit the datatype, the number of voxels contradicts the
 *   size, an axis is longer than 32767, the affine is singular, or the description is too long
 * @see nifti1.h, "NIFTI-1.1 header"
 */
export function writeNifti({ data, ...grid }: Volume, options: WriteNiftiOptions = {}): Promise<Uint8Array> {
  return encode([data], { ...grid, ...options, dimensions: [3, ...grid.size, 1, 1, 1, 1] });
}

/**
 * Encodes volumes of one grid as one `.nii.gz` file with a fourth axis, such as the probabilities of several regions.
 *
 * @throws {RangeError} as {@linkcode writeNifti} does, or when there is no volume
 */
export function writeNiftiChannels(
  { channels, ...grid }: Pick<VolumeStack, "channels" | "size" | "affine">,
  options: WriteNiftiOptions = {},
): Promise<Uint8Array> {
  return encode(channels, { ...grid, ...options, dimensions: [4, ...grid.size, channels.length, 1, 1, 1] });
}

async function encode(
  channels: readonly Float32Array[],
  { size, affine, dimensions, datatype = "float32", description = "" }: Omit<Volume, "data"> & WriteNiftiOptions & {
    dimensions: readonly number[];
  },
): Promise<Uint8Array> {
  const { code, array } = TYPES[datatype];
  checkGrid(channels.length, { size, affine });
  for (const data of channels) checkVoxels(data, { size, datatype });
  const count = voxelCount(size);
  const bytes = new Uint8Array(VOXEL_OFFSET + channels.length * count * array.BYTES_PER_ELEMENT);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  dimensions.forEach((length, i) => view.setInt16(40 + 2 * i, length, true));
  view.setInt16(70, code, true);
  view.setInt16(72, 8 * array.BYTES_PER_ELEMENT, true);
  view.setFloat32(108, VOXEL_OFFSET, true);
  view.setFloat32(112, 1, true); // scl_slope
  view.setUint8(123, MILLIMETRES);
  bytes.set(encodeDescription(description), 148);
  writeTransforms(view, affine);
  bytes.set([0x6e, 0x2b, 0x31], 344); // "n+1"
  const voxels = new array(bytes.buffer, VOXEL_OFFSET);
  channels.forEach((data, i) => voxels.set(data, i * count));
  return await gzip(bytes);
}

function checkGrid(channels: number, { size, affine }: Omit<Volume, "data">): void {
  if (!size.every((length) => Number.isInteger(length) && length >= 1 && length <= MAX_LENGTH)) {
    throw new RangeError(
      `Cannot write volume: expected 1 to ${MAX_LENGTH} voxels along an axis, got (${size.join(", ")})`,
    );
  }
  if (channels < 1 || channels > MAX_LENGTH) {
    throw new RangeError(`Cannot write volume: expected 1 to ${MAX_LENGTH} channels, got ${channels}`);
  }
  // Refuses what no reader could place in space.
  invertAffine(affine);
}

function checkVoxels(data: Float32Array, { size, datatype }: { size: Triple; datatype: WrittenDatatype }): void {
  if (data.length !== voxelCount(size)) {
    throw new RangeError(
      `Cannot write volume: expected ${voxelCount(size)} voxels for size (${size.join(", ")}), got ${data.length}`,
    );
  }
  const { low, high } = TYPES[datatype];
  const integral = datatype !== "float32";
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value - value !== 0 || value < low || value > high || (integral && !Number.isInteger(value))) {
      const expected = integral ? `integers from ${low} to ${high}` : "finite numbers";
      throw new RangeError(`Cannot write volume as ${datatype}: expected ${expected}, got ${value} at index ${i}`);
    }
  }
}

function encodeDescription(description: string): Uint8Array {
  const bytes = new TextEncoder().encode(description);
  if (bytes.length > DESCRIPTION_BYTES) {
    throw new RangeError(
      `Cannot write volume: expected a description of at most ${DESCRIPTION_BYTES} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}

function writeTransforms(view: DataView, affine: Affine): void {
  const rigid = rigidQuaternion(affine);
  [rigid?.qfac ?? 1, ...spacingOf(affine), 0, 0, 0, 0].forEach((mm, i) => view.setFloat32(76 + 4 * i, mm, true));
  if (rigid !== null) {
    view.setInt16(252, SCANNER_SPACE, true);
    const [b, c, d] = rigid.quaternion;
    [b, c, d, affine[0][3], affine[1][3], affine[2][3]].forEach((value, i) =>
      view.setFloat32(256 + 4 * i, value, true)
    );
  }
  view.setInt16(254, SCANNER_SPACE, true);
  affine.slice(0, 3).flat().forEach((value, i) => view.setFloat32(280 + 4 * i, value, true));
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const compressed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
