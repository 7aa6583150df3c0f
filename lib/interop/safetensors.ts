/** The safetensors file format: named tensors behind a JSON header, with nothing in it that could be executed. */
import { CheckpointError, formatShape, messageOf } from "../errors.ts";

/** The element types that are written, with the array that holds each. */
export interface SafetensorArrays {
  /** 64-bit floats. */
  readonly F64: Float64Array;
  /** 32-bit floats. */
  readonly F32: Float32Array;
  /** 64-bit integers. */
  readonly I64: BigInt64Array;
  /** 32-bit integers. */
  readonly I32: Int32Array;
  /** Bytes. */
  readonly U8: Uint8Array;
  /** Truth values, one byte each: 0 or 1. */
  readonly BOOL: Uint8Array;
}

/** One tensor: element type, shape, and elements in row-major order. */
export type Safetensor = {
  [D in keyof SafetensorArrays]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: SafetensorArrays[D];
  };
}[keyof SafetensorArrays];

/** What a file holds. */
export interface SafetensorsFile {
  /** The tensors by name, in the order of the header. */
  readonly tensors: Map<string, Safetensor>;
  /** Free text about the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Codec {
  readonly bytes: number;
  /** Makes a tensor of a buffer that holds its elements and nothing else. */
  readonly read: (buffer: ArrayBuffer, shape: readonly number[]) => Safetensor;
}

// Typed arrays have the byte order of the machine; every machine that runs V8, SpiderMonkey or JavaScriptCore today is
// little-endian, as the format is. The order of the lines is the order of tensors in a file.
const CODECS: Readonly<Record<string, Codec>> = {
  I64: { bytes: 8, read: (buffer, shape) => ({ dtype: "I64", shape, data: new BigInt64Array(buffer) }) },
  F64: { bytes: 8, read: (buffer, shape) => ({ dtype: "F64", shape, data: new Float64Array(buffer) }) },
  F32: { bytes: 4, read: (buffer, shape) => ({ dtype: "F32", shape, data: new Float32Array(buffer) }) },
  I32: { bytes: 4, read: (buffer, shape) => ({ dtype: "I32", shape, data: new Int32Array(buffer) }) },
  BF16: { bytes: 2, read: (buffer, shape) => ({ dtype: "F32", shape, data: widenBfloat16(new Uint16Array(buffer)) }) },
  F16: {
    bytes: 2,
    read: (buffer, shape) => ({ dtype: "F32", shape, data: new Float32Array(new Float16Array(buffer)) }),
  },
  U8: { bytes: 1, read: (buffer, shape) => ({ dtype: "U8", shape, data: new Uint8Array(buffer) }) },
  BOOL: { bytes: 1, read: (buffer, shape) => ({ dtype: "BOOL", shape, data: new Uint8Array(buffer) }) },
};

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
/** The format's own limit, against headers made to exhaust the memory. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Writes tensors as a safetensors file.
 *
 * Tensors are laid out by type, wide elements first, then by name, as the reference implementation does: every one is
 * aligned, and equal content gives equal bytes. The header is padded with spaces to a multiple of 8 bytes.
 *
 * @param metadata free text about the file, read back by {@link decodeSafetensors}
 * @returns the file in pieces, to be written one after another; data are views of the tensors, not copies
 * @throws {RangeError} when a shape does not fit its data, or a tensor has the name that the format keeps for metadata
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Safetensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const rank = ({ dtype }: Safetensor): number => Object.keys(CODECS).indexOf(dtype);
  const sorted = [...tensors].sort(([a, left], [b, right]) => rank(left) - rank(right) || (a < b ? -1 : 1));
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === METADATA) throw new RangeError(`Cannot write tensor: expected another name than ${METADATA}`);
    if (!isShape(shape) || elementCount(shape) !== data.length) {
      throw new RangeError(
        `Cannot write tensor "${name}": expected the elements of shape ${formatShape(shape)}, got ${data.length}`,
      );
    }
    header.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
  }
  const views = sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [encodeHeader(Object.fromEntries(header)), ...views];
}

function encodeHeader(header: object): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads a safetensors file.
 *
 * F16 and BF16 elements are widened to F32, which holds them exactly. The tensors are copies: the bytes may be freed.
 *
 * @param file path of the file, for messages
 * @throws {CheckpointError} when the file is cut short, its header is not what the format asks for, an element type is
 * not supported, or the tensors do not fill the data exactly, without overlap or hole
 * @see https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const fail = (reason: string, cause?: unknown): never => {
    throw new CheckpointError(`Cannot read ${file}: ${reason}`, { cause });
  };
  const { header, dataStart } = decodeHeader(bytes, fail);
  const data = bytes.subarray(dataStart);
  const { [METADATA]: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    fail(`expected texts as ${METADATA}, got ${JSON.stringify(metadata)}`);
  }
  const records = Object.entries(entries).map(([name, entry]) => parseEntry(name, { entry, fail }));
  checkLayout(records, { length: data.length, fail });
  const tensors = new Map<string, Safetensor>();
  for (const { name, codec, shape, begin, end } of records) {
    tensors.set(name, codec.read(data.slice(begin, end).buffer, shape));
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

type Fail = (reason: string, cause?: unknown) => never;

function decodeHeader(bytes: Uint8Array, fail: Fail): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) fail(`expected at least ${LENGTH_BYTES} bytes, got ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) fail(`expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (bytes.length < dataStart) {
    fail(`expected a header of ${length} bytes, got a file cut short after ${bytes.length - LENGTH_BYTES}`);
  }
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart));
    header = JSON.parse(text);
  } catch (error) {
    fail(`expected a JSON object as header, got ${messageOf(error)}`, error);
  }
  if (!isObject(header)) return fail(`expected a JSON object as header, got ${JSON.stringify(header)}`);
  const repeated = repeatedKey(text);
  if (repeated !== undefined) fail(`expected each name once in the header, got "${repeated}" twice`);
  return { header, dataStart };
}

/** The first key that an object of valid JSON holds twice; JSON.parse silently keeps the last. */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}

