/** The folder of prepared subjects: several processes write to it at once, and any of them may be killed at any time. */
import { createHash } from "node:crypto";
import {
  differencesBetween,
  formatPrepared,
  type GroupFile,
  makeManifest,
  MANIFEST_FILE,
  parseManifest,
  parsePlan,
  parseSubjectMetadata,
  type PendingAttributes,
  PLAN_FILE,
  plannedSubjects,
  type PreparedManifest,
  type PrepareParameters,
  type PreparePlan,
  type Subject,
  subjectFolder,
  subjectMetadata,
} from "../dataset/mod.ts";
import { ConfigError, messageOf } from "../errors.ts";
import type { Affine } from "../geometry.ts";
import { attempt } from "./_host_error.ts";
import { exists, flushFolder, listNames, makeFolder, readFile, readText, remove, writeFileAtomic } from "./files.ts";

const SUBJECTS = "subjects";
const QUARANTINE = "quarantine";
const GROUP = JSON.stringify({ zarr_format: 3, node_type: "group", attributes: {} }, null, 2) + "\n";

/** A stored file that is not what it was. */
export interface DamagedFile {
  readonly id: string;
  readonly reason: string;
}

/**
 * `plan.json` what is to be prepared · `subjects/ID/` a Zarr group each, complete from the moment it is there ·
 * `quarantine/ID.json` why a subject is not there · `manifest.json` all of it, once every subject is one or the other.
 */
export class PreparedFolder {
  /** Path of the folder. */
  readonly path: string;

  /** Opens a folder; nothing is read yet. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Starts or continues the work on a plan. Subjects may have come or gone since the last time; options may not differ.
   *
   * @throws {ConfigError} when the folder holds subjects that were prepared with other options, or other files
   */
  async begin(plan: PreparePlan): Promise<void> {
    const { path } = this;
    const file = `${path}/${PLAN_FILE}`;
    const text = formatPrepared(plan);
    await makeFolder(`${path}/${SUBJECTS}`);
    await makeFolder(`${path}/${QUARANTINE}`);
    if (await exists(file)) {
      const before = await readText(file);
      if (before === text) return;
      checkContinued(parsePlan(before, file), { plan, path });
    } else if ((await listNames(`${path}/${SUBJECTS}`, /./)).length > 0) {
      throw new ConfigError(`Cannot prepare in ${path}: expected a new folder or a ${PLAN_FILE} in it, found neither`);
    }
    // What the manifest says is no longer all there is to say.
    await remove(`${path}/${MANIFEST_FILE}`);
    for (const folder of [path, `${path}/${SUBJECTS}`]) await writeFileAtomic(`${folder}/zarr.json`, GROUP);
    await writeFileAtomic(file, text);
  }

  /** Removes what killed processes of one name left half-written. */
  async sweep(tag: string): Promise<void> {
    const folder = `${this.path}/${SUBJECTS}`;
    const names = await attempt({ verb: "list", path: folder }, () => Array.fromAsync(Deno.readDir(folder)));
    for (const { name } of names) if (name.startsWith(temporaryName(tag))) await remove(`${folder}/${name}`);
  }

  /** Hash of a subject's metadata; undefined while it is not there. */
  async hashOf(id: string): Promise<string | undefined> {
    const file = `${this.#folderOf(id)}/zarr.json`;
    return await exists(file) ? sha256(await readFile(file)) : undefined;
  }

