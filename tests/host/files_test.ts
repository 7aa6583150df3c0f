import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  appendLine,
  exists,
  listNiftiFiles,
  makeFolder,
  openFile,
  prune,
  readFile,
  readFilePrefix,
  readText,
  remove,
  tryLock,
  writeFileAtomic,
} from "../../lib/host/files.ts";

/** Runs a task in a folder that is gone afterwards. */
async function inFolder(task: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await task(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

const AS_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;

Deno.test("writeFileAtomic() writes bytes and text, replaces what was there and leaves nothing beside it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.bin`;
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    deepEqual(await readFile(path), Uint8Array.of(1, 2, 3));
    await writeFileAtomic(path, "höher");
    equal(await readText(path), "höher");
    deepEqual(await namesIn(folder), ["a.bin"]);
  }));

Deno.test("writeFileAtomic() keeps the target and removes its temporary file when it fails", () =>
  inFolder(async (folder) => {
    await makeFolder(`${folder}/taken/inside`);
    await rejects(writeFileAtomic(`${folder}/taken`, "x"), { message: new RegExp(`^Cannot write ${folder}/taken: `) });
    deepEqual(await namesIn(folder), ["taken"]);
    deepEqual(await namesIn(`${folder}/taken`), ["inside"]);
    await rejects(writeFileAtomic(`${folder}/none/a.bin`, "x"), {
      message: `Cannot write ${folder}/none/a.bin: expected an existing folder to write in, got none`,
    });
  }));

Deno.test("writeFileAtomic() writes chunks as they are made and leaves nothing when one cannot be made", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.bin`;
    await writeFileAtomic(path, [Uint8Array.of(1), Uint8Array.of(2, 3)]);
    deepEqual(await readFile(path), Uint8Array.of(1, 2, 3));
    async function* chunks({ fails }: { fails: boolean }): AsyncGenerator<Uint8Array, void, void> {
      yield Uint8Array.of(7);
      equal((await namesIn(folder)).length, 2);
      if (fails) throw new Error("no more");
      yield Uint8Array.of(8, 9);
    }
    await writeFileAtomic(path, chunks({ fails: false }));
    deepEqual(await readFile(path), Uint8Array.of(7, 8, 9));
    await rejects(writeFileAtomic(path, chunks({ fails: true })), { message: `Cannot write ${path}: no more` });
    deepEqual(await readFile(path), Uint8Array.of(7, 8, 9));
    deepEqual(await namesIn(folder), ["a.bin"]);
  }));

Deno.test("openFile() reads ranges in any order, several at once, and names the file where there is nothing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a`;
    const content = Uint8Array.from({ length: 5_000_000 }, (_, i) => i % 251);
    await writeFileAtomic(path, content);
    using file = await openFile(path);
    equal(file.size, content.length);
    const ranges = [[4_999_990, 10], [0, 4_500_000], [3, 0], [1000, 5]];
    const read = await Promise.all(ranges.map(([offset, length]) => file.read(offset, length)));
    ranges.forEach(([offset, length], i) => deepEqual(read[i], content.subarray(offset, offset + length)));
    await rejects(file.read(4_999_999, 2), {
      message: `Cannot read ${path}: expected 2 bytes from byte 4999999, got 1`,
    });
    deepEqual(await file.read(1, 2), Uint8Array.of(1, 2));
    await rejects(openFile(`${folder}/none`), {
      message: `Cannot read ${folder}/none: expected an existing file or folder, got none`,
    });
  }));

Deno.test("readFilePrefix() reads no more than asked for and no more than there is", () =>
  inFolder(async (folder) => {
    await writeFileAtomic(`${folder}/a`, Uint8Array.of(5, 6, 7));
    deepEqual(await readFilePrefix(`${folder}/a`, 2), Uint8Array.of(5, 6));
    deepEqual(await readFilePrefix(`${folder}/a`, 9), Uint8Array.of(5, 6, 7));
  }));

Deno.test("readFile(), readFilePrefix() and listNiftiFiles() name a path that is missing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/none`;
    const reason = "expected an existing file or folder, got none";
    await rejects(readFile(path), { message: `Cannot read ${path}: ${reason}` });
    await rejects(readFilePrefix(path, 4), { message: `Cannot read ${path}: ${reason}` });
    await rejects(listNiftiFiles(path), { message: `Cannot list ${path}: ${reason}` });
  }));

Deno.test("exists() knows files and folders, also below a file", () =>
  inFolder(async (folder) => {
    await writeFileAtomic(`${folder}/a`, "");
    deepEqual(
      [await exists(folder), await exists(`${folder}/a`), await exists(`${folder}/b`), await exists(`${folder}/a/b`)],
      [true, true, false, false],
    );
  }));

