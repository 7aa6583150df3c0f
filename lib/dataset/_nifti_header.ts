/** What a NIfTI header says about the voxels that follow it, checked before anything is allocated. */
import { isNIFTI1, isNIFTI2, NIFTI1, NIFTI2 } from "nifti-reader-js";
import { formatShape, messageOf, VolumeError } from "../errors.ts";
import { type Affine, invertAffine, type Triple, voxelCount } from "../geometry.ts";
import { niftiAffine } from "./_nifti_affine.ts";

/** Voxel types that are read: all real ones of at most 64 bits. */
export type NiftiDatatype =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float32"
  | "float64";

/** The header of one 3-D image. */
export interface NiftiHeader {
  /** NIfTI-1 or NIfTI-2. */
  readonly version: 1 | 2;
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Voxel → world mm, RAS+. */
  readonly affine: Affine;
  /** How a voxel is stored. */
  readonly datatype: NiftiDatatype;
  /** Bytes per stored voxel. */
  readonly voxelBytes: number;
  /** Byte order of the header and the voxels. */
  readonly littleEndian: boolean;
  /** Where the voxels begin, in bytes of the uncompressed file. */
  readonly voxelOffset: number;
  /** Intensity = slope · stored + intercept; 1 and 0 where the file asks for no scaling. */
  readonly slope: number;
  /** Added after the slope has been applied. */
  readonly intercept: number;
}

/** Bytes that are enough for either version of the header. */
export const HEADER_BYTES = 540;

const NIFTI1_BYTES = 348;
/** Indices into one typed array stay below 2³¹ in every engine. */
const MAX_VOXELS = 2 ** 31 - 1;

const DATATYPES: ReadonlyMap<number, readonly [NiftiDatatype, number]> = new Map([
  [NIFTI1.TYPE_UINT8, ["uint8", 1]],
  [NIFTI1.TYPE_INT8, ["int8", 1]],
  [NIFTI1.TYPE_UINT16, ["uint16", 2]],
  [NIFTI1.TYPE_INT16, ["int16", 2]],
  [NIFTI1.TYPE_UINT32, ["uint32", 4]],
  [NIFTI1.TYPE_INT32, ["int32", 4]],
  [NIFTI1.TYPE_UINT64, ["uint64", 8]],
  [NIFTI1.TYPE_INT64, ["int64", 8]],
  [NIFTI1.TYPE_FLOAT32, ["float32", 4]],
  [NIFTI1.TYPE_FLOAT64, ["float64", 8]],
]);

const UNSUPPORTED: ReadonlyMap<number, string> = new Map([
  [NIFTI1.TYPE_NONE, "no type"],
  [NIFTI1.TYPE_BINARY, "binary"],
  [NIFTI1.TYPE_RGB24, "RGB"],
  [2304, "RGBA"],
  [NIFTI1.TYPE_COMPLEX64, "complex64"],
  [NIFTI1.TYPE_COMPLEX128, "complex128"],
  [NIFTI1.TYPE_COMPLEX256, "complex256"],
  [NIFTI1.TYPE_FLOAT128, "float128"],
]);

/**
 * Parses and checks the header at the start of an uncompressed file.
 *
 * @param bytes the file's first `HEADER_BYTES` bytes, or all of a shorter file
 * @throws {VolumeError} when this is not the header of one usable 3-D image
 */
export function parseNiftiHeader(bytes: Uint8Array, file: string): NiftiHeader {
  const { raw, view } = readRawHeader(bytes, file);
  const version = raw instanceof NIFTI2 ? 2 : 1;
  const size = readSize(raw, file);
  const [datatype, voxelBytes] = readDatatype(raw.datatypeCode, file);
  const { slope, intercept } = readScaling(raw, file);
  return {
    version,
    size,
    affine: checkAffine(niftiAffine(raw, { view, size, file }), file),
    datatype,
    voxelBytes,
    littleEndian: raw.littleEndian,
    voxelOffset: readVoxelOffset(raw, file),
    slope,
    intercept,
  };
}

