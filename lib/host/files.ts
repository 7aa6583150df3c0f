/** Files on the machine: every read and write of the toolkit, with writes that survive a crash. */
import type { ByteSource } from "../interop/mod.ts";
import { attempt } from "./_host_error.ts";

/**
 * Reads a whole file.
 *
 * @throws {Error} when the file is missing or may not be read; the message names the path and what to change
 */
export function readFile(path: string): Promise<Uint8Array> {
  return attempt({ verb: "read", path }, () => Deno.readFile(path));
}

/**
 * Reads a whole file as UTF-8 text.
 *
 * @throws {Error} as {@link readFile} does
 */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFile(path));
}

/**
 * Reads up to `byteCount` bytes from the start of a file.
 *
 * @throws {Error} as {@link readFile} does
 */
export function readFilePrefix(path: string, byteCount: number): Promise<Uint8Array> {
  return attempt({ verb: "read", path }, async () => {
    using file = await Deno.open(path, { read: true });
    const bytes = new Uint8Array(byteCount);
    let length = 0;
    while (length < byteCount) {
      const count = await file.read(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
    return bytes.subarray(0, length);
  });
}

/** An open file. */
export interface OpenFile extends ByteSource, Disposable {}

/**
 * Opens a file to be read piece by piece, so that its size does not matter. Reads that are under way at once wait for
 * one another.
 *
 * @throws {Error} as {@link readFile} does; while reading, when the file has become shorter
 */
export async function openFile(path: string): Promise<OpenFile> {
  const file = await attempt({ verb: "read", path }, () => Deno.open(path, { read: true }));
  const { size } = await attempt({ verb: "read", path }, () => file.stat());
  let last: Promise<unknown> = Promise.resolve();
  return {
    size,
    read: (offset, length) => {
      const task = (): Promise<Uint8Array> => attempt({ verb: "read", path }, () => readRange(file, offset, length));
      const reading = last.then(task, task);
      last = reading.catch(() => {});
      return reading;
    },
    [Symbol.dispose]: () => file.close(),
  };
}

async function readRange(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = await file.read(bytes.subarray(done, done + LARGEST_READ));
    if (count === null) throw new Error(`expected ${length} bytes from byte ${offset}, got ${done}`);
    done += count;
  }
  return bytes;
}

/** Deno copies what is read through a buffer of the size that is asked for at once. */
const LARGEST_READ = 4 * 2 ** 20;

/**
 * True when there is a file or folder at the path.
 *
 * @throws {Error} when that may not be known
 */
export function exists(path: string): Promise<boolean> {
  return attempt({ verb: "read", path }, async () => {
    try {
      await Deno.stat(path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  });
}

/**
 * Makes a folder and those above it; nothing happens where it exists.
 *
 * @throws {Error} when it may not be made
 */
export function makeFolder(path: string): Promise<void> {
  return attempt({ verb: "write", path }, () => Deno.mkdir(path, { recursive: true }));
}

/**
 * Lists the `.nii` and `.nii.gz` files under a folder.
 *
 * Links are followed, each folder once, so a link to a folder above does not loop. A dangling link is listed, so that
 * reading it reports it. Hidden files and folders (macOS leaves `._scan.nii.gz` behind) are left out.
 *
 * @returns paths relative to the folder, separated by `/`, sorted
 * @throws {Error} when a folder is missing or may not be read
 */
export async function listNiftiFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const visited = new Set<string>();
  const waiting = [""];
  for (let done = 0; done < waiting.length;) {
    const wave = waiting.slice(done, done + PARALLEL_FOLDERS);
    done += wave.length;
    const reals = await Promise.all(wave.map((relative) => realFolder(joinPath(folder, relative))));
    const fresh = wave.filter((_, i) => !visited.has(reals[i]) && visited.add(reals[i]));
    const contents = await Promise.all(fresh.map((relative) => listFolder(joinPath(folder, relative))));
    contents.forEach((entries, i) => {
      for (const { name, isDirectory } of entries) {
        const child = joinPath(fresh[i], name);
        if (isDirectory) waiting.push(child);
        else if (/\.nii(\.gz)?$/i.test(name)) found.push(child);
      }
    });
  }
  return found.sort();
}

/** Folders listed at once: hides the latency of a network file system. */
const PARALLEL_FOLDERS = 16;

function realFolder(path: string): Promise<string> {
  return attempt({ verb: "list", path }, () => Deno.realPath(path));
}

function listFolder(path: string): ReturnType<typeof readFolder> {
  return attempt({ verb: "list", path }, () => readFolder(path));
}

/** The entries that are not hidden, sorted, links replaced by what they lead to. */
async function readFolder(path: string): Promise<{ name: string; isDirectory: boolean }[]> {
  const entries = (await Array.fromAsync(Deno.readDir(path))).filter(({ name }) => !name.startsWith("."));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(entries.map(async ({ name, isDirectory, isSymlink }) => {
    const target = isSymlink ? await Deno.stat(joinPath(path, name)).catch(() => undefined) : undefined;
    return { name, isDirectory: target?.isDirectory ?? isDirectory };
  }));
}

/** Text, bytes, or chunks of bytes, which may be made while they are written. */
export type FileContent = string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that a crash leaves either the old content or the new, never a part.
 *
 * The content goes to a temporary name in the same folder, is flushed to the disk and renamed over the target; then the
 * folder is flushed where the platform allows. An existing file is replaced; a failed write leaves no temporary file.
 *
 * @param content chunks need not fit into memory together
 * @throws {Error} when the folder is missing, may not be written to, or the disk is full
 */
export function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const { folder, name } = splitPath(path);
  const temporary = joinPath(folder, `.${name}.${crypto.randomUUID()}.tmp`);
  const whole = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const chunks = whole instanceof Uint8Array ? [whole] : whole;
  return attempt({ verb: "write", path }, async () => {
    try {
      await writeAndFlush(temporary, { chunks, mode: { createNew: true } });
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
    await flushFolder(folder || ".");
  });
}

/**
 * Appends one line to a text file, such as a record to a `.jsonl`; the file is made when it is not there.
 *
 * @param line the text without its line break
 * @param options `flush`: wait until the line is on the disk, so that it survives a power failure
 * @throws {RangeError} when the text holds a line break
 * @throws {Error} as {@link writeFileAtomic} does
 */
export async function appendLine(path: string, line: string, options: { flush?: boolean } = {}): Promise<void> {
  if (line.includes("\n")) {
    throw new RangeError(`Cannot write ${path}: expected one line, got ${line.split("\n").length}`);
  }
  const bytes = new TextEncoder().encode(line + "\n");
  await attempt({ verb: "write", path }, () => {
    return writeAndFlush(path, {
      chunks: [bytes],
      mode: { append: true, create: true },
      flush: options.flush ?? false,
    });
  });
}

/**
 * Waits until what was written to a file is on the disk.
 *
 * @throws {Error} when there is no such file
 */
export function flushFile(path: string): Promise<void> {
  return attempt({ verb: "write", path }, async () => {
    using file = await Deno.open(path, { append: true });
    await file.sync();
  });
}

/**
 * Lists the names in a folder that match, sorted.
 *
 * @throws {Error} when the folder is missing or may not be read
 */
export async function listNames(folder: string, matching: RegExp): Promise<string[]> {
  const entries = await attempt({ verb: "list", path: folder }, () => readFolder(folder));
  return entries.map(({ name }) => name).filter((name) => matching.test(name));
}

/**
 * Removes a file, or a folder with all it holds; nothing happens where there is none.
 *
 * @throws {Error} when it may not be removed
 */
export function remove(path: string): Promise<void> {
  return attempt({ verb: "remove", path }, async () => {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  });
}

/**
 * Removes all but the last `keep` of a folder's entries whose names match, in the order of their names.
 *
 * @returns the names removed, sorted
 * @throws {Error} when the folder is missing or an entry may not be removed
 */
export async function prune(folder: string, options: { keep: number; matching: RegExp }): Promise<string[]> {
  const names = await listNames(folder, options.matching);
  const surplus = names.slice(0, Math.max(0, names.length - options.keep));
  for (const name of surplus) await remove(joinPath(folder, name));
  return surplus;
}

async function writeAndFlush(
  path: string,
  { chunks, mode, flush = true }: {
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
    mode: Deno.OpenOptions;
    flush?: boolean;
  },
): Promise<void> {
  using file = await Deno.open(path, { write: true, ...mode });
  for await (const bytes of chunks) {
    for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
  }
  if (flush) await file.sync();
}

/** Makes a rename durable. Windows opens no folders, and some network file systems flush none: the rename stands. */
export async function flushFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path, { read: true });
    await folder.sync();
  } catch {
    // Nothing more can be asked of this platform.
  }
}

function splitPath(path: string): { folder: string; name: string } {
  const cut = Math.max(path.lastIndexOf("/"), Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1);
  return { folder: path.slice(0, cut < 0 ? 0 : Math.max(cut, 1)), name: path.slice(cut + 1) };
}

function joinPath(folder: string, name: string): string {
  if (folder === "" || name === "") return folder + name;
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

/**
 * Takes a lock that other processes respect; it ends with the process, however that ends.
 *
 * @param path file of the lock; it is made when it is not there, and stays
 * @returns what gives the lock back; undefined while another process has it
 * @throws {Error} when the file may not be written
 */
export async function tryLock(path: string): Promise<Disposable | undefined> {
  const file = await attempt({ verb: "write", path }, () => Deno.open(path, { create: true, write: true }));
  if (await file.tryLock(true)) return { [Symbol.dispose]: () => file.close() };
  file.close();
  return undefined;
}
