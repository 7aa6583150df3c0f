/** The safetensors file format: named tensors behind a JSON header, with nothing in it that could be executed. */
import { formatShape, messageOf } from "../errors.ts";
import { ELEMENT_TYPES, elementCount, isShape, ownBuffer } from "./_element_types.ts";
import type { ElementType, StoredType } from "./_element_types.ts";
import { failureOf } from "./_fail.ts";
import type { Fail } from "./_fail.ts";
import type { ByteSource } from "./byte_source.ts";
import type { LazyTensor, Safetensor } from "./lazy_tensor.ts";

/** What a file holds. */
export interface SafetensorsFile {
  /** The tensors by name, in the order of the header. */
  readonly tensors: Map<string, Safetensor>;
  /** Free text about the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a file holds, its tensors still in it. */
export interface LazySafetensorsFile {
  /** The tensors by name, in the order of the header. */
  readonly tensors: Map<string, LazyTensor>;
  /** Free text about the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that is written piece by piece. */
export interface SafetensorsStream {
  /** Bytes of the whole file. */
  readonly size: number;
  /** The file, to be written in this order; a tensor is read when its turn comes. */
  chunks(): AsyncGenerator<Uint8Array, void, void>;
}

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
 * @param options `floats: "F16"` rounds F32 tensors to half precision: half the size, three to four digits
 * @returns the file in pieces, to be written one after another; data that are not rounded are views of the tensors
 * @throws {RangeError} when a shape does not fit its data, a tensor has the name that the format keeps for metadata, or an
 *   element is too large for half precision
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Safetensor>,
  metadata: Readonly<Record<string, string>> = {},
  { floats = "F32" }: { floats?: "F32" | "F16" } = {},
): Uint8Array[] {
  const stored = floats === "F32"
    ? tensors
    : new Map([...tensors].map(([name, tensor]) => [name, halve(name, tensor)]));
  const { header, names } = layOut(stored, metadata);
  for (const [name, { shape, data }] of tensors) checkLength(name, { shape, length: data.length });
  const views = names.map((name) => bytesOf(stored.get(name)!.data));
  return [header, ...views];
}

/** A tensor as it is stored. */
interface StoredTensor {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

function halve(name: string, tensor: Safetensor): StoredTensor {
  if (tensor.dtype !== "F32") return tensor;
  const data = new Float16Array(tensor.data);
  const lost = data.findIndex((value, i) => Number.isFinite(tensor.data[i]) && !Number.isFinite(value));
  if (lost < 0) return { dtype: "F16", shape: tensor.shape, data };
  throw new RangeError(`Cannot write tensor "${name}" as F16: expected at most 65504, got ${tensor.data[lost]}`);
}

/**
 * Writes tensors as a safetensors file without holding more than one of them in memory.
 *
 * The bytes are those of {@link encodeSafetensors}.
 *
 * @param metadata free text about the file
 * @throws {RangeError} when a name comes twice or is the one that the format keeps for metadata; while the chunks are
 * read, when a tensor has another number of elements than its shape says
 */
export function streamSafetensors(
  tensors: readonly LazyTensor[],
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsStream {
  const byName = new Map<string, LazyTensor>();
  for (const tensor of tensors) {
    if (byName.has(tensor.name)) throw new RangeError(`Cannot write tensor "${tensor.name}": the name comes twice`);
    byName.set(tensor.name, tensor);
  }
  const { header, names, dataBytes } = layOut(byName, metadata);
  return {
    size: header.length + dataBytes,
    chunks: async function* () {
      yield header;
      for (const name of names) {
        const tensor = byName.get(name)!;
        const data = await tensor.read();
        checkLength(name, { shape: tensor.shape, length: data.length });
        yield bytesOf(data);
      }
    },
  };
}

/** The header, and the names in the order of their data. */
function layOut(
  tensors: ReadonlyMap<string, Pick<StoredTensor, "dtype" | "shape">>,
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; names: string[]; dataBytes: number } {
  const rank = ({ dtype }: Pick<StoredTensor, "dtype">): number => Object.keys(ELEMENT_TYPES).indexOf(dtype);
  const sorted = [...tensors].sort(([a, left], [b, right]) => rank(left) - rank(right) || (a < b ? -1 : 1));
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let offset = 0;
  for (const [name, { dtype, shape }] of sorted) {
    if (name === METADATA) throw new RangeError(`Cannot write tensor: expected another name than ${METADATA}`);
    const end = offset + elementCount(shape) * ELEMENT_TYPES[dtype].bytes;
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  return { header: encodeHeader(Object.fromEntries(header)), names: sorted.map(([name]) => name), dataBytes: offset };
}

function checkLength(name: string, { shape, length }: { shape: readonly number[]; length: number }): void {
  if (isShape(shape) && elementCount(shape) === length) return;
  throw new RangeError(
    `Cannot write tensor "${name}": expected the elements of shape ${formatShape(shape)}, got ${length}`,
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
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
 * F16 and BF16 elements are widened to F32, I16 and I8 to I32, which hold them exactly. The tensors are copies: the bytes may be freed.
 *
 * @param file path of the file, for messages
 * @throws {CheckpointError} when the file is cut short, its header is not what the format asks for, an element type is
 * not supported, or the tensors do not fill the data exactly, without overlap or hole
 * @see https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const fail = failureOf(file);
  const dataStart = dataStartOf(bytes, { size: bytes.length, fail });
  const header = bytes.subarray(LENGTH_BYTES, dataStart);
  const { entries, metadata } = parseHeader(header, { dataBytes: bytes.length - dataStart, fail });
  const data = bytes.subarray(dataStart);
  const tensors = new Map<string, Safetensor>();
  for (const { name, type, shape, begin, end } of entries) {
    const values = type.decode(data.slice(begin, end).buffer);
    tensors.set(name, { dtype: type.dtype, shape, data: values } as Safetensor);
  }
  return { tensors, metadata };
}

/**
 * Opens a safetensors file: reads its header, and each tensor when it is asked for.
 *
 * F16 and BF16 elements are widened to F32, I16 and I8 to I32, which hold them exactly.
 *
 * @param file path of the file, for messages
 * @throws {CheckpointError} as {@link decodeSafetensors} does; nothing of a tensor is read for that
 */
export async function openSafetensors(source: ByteSource, file: string): Promise<LazySafetensorsFile> {
  const fail = failureOf(file);
  const size = source.size;
  const dataStart = dataStartOf(await source.read(0, Math.min(size, LENGTH_BYTES)), { size, fail });
  const header = await source.read(LENGTH_BYTES, dataStart - LENGTH_BYTES);
  const { entries, metadata } = parseHeader(header, { dataBytes: size - dataStart, fail });
  const tensors = new Map<string, LazyTensor>();
  for (const { name, type, shape, begin, end } of entries) {
    const read: LazyTensor["read"] = async () => {
      return type.decode(ownBuffer(await source.read(dataStart + begin, end - begin)));
    };
    tensors.set(name, { name, dtype: type.dtype, shape, read });
  }
  return { tensors, metadata };
}

/** Where the data begin, from the bytes that the file begins with. */
function dataStartOf(start: Uint8Array, { size, fail }: { size: number; fail: Fail }): number {
  if (size < LENGTH_BYTES) fail(`expected at least ${LENGTH_BYTES} bytes, got ${size}`);
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) fail(`expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (size < dataStart) {
    fail(`expected a header of ${length} bytes, got a file cut short after ${size - LENGTH_BYTES}`);
  }
  return dataStart;
}

/** Everything that the header says, checked against the number of bytes that follow it. */
function parseHeader(
  bytes: Uint8Array,
  { dataBytes, fail }: { dataBytes: number; fail: Fail },
): { entries: readonly Entry[]; metadata: Readonly<Record<string, string>> } {
  const { [METADATA]: metadata = {}, ...rest } = parseJson(bytes, fail);
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    fail(`expected texts as ${METADATA}, got ${JSON.stringify(metadata)}`);
  }
  const entries = Object.entries(rest).map(([name, entry]) => parseEntry(name, { entry, fail }));
  checkLayout(entries, { length: dataBytes, fail });
  return { entries, metadata: metadata as Record<string, string> };
}

function parseJson(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    fail(`expected a JSON object as header, got ${messageOf(error)}`, error);
  }
  if (!isObject(header)) return fail(`expected a JSON object as header, got ${JSON.stringify(header)}`);
  const repeated = repeatedKey(text);
  if (repeated !== undefined) fail(`expected each name once in the header, got "${repeated}" twice`);
  return header;
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
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseEntry(name: string, { entry, fail }: { entry: unknown; fail: Fail }): Entry {
  const got = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
  const tensor = `tensor "${name}"`;
  if (!isObject(entry)) return fail(`${tensor}: expected dtype, shape and data_offsets, got ${got(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !isStoredType(dtype)) {
    return fail(`${tensor}: expected one of the dtypes ${Object.keys(ELEMENT_TYPES).join(", ")}, got ${got(dtype)}`);
  }
  if (!isShape(shape)) return fail(`${tensor}: expected non-negative integers as shape, got ${got(shape)}`);
  if (!isShape(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`${tensor}: expected a begin and a later end as data_offsets, got ${got(offsets)}`);
  }
  const [begin, end] = offsets;
  const type = ELEMENT_TYPES[dtype];
  const expected = elementCount(shape) * type.bytes;
  if (end - begin !== expected) {
    fail(`${tensor}: expected ${expected} bytes for ${dtype} ${formatShape(shape)}, got ${end - begin}`);
  }
  return { name, type, shape, begin, end };
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

function isStoredType(name: string): name is StoredType {
  return Object.hasOwn(ELEMENT_TYPES, name);
}