function readRawHeader(bytes: Uint8Array, file: string): { raw: NIFTI1 | NIFTI2; view: DataView } {
  if (bytes.length < NIFTI1_BYTES) {
    throw new VolumeError(file, `expected at least ${NIFTI1_BYTES} bytes of NIfTI header, got ${bytes.length}`);
  }
  const all = bytes.slice().buffer;
  if (!isNIFTI1(all) && !isNIFTI2(all)) {
    throw new VolumeError(
      file,
      isNIFTI1(all, true) || isNIFTI2(all, true)
        ? "expected header and voxels in one file (.nii), got the header of a .hdr/.img pair"
        : "expected a NIfTI-1 or NIfTI-2 file, got something else",
    );
  }
  const [raw, length] = isNIFTI2(all) ? [new NIFTI2(), HEADER_BYTES] as const : [new NIFTI1(), NIFTI1_BYTES] as const;
  if (bytes.length < length) {
    throw new VolumeError(file, `expected at least ${length} bytes of NIfTI-2 header, got ${bytes.length}`);
  }
  // The header alone: given more, the reader would also walk the extensions, which hold nothing we use.
  const buffer = all.slice(0, length);
  try {
    raw.readHeader(buffer);
  } catch (error) {
    throw new VolumeError(file, `expected a NIfTI-1 or NIfTI-2 file, got a damaged header (${messageOf(error)})`, {
      cause: error,
    });
  }
  return { raw, view: new DataView(buffer) };
}

function readSize(raw: NIFTI1 | NIFTI2, file: string): Triple {
  const rank = raw.dims[0];
  if (!(rank >= 3 && rank <= 7)) {
    throw new VolumeError(file, `expected a 3-D volume, got ${rank} dimensions`);
  }
  const shape = raw.dims.slice(1, rank + 1);
  const size: Triple = [shape[0], shape[1], shape[2]];
  if (size.some((length) => length < 1)) {
    throw new VolumeError(file, `expected a positive size along every axis, got shape ${formatShape(shape)}`);
  }
  if (shape.slice(3).some((length) => length !== 1)) {
    throw new VolumeError(file, `expected one 3-D volume, got shape ${formatShape(shape)}`);
  }
  if (voxelCount(size) > MAX_VOXELS) {
    throw new VolumeError(file, `expected at most ${MAX_VOXELS} voxels, got shape ${formatShape(shape)}`);
  }
  return size;
}

function readDatatype(code: number, file: string): readonly [NiftiDatatype, number] {
  const known = DATATYPES.get(code);
  if (known === undefined) {
    const name = UNSUPPORTED.get(code) ?? "an unknown type";
    throw new VolumeError(file, `expected real voxels of 8 to 64 bits, got ${name} (datatype code ${code})`);
  }
  return known;
}

function readScaling(raw: NIFTI1 | NIFTI2, file: string): { slope: number; intercept: number } {
  const { scl_slope: slope, scl_inter: intercept } = raw;
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    throw new VolumeError(file, `expected a finite scl_inter, got ${intercept}`);
  }
  return { slope, intercept };
}

function readVoxelOffset(raw: NIFTI1 | NIFTI2, file: string): number {
  const smallest = raw instanceof NIFTI2 ? HEADER_BYTES + 4 : NIFTI1_BYTES + 4;
  const offset = raw.vox_offset === 0 ? smallest : raw.vox_offset;
  if (!Number.isSafeInteger(offset) || offset < smallest) {
    throw new VolumeError(file, `expected vox_offset 0 or at least ${smallest}, got ${raw.vox_offset}`);
  }
  return offset;
}

function checkAffine(affine: Affine, file: string): Affine {
  const printed = `[${affine.map(formatShape).join(", ")}]`;
  if (!affine.flat().every(Number.isFinite)) {
    throw new VolumeError(file, `expected a finite affine, got ${printed}`);
  }
  try {
    invertAffine(affine);
  } catch (error) {
    throw new VolumeError(file, `expected an invertible affine, got ${printed}`, { cause: error });
  }
  return affine;
}
