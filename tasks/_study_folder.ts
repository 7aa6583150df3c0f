/** The folder of a study: what was asked for, one file per cell, and the results. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { resolveFile, type Subject } from "../lib/dataset/mod.ts";
import { CheckpointError, ConfigError, DatalistError } from "../lib/errors.ts";
import { exists, makeFolder, readFile, readText, RunFolder, writeFileAtomic } from "../lib/host/mod.ts";
import { timestamp } from "./_command_line.ts";
import { type CaseScores, caseScoresSchema } from "./_study_cases.ts";

/** Name and version of the code that computes. */
export async function codeVersion(): Promise<string> {
  const { name, version } = JSON.parse(await readText(fileURLToPath(new URL("../deno.json", import.meta.url))));
  return `${name} ${version}`;
}

/** What decides the numbers of a study: a folder holds those of one setting. */
export type StudySettings = Readonly<Record<string, unknown>>;

const cellSchema = z.looseObject({ cases: z.array(caseScoresSchema) });

/** A study's files: `run.json`, `cells/NAME.json`, and whatever else it writes. */
export class StudyFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens a folder, or makes it.
   *
   * @param options.settings must be those that the study was started with
   * @param options.about what else run.json says
   * @throws {ConfigError} when the folder holds something else, or a study with other settings
   */
  static async open(
    path: string,
    { kind, settings, about }: { kind: string; settings: StudySettings; about: StudySettings },
  ): Promise<StudyFolder> {
    if (await exists(`${path}/run.json`)) {
      checkSettings(path, { kind, settings, found: await RunFolder.readDescription(path, { verb: "go on in" }) });
    } else {
      await makeFolder(path);
      await writeFileAtomic(`${path}/run.json`, jsonText({ kind, settings, ...about }));
    }
    await makeFolder(`${path}/cells`);
    return new StudyFolder(path);
  }

  /** Scores of a cell that is done; undefined for one that is not. */
  async readCell(name: string): Promise<CaseScores[] | undefined> {
    const file = `${this.path}/cells/${name}.json`;
    if (!await exists(file)) return undefined;
    const parsed = cellSchema.safeParse(parseJson(await readText(file), file));
    if (parsed.success) return parsed.data.cases;
    throw new CheckpointError(`Cannot read ${file}: ${z.prettifyError(parsed.error)}; remove it to compute it again`);
  }

  /** Writes a cell: it is done. */
  async writeCell(name: string, cell: StudySettings & { readonly cases: readonly CaseScores[] }): Promise<void> {
    await this.write(`cells/${name}.json`, jsonText(cell));
  }

  /** Writes a result. */
  async write(name: string, text: string): Promise<void> {
    await writeFileAtomic(`${this.path}/${name}`, text);
  }
}

/** JSON as the files have it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`Cannot read ${file}: expected JSON; remove it to compute it again`, { cause });
  }
}

function checkSettings(
  path: string,
  { kind, settings, found }: { kind: string; settings: StudySettings; found: unknown },
): void {
  const { kind: before, settings: old } = (found ?? {}) as { kind?: unknown; settings?: StudySettings };
  if (before !== kind || typeof old !== "object") {
    throw new ConfigError(`Cannot go on in ${path}: expected a ${kind} study or a new folder, got another run's`);
  }
  const names = [...new Set([...Object.keys(old), ...Object.keys(settings)])];
  const text = (value: unknown): string => JSON.stringify(value ?? null);
  const changed = names.find((name) => text(old[name]) !== text(settings[name]));
  if (changed === undefined) return;
  throw new ConfigError(
    `Cannot go on in ${path}: expected the ${changed} that it was started with, ${text(old[changed])}, ` +
      `got ${text(settings[changed])}; choose another --out`,
  );
}

/** SHA-256 of a file, in hexadecimal. */
export async function hashFile(file: string): Promise<string> {
  return await hash(await readFile(file) as Uint8Array<ArrayBuffer>);
}

/**
 * What tells data apart: SHA-256 over the subjects' names, and the names and sizes of their files. Scans are large: their
 * content is not read, and where they lie does not count.
 */
export async function fingerprintData(
  root: string,
  sides: Readonly<Record<string, readonly Subject[]>>,
): Promise<string> {
  const lines: string[] = [];
  for (const [side, subjects] of Object.entries(sides)) {
    for (const { id, images, label } of subjects) {
      const files = [...images.map(({ file }) => file), ...(label === undefined ? [] : [label])];
      const sizes = await Promise.all(files.map(async (file) => [file, await sizeOf(resolveFile(root, file))]));
      lines.push(JSON.stringify([side, id, sizes]));
    }
  }
  return await hashText(lines.join("\n"));
}

/** SHA-256 of a text, in hexadecimal. */
export async function hashText(text: string): Promise<string> {
  return await hash(new TextEncoder().encode(text));
}

async function sizeOf(path: string): Promise<number> {
  if (!await exists(path)) throw new DatalistError(`Cannot use data: expected ${path}, found none`);
  return (await Deno.stat(path)).size;
}

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** `runs/KIND-NAME-20260101-120000`, local time. */
export function defaultStudyFolder(kind: string, name: string): string {
  return `runs/${kind}-${name}-${timestamp()}`;
}
