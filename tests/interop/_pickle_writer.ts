/** Pickles and zip files by hand, so that tests can write what no honest program would. */

/** A pickle instruction by instruction. */
export class PickleWriter {
  readonly #bytes: number[] = [0x80, 2];

  /** Raw bytes, or characters as bytes. */
  raw(...parts: (number | string)[]): this {
    for (const part of parts) {
      if (typeof part === "number") this.#bytes.push(part);
      else for (const character of part) this.#bytes.push(character.charCodeAt(0));
    }
    return this;
  }

  /** A text. */
  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.raw("X", ...uint32(bytes.length), ...bytes);
  }

  /** An integer from −2⁶³ to 2⁶³. */
  int(value: number | bigint): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    return this.raw(0x8a, 8, ...bytes);
  }

  /** A class or function by its name. */
  global(module: string, name: string): this {
    return this.raw("c", `${module}\n${name}\n`);
  }

  /** A tuple of integers. */
  ints(values: readonly number[]): this {
    this.raw("(");
    for (const value of values) this.int(value);
    return this.raw("t");
  }

  /** A tensor over a storage of its own. */
  tensor({ key = "0", storage = "FloatStorage", count, offset = 0, shape, strides }: WrittenTensor): this {
    this.global("torch._utils", "_rebuild_tensor_v2").raw("((").text("storage").global("torch", storage);
    this.text(key).text("cpu").int(count).raw("tQ").int(offset).ints(shape).ints(strides);
    return this.raw(0x89).global("collections", "OrderedDict").raw(")RtR");
  }

  /** The pickle, ended. */
  done(): Uint8Array {
    return Uint8Array.from([...this.#bytes, 0x2e]);
  }
}

/** What a written tensor claims. */
export interface WrittenTensor {
  readonly key?: string;
  readonly storage?: string;
  readonly count: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** An entry of a written zip file; what is given beside name and data is written as it is, true or not. */
export interface WrittenEntry {
  readonly name: string;
  readonly data: Uint8Array | string;
  readonly flags?: number;
  readonly method?: number;
  /** Size that the directory claims. */
  readonly size?: number;
  /** Offset of the header that the directory claims. */
  readonly offset?: number;
  /** Writes sizes and offset as zip64 fields. */
  readonly zip64?: boolean;
}

/** A zip file of stored entries; the options change its last records. */
export function writeZip(
  entries: readonly WrittenEntry[],
  { count = entries.length, zip64 = false }: { count?: number; zip64?: boolean } = {},
): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: number[] = [];
  let position = 0;
  const write = (bytes: Uint8Array | readonly number[]): void => {
    chunks.push(Uint8Array.from(bytes));
    position += bytes.length;
  };
  for (const { name, data, flags = 0, method = 0, ...claimed } of entries) {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const nameBytes = [...new TextEncoder().encode(name)];
    const { size = bytes.length, offset = position } = claimed;
    const head = [...uint16(20), ...uint16(flags), ...uint16(method), 0, 0, 0, 0, 0, 0, 0, 0];
    const sizes = [...uint32(size), ...uint32(size), ...uint16(nameBytes.length)];
    write([...uint32(0x04034b50), ...head, ...sizes, 0, 0, ...nameBytes]);
    write(bytes);
    const wide = claimed.zip64 ? [...uint16(1), ...uint16(24), ...[size, size, offset].flatMap(uint64)] : [];
    const [shownSize, shownOffset] = claimed.zip64 ? [0xffffffff, 0xffffffff] : [size, offset];
    directory.push(...uint32(0x02014b50), ...uint16(20), ...head, ...uint32(shownSize), ...uint32(shownSize));
    directory.push(...uint16(nameBytes.length), ...uint16(wide.length), ...Array(10).fill(0), ...uint32(shownOffset));
    directory.push(...nameBytes, ...wide);
  }
  const start = position;
  write(directory);
  const end = position;
  if (zip64) {
    const numbers = [count, directory.length, start].flatMap(uint64);
    write([...uint32(0x06064b50), ...uint64(44), ...Array(20).fill(0), ...numbers]);
    write([...uint32(0x07064b50), 0, 0, 0, 0, ...uint64(end), ...uint32(1)]);
  }
  const [shownCount, shownSize, shownStart] = zip64
    ? [0xffff, 0xffffffff, 0xffffffff]
    : [count, directory.length, start];
  const counts = [...uint16(shownCount), ...uint16(shownCount)];
  write([...uint32(0x06054b50), 0, 0, 0, 0, ...counts, ...uint32(shownSize), ...uint32(shownStart), 0, 0]);
  return concatenate(chunks);
}

/** The bytes of all chunks, one after another. */
export function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** A checkpoint in PyTorch's zip format: the pickle and storages by key. */
export function writeTorchZip(
  pickle: PickleWriter,
  storages: Readonly<Record<string, Uint8Array>> = {},
  more: readonly WrittenEntry[] = [],
): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => ({ name: `x/data/${key}`, data: bytes }));
  return writeZip([{ name: "x/data.pkl", data: pickle.done() }, ...data, ...more]);
}

/** Little-endian bytes of a number. */
export function uint16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

/** Little-endian bytes of a number. */
export function uint32(value: number): number[] {
  return [...uint16(value & 0xffff), ...uint16(value >>> 16)];
}

/** Little-endian bytes of a number. */
export function uint64(value: number): number[] {
  return [...uint32(value % 2 ** 32), ...uint32(Math.floor(value / 2 ** 32))];
}
