/** Stored voxels of any real type and byte order → intensities. */
import { VolumeError } from "../errors.ts";
import { type Triple, voxelCount } from "../geometry.ts";
import type { NiftiDatatype, NiftiHeader } from "./_nifti_header.ts";

type RealArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

const VIEWS: Readonly<Record<NiftiDatatype, (buffer: ArrayBuffer) => RealArray>> = {
  uint8: (buffer) => new Uint8Array(buffer),
  int8: (buffer) => new Int8Array(buffer),
  uint16: (buffer) => new Uint16Array(buffer),
  int16: (buffer) => new Int16Array(buffer),
  uint32: (buffer) => new Uint32Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  uint64: (buffer) => Float64Array.from(new BigUint64Array(buffer), Number),
  int64: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number),
  float32: (buffer) => new Float32Array(buffer),
  float64: (buffer) => new Float64Array(buffer),
};

/**
 * Decodes the voxels of an uncompressed file; scaling is done in double precision, as nibabel does it.
 *
 * @param bytes the file from its first byte to its last voxel
 * @throws {VolumeError} when a voxel is NaN, infinite, or too large for a 32-bit float
 */
export function decodeVoxels(bytes: Uint8Array, options: { header: NiftiHeader; file: string }): Float32Array {
  const { header, file } = options;
  const { voxelOffset, voxelBytes, size, slope, intercept } = header;
  const stored = bytes.slice(voxelOffset, voxelOffset + voxelCount(size) * voxelBytes);
  if (!header.littleEndian) reverseEach(stored, voxelBytes);
  const values = VIEWS[header.datatype](stored.buffer);
  const scaled = slope !== 1 || intercept !== 0;
  const data = scaled
    ? scale(values, { slope, intercept })
    : values instanceof Float32Array
    ? values
    : new Float32Array(values);
  checkFinite(data, { size, file });
  return data;
}

/** Turns big-endian values of `width` bytes into the little-endian ones that typed arrays read. */
function reverseEach(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

function scale(values: RealArray, { slope, intercept }: { slope: number; intercept: number }): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] * slope + intercept;
  return out;
}

function checkFinite(data: Float32Array, { size, file }: { size: Triple; file: string }): void {
  let count = 0;
  let first = -1;
  for (let i = 0; i < data.length; i++) {
    // NaN − NaN and ∞ − ∞ are NaN.
    if (data[i] - data[i] !== 0) {
      if (count === 0) first = i;
      count++;
    }
  }
  if (count === 0) return;
  const [nx, ny] = size;
  const voxel = [first % nx, Math.floor(first / nx) % ny, Math.floor(first / (nx * ny))];
  throw new VolumeError(
    file,
    `expected finite voxels, got ${count} that are NaN or infinite, the first one ${data[first]} at voxel (${
      voxel.join(", ")
    })`,
  );
}
