/** The folder of one run: options, metrics, checkpoints and results. */
import { CheckpointError } from "../errors.ts";
import type { FinetuneRecord, MetricsRecord } from "../results.ts";
import {
  appendLine,
  exists,
  flushFile,
  listNames,
  makeFolder,
  prune,
  readFile,
  readText,
  remove,
  writeFileAtomic,
} from "./files.ts";
import type { FileContent } from "./files.ts";

/** A checkpoint as it lies in the folder. */
export interface SavedCheckpoint {
  readonly tensors: Uint8Array;
  readonly state: string;
  /** Path of the tensors, for messages. */
  readonly file: string;
}

const RUN_FILE = "run.json";
const METRICS_FILE = "metrics.jsonl";
const CHECKPOINTS = "checkpoints";
const CHECKPOINT_TEXT = /^step-\d+\.json$/;

/**
 * One run's files.
 *
 * `run.json` what was asked for · `metrics.jsonl` records · `checkpoints/step-N.safetensors` and `.json` · whatever else
 * the task writes. A checkpoint counts once its `.json` is there, which is written last.
 */
export class RunFolder {
  /** Path of the folder. */
  readonly path: string;
  readonly #keep: number;

  private constructor(path: string, keep: number) {
    this.path = path;
    this.#keep = keep;
  }

  /**
   * Starts a run in a new folder.
   *
   * @param description JSON of what was asked for
   * @throws {Error} when a run is there already, or the folder may not be written to
   */
  static async create(path: string, { description, keep }: { description: unknown; keep: number }): Promise<RunFolder> {
    if (await exists(`${path}/${RUN_FILE}`)) {
      throw new Error(`Cannot start a run in ${path}: there is one already; go on with it by --resume ${path}`);
    }
    await makeFolder(`${path}/${CHECKPOINTS}`);
    await writeFileAtomic(`${path}/${RUN_FILE}`, JSON.stringify(description, null, 2) + "\n");
    return new RunFolder(path, keep);
  }

  /** Opens the folder of a run that was started before. */
  static open(path: string, { keep }: { keep: number }): RunFolder {
    return new RunFolder(path, keep);
  }

  /**
   * What a run was asked to do.
   *
   * @param verb what cannot be done without it, for messages
   * @throws {Error} when the folder holds no run
   */
  static async readDescription(path: string, { verb = "resume" }: { verb?: string } = {}): Promise<unknown> {
    if (!await exists(`${path}/${RUN_FILE}`)) {
      throw new Error(`Cannot ${verb} ${path}: expected the folder of a run with a ${RUN_FILE}, found none`);
    }
    try {
      return JSON.parse(await readText(`${path}/${RUN_FILE}`));
    } catch (cause) {
      throw new Error(`Cannot ${verb} ${path}: expected JSON in ${RUN_FILE}, found something else`, { cause });
    }
  }

  /** The newest complete checkpoint, or undefined before the first. */
  async latestCheckpoint(): Promise<SavedCheckpoint | undefined> {
    const [name] = (await listNames(`${this.path}/${CHECKPOINTS}`, CHECKPOINT_TEXT)).reverse();
    if (name === undefined) return undefined;
    const stem = `${this.path}/${CHECKPOINTS}/${name.replace(/\.json$/, "")}`;
    const file = `${stem}.safetensors`;
    if (!await exists(file)) throw new CheckpointError(`Cannot resume from ${file}: the file is missing`);
    return { tensors: await readFile(file), state: await readText(`${stem}.json`), file };
  }

  /** Updates done in the newest complete checkpoint, or undefined before the first. */
  async savedUpdates(): Promise<number | undefined> {
    const name = (await listNames(`${this.path}/${CHECKPOINTS}`, CHECKPOINT_TEXT)).at(-1);
    return name === undefined ? undefined : Number(name.match(/\d+/)![0]);
  }

  /** All records of the run so far, of the kind that its task writes. */
  async readRecords<R extends MetricsRecord | FinetuneRecord = MetricsRecord>(): Promise<R[]> {
    if (!await exists(`${this.path}/${METRICS_FILE}`)) return [];
    const text = await readText(`${this.path}/${METRICS_FILE}`);
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Appends to metrics.jsonl. */
  appendRecord(record: MetricsRecord | FinetuneRecord): Promise<void> {
    return appendLine(`${this.path}/${METRICS_FILE}`, JSON.stringify(record));
  }

  /**
   * Cuts metrics.jsonl back to its first records; what a killed process wrote after its last checkpoint goes.
   *
   * @throws {CheckpointError} when there are fewer records than the checkpoint says
   */
  async truncateRecords(count: number): Promise<void> {
    const path = `${this.path}/${METRICS_FILE}`;
    const lines = await exists(path) ? (await readText(path)).split("\n").slice(0, -1) : [];
    if (lines.length < count) {
      throw new CheckpointError(
        `Cannot resume ${this.path}: expected ${count} records in ${METRICS_FILE}, found ${lines.length}`,
      );
    }
    await writeFileAtomic(path, lines.slice(0, count).map((line) => line + "\n").join(""));
  }

  /** Saves a checkpoint durably and removes the oldest ones. */
  async saveCheckpoint(
    updates: number,
    { tensors, state }: { tensors: readonly Uint8Array[]; state: string },
  ): Promise<void> {
    const folder = `${this.path}/${CHECKPOINTS}`;
    const stem = `${folder}/step-${String(updates).padStart(8, "0")}`;
    await flushFile(`${this.path}/${METRICS_FILE}`);
    await writeFileAtomic(`${stem}.safetensors`, tensors);
    await writeFileAtomic(`${stem}.json`, state);
    // The text goes first: a checkpoint without it does not count.
    await prune(folder, { keep: this.#keep, matching: CHECKPOINT_TEXT });
    await removeIncomplete(folder);
  }

  /** Writes a result beside them. */
  async write(name: string, content: FileContent): Promise<void> {
    const path = `${this.path}/${name}`;
    await makeFolder(path.slice(0, path.lastIndexOf("/")));
    await writeFileAtomic(path, content);
  }
}

/** Removes tensors without their text: of checkpoints that were pruned, and what a killed process left half-written. */
async function removeIncomplete(folder: string): Promise<void> {
  const complete = new Set(await listNames(folder, CHECKPOINT_TEXT));
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  for (const name of names) {
    const [, stem] = name.match(/^(step-\d+)\.safetensors$/) ?? [];
    const isOrphan = stem !== undefined && !complete.has(`${stem}.json`);
    if (isOrphan || /^\.step-\d+\..*\.tmp$/.test(name)) await remove(`${folder}/${name}`);
  }
}
