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

const VIEWS: Readonly<Record<NiftiDatatype, (buffer: ArrayBuffer, start: number, length: number) => RealArray>> = {
  uint8: (buffer, start, length) => new Uint8Array(buffer, start, length),
  int8: (buffer, start, length) => new Int8Array(buffer, start, length),
  uint16: (buffer, start, length) => new Uint16Array(buffer, start, length),
  int16: (buffer, start, length) => new Int16Array(buffer, start, length),
  uint32: (buffer, start, length) => new Uint32Array(buffer, start, length),
  int32: (buffer, start, length) => new Int32Array(buffer, start, length),
  uint64: (buffer, start, length) => Float64Array.from(new BigUint64Array(buffer, start, length), Number),
  int64: (buffer, start, length) => Float64Array.from(new BigInt64Array(buffer, start, length), Number),
  float32: (buffer, start, length) => new Float32Array(buffer, start, length),
  float64: (buffer, start, length) => new Float64Array(buffer, start, length),
};

/**
 * Voxels as they lie in a file: of 16 bits or fewer, each the index of its intensity in a table, so that what is done to
 * every intensity is done to the table instead; of other types, the intensities themselves (`table` is null).
 */
export type StoredVoxels =
  | { readonly stored: Uint16Array; readonly table: Float32Array }
  | { readonly stored: Float32Array; readonly table: null };

/**
 * Decodes the voxels of an uncompressed file; scaling is done in double precision, as nibabel does it.
 *
 * @param bytes the file from its first byte to its last voxel; may be shared with the result
 * @throws {VolumeError} when a voxel is NaN, infinite, or too large for a 32-bit float
 */
export function decodeVoxels(bytes: Uint8Array, options: { header: NiftiHeader; file: string }): StoredVoxels {
  const { header, file } = options;
  const { voxelOffset, voxelBytes, size, slope, intercept } = header;
  const length = voxelCount(size) * voxelBytes;
  // A view needs a multiple of its width, and swapping bytes must not touch the caller's.
  const isUsable = header.littleEndian && (bytes.byteOffset + voxelOffset) % voxelBytes === 0;
  const stored = isUsable
    ? bytes.subarray(voxelOffset, voxelOffset + length)
    : bytes.slice(voxelOffset, voxelOffset + length);
  if (!header.littleEndian) reverseEach(stored, voxelBytes);
  const values = VIEWS[header.datatype](stored.buffer as ArrayBuffer, stored.byteOffset, voxelCount(size));
  if (voxelBytes <= 2) {
    const table = intensityTable(header);
    // A scale that overflows somewhere may do so only where no voxel is: the slow path finds out.
    if (table.every(Number.isFinite)) return { stored: tableIndices(values), table };
  }
  const data = slope !== 1 || intercept !== 0
    ? scale(values, { slope, intercept })
    : values instanceof Float32Array
    ? values
    : new Float32Array(values);
  checkFinite(data, { size, file });
  return { stored: data, table: null };
}

/** The intensities of all voxels. */
export function intensitiesOf({ stored, table }: StoredVoxels): Float32Array {
  if (table === null) return stored;
  const out = new Float32Array(stored.length);
  for (let i = 0; i < out.length; i++) out[i] = table[stored[i]];
  return out;
}

/** Intensities of all 65536 indices; an index is a value's two's complement in 16 bits. */
function intensityTable({ datatype, slope, intercept }: NiftiHeader): Float32Array {
  const isSigned = datatype === "int16" || datatype === "int8";
  const table = new Float32Array(65536);
  for (let i = 0; i < table.length; i++) table[i] = (isSigned ? i << 16 >> 16 : i) * slope + intercept;
  return table;
}

function tableIndices(values: RealArray): Uint16Array {
  if (values instanceof Uint16Array) return values;
  if (values instanceof Int16Array) return new Uint16Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(values);
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
  if (areFinite(data)) return;
  let count = 0;
  let first = -1;
  for (let i = 0; i < data.length; i++) {
    // NaN − NaN and ∞ − ∞ are NaN.
    if (data[i] - data[i] !== 0) {
      if (count === 0) first = i;
      count++;
    }
  }
  const [nx, ny] = size;
  const voxel = [first % nx, Math.floor(first / nx) % ny, Math.floor(first / (nx * ny))];
  throw new VolumeError(
    file,
    `expected finite voxels, got ${count} that are NaN or infinite, the first one ${data[first]} at voxel (${
      voxel.join(", ")
    })`,
  );
}

/** True when 0 · x is 0 for every value: sums in four lanes, which do not wait for one another. */
function areFinite(data: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - data.length % 4;
  for (let i = 0; i < whole; i += 4) {
    a += data[i] * 0;
    b += data[i + 1] * 0;
    c += data[i + 2] * 0;
    d += data[i + 3] * 0;
  }
  for (let i = whole; i < data.length; i++) a += data[i] * 0;
  return a + b + c + d === 0;
}
