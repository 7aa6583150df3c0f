/** The directory of a zip file whose entries are stored as they are: where each lies, and nothing unpacked. */
import type { Fail } from "./_fail.ts";
import type { ByteSource } from "./byte_source.ts";

/** Where an entry's bytes lie in the file. */
export interface ZipEntry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** An entry as the directory tells of it. */
interface Listed {
  readonly name: string;
  readonly size: number;
  readonly headerOffset: number;
}

const LOCAL_HEADER = 0x04034b50;
const LISTED_HEADER = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;

const LOCAL_BYTES = 30;
const LISTED_BYTES = 46;
const END_BYTES = 22;
const END_64_BYTES = 56;
const LOCATOR_BYTES = 20;
const MAX_COMMENT = 0xffff;
/** These stand for a number that is in a zip64 field instead. */
const ELSEWHERE_16 = 0xffff;
const ELSEWHERE_32 = 0xffffffff;
const ZIP64_FIELD = 1;
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;

/** Checkpoints have an entry per tensor: thousands at most. */
const MAX_ENTRIES = 100_000;
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;

/**
 * Reads the directory of a zip file, zip64 or not.
 *
 * Only what a program that writes tensors makes is accepted: entries are stored without compression or encryption, do
 * not overlap, lie within the file, come once each, and have plain relative names. Folders are left out. Checksums are
 * not compared.
 *
 * @returns the entries by name, in the order of the directory
 * @throws whatever `fail` does, with what was expected and found
 */
export async function readZipDirectory(source: ByteSource, fail: Fail): Promise<Map<string, ZipEntry>> {
  const { count, size, offset } = await findDirectory(source, fail);
  if (count > MAX_ENTRIES) fail(`expected a zip file of at most ${MAX_ENTRIES} entries, got ${count}`);
  if (size > MAX_DIRECTORY_BYTES) fail(`expected a zip directory of at most ${MAX_DIRECTORY_BYTES} bytes, got ${size}`);
  if (offset + size > source.size) {
    fail(`expected a zip directory within the file's ${source.size} bytes, got one that ends at byte ${offset + size}`);
  }
  const listed = parseDirectory(await source.read(offset, size), { count, fail });
  const entries = new Map<string, ZipEntry>();
  // In the order of the file, so that an overlap is one with the entry before.
  let cursor = 0;
  for (const entry of [...listed].sort((a, b) => a.headerOffset - b.headerOffset)) {
    if (entry.headerOffset < cursor) {
      fail(`entry "${entry.name}": expected to begin after the one before, got an overlap`);
    }
    const start = await dataOffset(entry, { source, fail });
    cursor = start + entry.size;
    if (cursor > offset) {
      fail(`entry "${entry.name}": expected to end before byte ${offset}, got ${entry.size} bytes from byte ${start}`);
    }
    entries.set(entry.name, { name: entry.name, offset: start, size: entry.size });
  }
  return new Map(listed.filter(({ name }) => !name.endsWith("/")).map(({ name }) => [name, entries.get(name)!]));
}

/** Where the directory lies, from the record at the file's end. */
async function findDirectory(
  source: ByteSource,
  fail: Fail,
): Promise<{ count: number; size: number; offset: number }> {
  const length = Math.min(source.size, END_BYTES + MAX_COMMENT);
  const tailStart = source.size - length;
  const tail = viewOf(await source.read(tailStart, length));
  let at = length - END_BYTES;
  while (at >= 0 && !(tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === length)) {
    at--;
  }
  if (at < 0) {
    return fail("expected the directory of a zip file at its end, got none: the file is cut short or damaged");
  }
  const directory = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
  };
  if (tail.getUint16(at + 4, true) % ELSEWHERE_16 !== 0) {
    fail("expected a zip file in one piece, got a part of several");
  }
  const isZip64 = directory.count === ELSEWHERE_16 || directory.size === ELSEWHERE_32 ||
    directory.offset === ELSEWHERE_32;
  return isZip64 ? await findDirectory64(source, { end: tailStart + at, fail }) : directory;
}