/** One tensor of the header; offsets count from the first byte of data. */
interface Entry {
  readonly name: string;
  readonly codec: Codec;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseEntry(name: string, { entry, fail }: { entry: unknown; fail: Fail }): Entry {
  const got = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
  const tensor = `tensor "${name}"`;
  if (!isObject(entry)) return fail(`${tensor}: expected dtype, shape and data_offsets, got ${got(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(CODECS, dtype)) {
    return fail(`${tensor}: expected one of the dtypes ${Object.keys(CODECS).join(", ")}, got ${got(dtype)}`);
  }
  if (!isShape(shape)) return fail(`${tensor}: expected non-negative integers as shape, got ${got(shape)}`);
  if (!isShape(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`${tensor}: expected a begin and a later end as data_offsets, got ${got(offsets)}`);
  }
  const [begin, end] = offsets;
  const codec = CODECS[dtype];
  const expected = elementCount(shape) * codec.bytes;
  if (end - begin !== expected) {
    fail(`${tensor}: expected ${expected} bytes for ${dtype} ${formatShape(shape)}, got ${end - begin}`);
  }
  return { name, codec, shape, begin, end };
}

/** Tensors must cover the data from the first byte to the last. */
function checkLayout(entries: readonly Entry[], { length, fail }: { length: number; fail: Fail }): void {
  let cursor = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const tensor = `tensor "${name}"`;
    if (begin < cursor) fail(`${tensor}: expected to begin at byte ${cursor}, got an overlap from byte ${begin}`);
    if (begin > cursor) fail(`${tensor}: expected to begin at byte ${cursor}, got a hole up to byte ${begin}`);
    if (end > length) fail(`${tensor}: expected data up to byte ${end}, got a file cut short at byte ${length}`);
    cursor = end;
  }
  if (cursor !== length) fail(`expected ${cursor} bytes of data, got ${length}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/** A bfloat16 is the upper half of the float32 of the same value. */
function widenBfloat16(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}