/** Deno itself makes links only with unscoped write permission, which tests do not have. */
async function link(target: string, path: string): Promise<void> {
  const { success } = await new Deno.Command("ln", { args: ["-s", target, path] }).output();
  if (!success) throw new Error(`Cannot link ${path} to ${target}`);
}

Deno.test({
  name: "listNiftiFiles() follows links once, sorts, and leaves hidden and other files out (needs ln: not on Windows)",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await makeFolder(`${folder}/cohort/b`);
      await makeFolder(`${folder}/cohort/.cache`);
      await makeFolder(`${folder}/elsewhere/c.nii`);
      const files = ["b/x_t1.nii", "B.NII.GZ", "b/._x_t1.nii", ".cache/y.nii", "notes.txt", "b/z.nii.gz.md5"];
      for (const file of files) await writeFileAtomic(`${folder}/cohort/${file}`, "");
      await writeFileAtomic(`${folder}/elsewhere/c.nii/w_t2.nii.gz`, "");
      await link(`${folder}/elsewhere`, `${folder}/cohort/link`);
      await link(`${folder}/cohort`, `${folder}/cohort/b/up`);
      await link(`${folder}/gone`, `${folder}/cohort/dangling.nii`);
      const found = ["B.NII.GZ", "b/x_t1.nii", "dangling.nii", "link/c.nii/w_t2.nii.gz"];
      deepEqual(await listNiftiFiles(`${folder}/cohort`), found);
      deepEqual(await listNiftiFiles(`${folder}/cohort/`), found);
    }),
});

Deno.test("appendLine() makes the file and adds whole lines, flushed or not", () =>
  inFolder(async (folder) => {
    const path = `${folder}/metrics.jsonl`;
    await appendLine(path, '{"step":1}');
    await appendLine(path, '{"step":2}', { flush: true });
    equal(await readText(path), '{"step":1}\n{"step":2}\n');
    await rejects(appendLine(path, "a\nb"), {
      name: "RangeError",
      message: `Cannot write ${path}: expected one line, got 2`,
    });
  }));

Deno.test("remove() deletes files and folders and does nothing where there is none", () =>
  inFolder(async (folder) => {
    await makeFolder(`${folder}/a/b`);
    await remove(`${folder}/a`);
    await remove(`${folder}/a`);
    deepEqual(await namesIn(folder), []);
  }));

Deno.test("prune() keeps the last matching names", () =>
  inFolder(async (folder) => {
    for (const name of ["step-003", "step-001", "step-010", "best"]) await makeFolder(`${folder}/${name}`);
    deepEqual(await prune(folder, { keep: 2, matching: /^step-/ }), ["step-001"]);
    deepEqual(await prune(folder, { keep: 2, matching: /^step-/ }), []);
    deepEqual(await namesIn(folder), ["best", "step-003", "step-010"]);
  }));

Deno.test("tryLock() gives a lock to one at a time", () =>
  inFolder(async (folder) => {
    const path = `${folder}/work.lock`;
    const first = await tryLock(path);
    equal(first === undefined, false);
    equal(await tryLock(path), undefined);
    first![Symbol.dispose]();
    using second = await tryLock(path);
    equal(second === undefined, false);
    await rejects(tryLock(`${folder}/none/work.lock`), {
      message: `Cannot write ${folder}/none/work.lock: expected an existing folder to write in, got none`,
    });
  }));

Deno.test({
  name: `files refused by the operating system are named${AS_ROOT ? " (ignored: nothing is refused to root)" : ""}`,
  ignore: AS_ROOT,
  fn: () =>
    inFolder(async (folder) => {
      await writeFileAtomic(`${folder}/a`, "x");
      await Deno.chmod(`${folder}/a`, 0);
      await rejects(readFile(`${folder}/a`), {
        message: `Cannot read ${folder}/a: expected access, got permission denied by the operating system`,
      });
    }),
});

Deno.test({
  name: "readFile() and writeFileAtomic() name the Deno permission that is missing",
  permissions: { read: false, write: false },
  fn: async () => {
    const message = (verb: string, kind: string): string =>
      `Cannot ${verb} /a/b: expected the Deno permission --allow-${kind}=/a/b ` +
      `(or ${kind} in a permission set of deno.json), got none`;
    await rejects(readFile("/a/b"), { message: message("read", "read") });
    await rejects(exists("/a/b"), { message: message("read", "read") });
    await rejects(remove("/a/b"), { message: message("remove", "write") });
    await rejects(writeFileAtomic("/a/b", ""), { message: message("write", "write") });
  },
});
