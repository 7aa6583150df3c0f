/** Element types as they lie in files, and what they are read into. */
import type { TensorDtype, TensorValues } from "./lazy_tensor.ts";

/** How elements of one type are stored. */
export interface ElementType {
  /** Bytes of one element. */
  readonly bytes: number;
  /** Type of the elements once read. */
  readonly dtype: TensorDtype;
  /** Elements of a buffer that holds them and nothing else, little-endian. */
  readonly decode: (buffer: ArrayBuffer) => TensorValues;
}

// Typed arrays have the byte order of the machine; every machine that runs V8, SpiderMonkey or JavaScriptCore today is
// little-endian, as the formats are. Types without an array of their own are widened to one that holds them exactly.
// The order of the lines is the order of tensors in a safetensors file.
/** All types that are read, by their safetensors name. */
export const ELEMENT_TYPES = {
  I64: { bytes: 8, dtype: "I64", decode: (buffer) => new BigInt64Array(buffer) },
  F64: { bytes: 8, dtype: "F64", decode: (buffer) => new Float64Array(buffer) },
  F32: { bytes: 4, dtype: "F32", decode: (buffer) => new Float32Array(buffer) },
  I32: { bytes: 4, dtype: "I32", decode: (buffer) => new Int32Array(buffer) },
  BF16: { bytes: 2, dtype: "F32", decode: (buffer) => widenBfloat16(new Uint16Array(buffer)) },
  F16: { bytes: 2, dtype: "F32", decode: (buffer) => new Float32Array(new Float16Array(buffer)) },
  I16: { bytes: 2, dtype: "I32", decode: (buffer) => new Int32Array(new Int16Array(buffer)) },
  I8: { bytes: 1, dtype: "I32", decode: (buffer) => new Int32Array(new Int8Array(buffer)) },
  U8: { bytes: 1, dtype: "U8", decode: (buffer) => new Uint8Array(buffer) },
  BOOL: { bytes: 1, dtype: "BOOL", decode: (buffer) => new Uint8Array(buffer) },
} as const satisfies Readonly<Record<string, ElementType>>;

/** Name of a type in a file. */
export type StoredType = keyof typeof ELEMENT_TYPES;

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/** True for a list of non-negative integers. */
export function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The bytes in a buffer that holds nothing else; no copy where they have one already. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : bytes.slice().buffer;
}

/** A bfloat16 is the upper half of the float32 of the same value. */
function widenBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}