  /**
   * Puts a subject into its place, whole: files are flushed to the disk before their folder gets its name.
   *
   * @param options.tag name of the writer, so that others leave its unfinished folder alone
   */
  async publish(
    { attributes, files }: { attributes: PendingAttributes; files: readonly GroupFile[] },
    { tag }: { tag: string },
  ): Promise<void> {
    const { id } = attributes;
    const folder = this.#folderOf(id);
    const temporary = `${this.path}/${SUBJECTS}/${temporaryName(tag)}${subjectFolder(id)}`;
    const hashes = Object.fromEntries(files.map(({ name, bytes }) => [name, sha256(bytes)]));
    const metadata = new TextEncoder().encode(subjectMetadata({ ...attributes, sha256: hashes }));
    await remove(temporary);
    for (const { name, bytes } of [...files, { name: "zarr.json", bytes: metadata }]) {
      const path = `${temporary}/${name}`;
      await makeFolder(path.slice(0, path.lastIndexOf("/")));
      await attempt({ verb: "write", path }, () => writeAndFlush(path, bytes));
    }
    try {
      await attempt({ verb: "write", path: folder }, () => Deno.rename(temporary, folder));
    } catch (error) {
      // Where another process was faster, its folder holds the same.
      if (!await exists(`${folder}/zarr.json`)) throw error;
      await remove(temporary);
    }
    await flushFolder(`${this.path}/${SUBJECTS}`);
    await remove(this.#quarantineFile(id));
  }

  /** Notes why a subject cannot be prepared. */
  quarantine(id: string, reason: string): Promise<void> {
    return writeFileAtomic(this.#quarantineFile(id), JSON.stringify({ id, reason }, null, 2) + "\n");
  }

  /** Reasons by subject. */
  async quarantined(subjects: readonly Subject[]): Promise<Map<string, string>> {
    const names = new Set(await listNames(`${this.path}/${QUARANTINE}`, /\.json$/));
    const reasons = new Map<string, string>();
    for (const { id } of subjects) {
      if (!names.has(`${subjectFolder(id)}.json`)) continue;
      reasons.set(id, JSON.parse(await readText(this.#quarantineFile(id))).reason);
    }
    return reasons;
  }

  /**
   * Writes the manifest if every subject of the plan is there or in quarantine.
   *
   * @returns undefined while subjects are missing
   */
  async finish(plan: PreparePlan): Promise<PreparedManifest | undefined> {
    const subjects = plannedSubjects(plan);
    const hashes = new Map<string, string>();
    for (const { id } of subjects) {
      const hash = await this.hashOf(id);
      if (hash !== undefined) hashes.set(id, hash);
    }
    const quarantine = new Map([...await this.quarantined(subjects)].filter(([id]) => !hashes.has(id)));
    if (hashes.size + quarantine.size < subjects.length) return undefined;
    const manifest = makeManifest(plan, { sha256: hashes, quarantine });
    await this.sweep("");
    const file = `${this.path}/${MANIFEST_FILE}`;
    const text = formatPrepared(manifest);
    if (!await exists(file) || await readText(file) !== text) await writeFileAtomic(file, text);
    return manifest;
  }

  /** True when a folder was made here, finished or not. */
  isPrepared(): Promise<boolean> {
    return exists(`${this.path}/${PLAN_FILE}`);
  }

  /**
   * Reads the manifest.
   *
   * @throws {ConfigError} when the work is not finished
   */
  async readManifest(): Promise<{ manifest: PreparedManifest; hash: string }> {
    const file = `${this.path}/${MANIFEST_FILE}`;
    if (!await exists(file)) {
      throw new ConfigError(
        `Cannot use ${this.path}: expected all of its subjects to be prepared, found no ${MANIFEST_FILE}; ` +
          "go on with the deno task prepare that started it",
      );
    }
    const bytes = await readFile(file);
    return { manifest: parseManifest(new TextDecoder().decode(bytes), file), hash: sha256(bytes) };
  }

  /** Compares all files of a subject with the hashes of the manifest. */
  async damageOf(id: string, expected: string): Promise<DamagedFile | undefined> {
    const folder = this.#folderOf(id);
    try {
      const metadata = await readFile(`${folder}/zarr.json`);
      if (sha256(metadata) !== expected) return { id, reason: `${folder}/zarr.json has changed` };
      const { sha256: hashes } = parseSubjectMetadata(new TextDecoder().decode(metadata), folder);
      for (const [name, hash] of Object.entries(hashes)) {
        if (sha256(await readFile(`${folder}/${name}`)) !== hash) {
          return { id, reason: `${folder}/${name} has changed` };
        }
      }
      return undefined;
    } catch (error) {
      return { id, reason: messageOf(error) };
    }
  }

  /**
   * Voxel → world mm of a prepared subject.
   *
   * @throws {VolumeError} when it is not there
   */
  async affineOf(id: string): Promise<Affine> {
    const folder = this.#folderOf(id);
    return parseSubjectMetadata(await readText(`${folder}/zarr.json`), folder).affine;
  }

  /** Takes a subject out, so that it is prepared again. */
  async discard(id: string): Promise<void> {
    await remove(this.#folderOf(id));
    await remove(`${this.path}/${MANIFEST_FILE}`);
  }

  #folderOf(id: string): string {
    return `${this.path}/${SUBJECTS}/${subjectFolder(id)}`;
  }

  #quarantineFile(id: string): string {
    return `${this.path}/${QUARANTINE}/${subjectFolder(id)}.json`;
  }
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Hidden, so that nobody takes it for a subject. */
function temporaryName(tag: string): string {
  return tag === "" ? ".tmp-" : `.tmp-${tag}-`;
}

async function writeAndFlush(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
  await file.sync();
}

/** Other options would mix two kinds of subjects; other files of a subject would go unnoticed. */
function checkContinued(before: PreparePlan, { plan, path }: { plan: PreparePlan; path: string }): void {
  const differences = differencesBetween(before.parameters, plan.parameters);
  const storages = [before, plan].map(({ parameters }: { parameters: PrepareParameters }) => parameters.storage);
  if (storages[0] !== storages[1]) differences.push({ path: "storage", made: storages[0], asked: storages[1] });
  if (differences.length > 0) {
    throw new ConfigError(
      `Cannot prepare in ${path}: it was started with other options:` +
        differences.map(({ path, made, asked }) => `\n  ${path}: started with ${made}, asked for ${asked}`).join(""),
    );
  }
  const filesOf = ({ images, label }: Subject): string => JSON.stringify([images, label]);
  const known = new Map(plannedSubjects(before).map((subject) => [subject.id, filesOf(subject)]));
  const changed = plannedSubjects(plan).find((subject) => {
    return known.has(subject.id) && known.get(subject.id) !== filesOf(subject);
  });
  if (changed !== undefined) {
    throw new ConfigError(
      `Cannot prepare in ${path}: expected subject ${changed.id} with the files it was started with, got others`,
    );
  }
}