async function findDirectory64(
  source: ByteSource,
  { end, fail }: { end: number; fail: Fail },
): Promise<{ count: number; size: number; offset: number }> {
  const missing = (): never => fail("expected the zip64 record that the end of the file points to, got none");
  if (end < LOCATOR_BYTES) missing();
  const locator = viewOf(await source.read(end - LOCATOR_BYTES, LOCATOR_BYTES));
  const at = number64(locator, { at: 8, fail });
  if (locator.getUint32(0, true) !== LOCATOR_64 || at + END_64_BYTES > end) missing();
  const record = viewOf(await source.read(at, END_64_BYTES));
  if (record.getUint32(0, true) !== END_64) missing();
  return {
    count: number64(record, { at: 32, fail }),
    size: number64(record, { at: 40, fail }),
    offset: number64(record, { at: 48, fail }),
  };
}

function parseDirectory(bytes: Uint8Array, { count, fail }: { count: number; fail: Fail }): Listed[] {
  const view = viewOf(bytes);
  const listed: Listed[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + LISTED_BYTES > bytes.length || view.getUint32(at, true) !== LISTED_HEADER) {
      fail(`expected ${count} entries in the zip directory, got ${i}`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const end = at + LISTED_BYTES + nameBytes + extraBytes + commentBytes;
    if (end > bytes.length) fail(`expected ${count} entries in the zip directory, got one cut short`);
    const nameEnd = at + LISTED_BYTES + nameBytes;
    const name = new TextDecoder().decode(bytes.subarray(at + LISTED_BYTES, nameEnd));
    checkName(name, fail);
    if (names.has(name)) fail(`expected each zip entry once, got "${name}" twice`);
    names.add(name);
    const extra = viewOf(bytes.subarray(nameEnd, nameEnd + extraBytes));
    listed.push(parseListed(viewOf(bytes.subarray(at, at + LISTED_BYTES)), { name, extra, fail }));
    at = end;
  }
  return listed;
}

function parseListed(header: DataView, { name, extra, fail }: { name: string; extra: DataView; fail: Fail }): Listed {
  const entry = `entry "${name}"`;
  if ((header.getUint16(8, true) & ENCRYPTED) !== 0) fail(`${entry}: expected stored bytes, got encrypted ones`);
  const method = header.getUint16(10, true);
  if (method !== 0) {
    fail(`${entry}: expected stored bytes, got compressed ones (method ${method}); torch.save compresses nothing`);
  }
  // The zip64 field holds those of the three numbers that do not fit, in this order.
  const wide = zip64Field(extra);
  let used = 0;
  const number = (field: number): number => {
    const value = header.getUint32(field, true);
    if (value !== ELSEWHERE_32) return value;
    if (wide === undefined || used + 8 > wide.byteLength) return fail(`${entry}: expected a zip64 field, got none`);
    used += 8;
    return number64(wide, { at: used - 8, fail });
  };
  const size = number(24), storedSize = number(20), headerOffset = number(42);
  if (size !== storedSize) fail(`${entry}: expected stored bytes, got ${storedSize} for ${size}`);
  return { name, size, headerOffset };
}

function zip64Field(extra: DataView): DataView | undefined {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const size = extra.getUint16(at + 2, true);
    const start = at + 4;
    if (start + size > extra.byteLength) return undefined;
    if (extra.getUint16(at, true) === ZIP64_FIELD) return new DataView(extra.buffer, extra.byteOffset + start, size);
    at = start + size;
  }
  return undefined;
}

/** Nothing is ever written under these names, but a file that has such ones was made to harm. */
function checkName(name: string, fail: Fail): void {
  const isPlain = name !== "" && !/^[/\\]|^[a-z]:|[\0\\]/i.test(name) && !name.split("/").includes("..");
  if (!isPlain) fail(`expected plain relative names of zip entries, got ${JSON.stringify(name)}`);
}

/** Where the entry's own bytes begin: after its header, whose length only the header itself tells. */
async function dataOffset(
  { name, headerOffset, size }: Listed,
  { source, fail }: { source: ByteSource; fail: Fail },
): Promise<number> {
  if (headerOffset + LOCAL_BYTES + size > source.size) {
    fail(`entry "${name}": expected ${size} bytes within the file's ${source.size}, got a file cut short`);
  }
  const header = viewOf(await source.read(headerOffset, LOCAL_BYTES));
  if (header.getUint32(0, true) !== LOCAL_HEADER || header.getUint16(8, true) !== 0) {
    fail(`entry "${name}": expected the header of a stored entry at byte ${headerOffset}, got something else`);
  }
  return headerOffset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function number64(view: DataView, { at, fail }: { at: number; fail: Fail }): number {
  const value = view.getBigUint64(at, true);
  return value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : fail(`expected sizes of a real file in a zip, got ${value}`);
}
