/** How intensities are stored: as they are, or in fewer bytes with a scale. */

/** Types that intensities may be stored in. */
export const STORAGE_TYPES = ["float16", "uint8", "float32"] as const;

/** See {@linkcode STORAGE_TYPES}. float32 keeps every bit. */
export type StorageType = (typeof STORAGE_TYPES)[number];

/** Voxels as they are stored. */
export type StoredArray = Float16Array | Uint8Array | Float32Array;

/** Intensity = scale · stored + offset, rounded to single precision. */
export interface Scale {
  readonly scale: number;
  readonly offset: number;
}

/** The identity: stored values are intensities. */
const AS_THEY_ARE: Scale = { scale: 1, offset: 0 };
/** The largest finite half-precision number. */
const FLOAT16_MAX = 65504;

/**
 * The scale that a channel's intensities are stored with.
 *
 * float16: a power of two that brings the largest into range, so that rounding stays relative (2⁻¹¹); 1 for what is in
 * [0, 1]. uint8: 255 steps over the range of the values, which includes 0, so that half a step is the largest error; for
 * values from 0 on, 0 stays 0 exactly.
 *
 * @param values finite numbers
 */
export function scaleOf(values: Float32Array, type: StorageType): Scale {
  if (type === "float32") return AS_THEY_ARE;
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    else if (values[i] > high) high = values[i];
  }
  if (type === "uint8") return low === high ? AS_THEY_ARE : { scale: (high - low) / 255, offset: low };
  let scale = 1;
  while (Math.max(-low, high) / scale > FLOAT16_MAX) scale *= 2;
  return { scale, offset: 0 };
}

/** Room for stored voxels, all 0. */
export function storedArray(type: StorageType, length: number): StoredArray {
  if (type === "float32") return new Float32Array(length);
  return type === "float16" ? new Float16Array(length) : new Uint8Array(length);
}

/**
 * Copies a row of intensities into storage.
 *
 * @param place where the row starts in each, and how long it is
 */
export function storeRow(
  values: Float32Array,
  out: StoredArray,
  { from, to, length, scale, offset }: RowPlace & Scale,
): void {
  if (out instanceof Float32Array) out.set(values.subarray(from, from + length), to);
  else if (out instanceof Uint8Array) {
    for (let i = 0; i < length; i++) out[to + i] = Math.round((values[from + i] - offset) / scale);
  } else for (let i = 0; i < length; i++) out[to + i] = values[from + i] / scale;
}

/** Copies a row of stored voxels out as intensities. */
export function loadRow(
  stored: StoredArray,
  out: Float32Array,
  { from, to, length, scale, offset }: RowPlace & Scale,
): void {
  if (stored instanceof Float32Array) out.set(stored.subarray(from, from + length), to);
  else if (stored instanceof Uint8Array) {
    for (let i = 0; i < length; i++) out[to + i] = stored[from + i] * scale + offset;
  } else for (let i = 0; i < length; i++) out[to + i] = stored[from + i] * scale;
}

/** A row in one array and in another. */
export interface RowPlace {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}
