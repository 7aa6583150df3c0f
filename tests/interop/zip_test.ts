import assert from "node:assert/strict";
import { CheckpointError } from "../../lib/errors.ts";
import { failureOf } from "../../lib/interop/_fail.ts";
import { bytesSource } from "../../lib/interop/mod.ts";
import { readZipDirectory, type ZipEntry } from "../../lib/interop/zip.ts";
import { writeZip, type WrittenEntry } from "./_pickle_writer.ts";

function readDirectory(bytes: Uint8Array): Promise<Map<string, ZipEntry>> {
  return readZipDirectory(bytesSource(bytes), failureOf("w.pt"));
}

async function contents(bytes: Uint8Array): Promise<[string, string][]> {
  const entries = await readDirectory(bytes);
  const text = new TextDecoder();
  return [...entries].map(([name, { offset, size }]) => [name, text.decode(bytes.subarray(offset, offset + size))]);
}

async function refused(bytes: Uint8Array, reason: string | RegExp): Promise<void> {
  await assert.rejects(readDirectory(bytes), (error) => {
    assert(error instanceof CheckpointError);
    if (typeof reason === "string") assert.equal(error.message, `Cannot read w.pt: ${reason}`);
    else assert.match(error.message, reason);
    return true;
  });
}

const PLAIN: WrittenEntry[] = [{ name: "x/", data: "" }, { name: "x/b", data: "bytes" }, { name: "x/a", data: "" }];
const FOUND = [["x/b", "bytes"], ["x/a", ""]];

Deno.test("readZipDirectory() finds stored entries and leaves folders out", async () => {
  assert.deepEqual(await contents(writeZip(PLAIN)), FOUND);
});

Deno.test("readZipDirectory() reads zip64 fields and records", async () => {
  assert.deepEqual(await contents(writeZip(PLAIN.map((entry) => ({ ...entry, zip64: true })))), FOUND);
  assert.deepEqual(await contents(writeZip(PLAIN, { zip64: true })), FOUND);
});

Deno.test("readZipDirectory() finds the directory before a comment", async () => {
  const bytes = writeZip(PLAIN);
  const commented = new Uint8Array(bytes.length + 4);
  commented.set(bytes);
  commented.set(new TextEncoder().encode("PK\x05\x06"), bytes.length);
  commented[bytes.length - 2] = 4;
  assert.deepEqual(await contents(commented), FOUND);
});

const one = (entry: Partial<WrittenEntry>): Uint8Array => writeZip([{ name: "x/a", data: "abc", ...entry }]);

const REFUSED: readonly { title: string; bytes: Uint8Array; reason: string | RegExp }[] = [
  {
    title: "a compressed entry",
    bytes: one({ method: 8 }),
    reason: 'entry "x/a": expected stored bytes, got compressed ones (method 8); torch.save compresses nothing',
  },
  {
    title: "an encrypted entry",
    bytes: one({ flags: 1 }),
    reason: 'entry "x/a": expected stored bytes, got encrypted ones',
  },
  {
    title: "an entry that claims 10 GB",
    bytes: one({ size: 1e10, zip64: true }),
    reason: /^Cannot read w.pt: entry "x\/a": expected 10000000000 bytes within the file's \d+, got a file cut short$/,
  },
  {
    title: "an entry that reaches into the directory",
    bytes: one({ size: 20 }),
    reason: 'entry "x/a": expected to end before byte 36, got 20 bytes from byte 33',
  },
  {
    title: "entries that overlap",
    bytes: writeZip([{ name: "x/a", data: "abc" }, { name: "x/b", data: "de", offset: 0 }]),
    reason: /entry "x\/[ab]": expected to begin after the one before, got an overlap$/,
  },
  {
    title: "an entry whose header is not there",
    bytes: one({ offset: 2 }),
    reason: 'entry "x/a": expected the header of a stored entry at byte 2, got something else',
  },
  {
    title: "a name that comes twice",
    bytes: writeZip([{ name: "x/a", data: "1" }, { name: "x/a", data: "2" }]),
    reason: 'expected each zip entry once, got "x/a" twice',
  },
  {
    title: "fewer entries than it claims",
    bytes: writeZip([{ name: "x/a", data: "1" }], { count: 3 }),
    reason: "expected 3 entries in the zip directory, got 1",
  },
  {
    title: "an absurd number of entries",
    bytes: writeZip([{ name: "x/a", data: "1" }], { count: 1e9, zip64: true }),
    reason: "expected a zip file of at most 100000 entries, got 1000000000",
  },
  {
    title: "no directory",
    bytes: new Uint8Array(100),
    reason: "expected the directory of a zip file at its end, got none: the file is cut short or damaged",
  },
  {
    title: "nothing at all",
    bytes: new Uint8Array(0),
    reason: "expected the directory of a zip file at its end, got none: the file is cut short or damaged",
  },
];

for (const { title, bytes, reason } of REFUSED) {
  Deno.test(`readZipDirectory() refuses ${title}`, () => refused(bytes, reason));
}

for (const name of ["../x", "x/../../y", "/etc/passwd", "\\x", "x\\y", "C:x", "x\0", ""]) {
  Deno.test(`readZipDirectory() refuses an entry named ${JSON.stringify(name)}`, () => {
    return refused(one({ name }), `expected plain relative names of zip entries, got ${JSON.stringify(name)}`);
  });
}

Deno.test("readZipDirectory() refuses a file cut short anywhere", async () => {
  const bytes = writeZip(PLAIN, { zip64: true });
  for (let length = 0; length < bytes.length; length++) {
    await refused(bytes.subarray(0, length), /^Cannot read w\.pt: /);
  }
});
