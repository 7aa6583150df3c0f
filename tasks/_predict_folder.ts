/** The folder that predictions are written to, and what lies in it already. */
import { writeNifti, writeNiftiChannels } from "../lib/dataset/mod.ts";
import { ConfigError } from "../lib/errors.ts";
import { exists, makeFolder, readText, RunFolder, writeFileAtomic } from "../lib/host/mod.ts";
import type { Task } from "../recipes/tasks/mod.ts";
import type { Segmentation } from "./_predict_subject.ts";

/** What decides the predictions: a folder holds those of one setting. */
export type PredictSettings = Readonly<Record<string, string | number | boolean | null>>;

/** A prediction as predictions.json lists it. */
export interface PredictionEntry {
  readonly subject: string;
  /** Path of the label map, relative to the folder. */
  readonly file: string;
  /** Path of the reference label, where the data have one. */
  readonly label?: string;
}

/** Class probabilities of a subject, as predictions.csv lists them. */
export interface ClassEntry {
  readonly subject: string;
  /** Name of the true class, where the data say it: for all subjects of a folder or for none. */
  readonly label?: string;
  readonly probabilities: readonly number[];
}

const PROBABILITY_DECIMALS = 6;

/** A folder of predictions. */
export class PredictionFolder {
  readonly path: string;
  readonly #task: Task;
  /** Lines of predictions.csv after its header. */
  #rows: string[];

  private constructor(path: string, { task, rows }: { task: Task; rows: string[] }) {
    this.path = path;
    this.#task = task;
    this.#rows = rows;
  }

  /**
   * Opens a folder, or makes it.
   *
   * @param options.settings must be those that the folder was started with
   * @param options.about what else run.json says
   * @throws {ConfigError} when the folder holds something else, or predictions of other settings
   */
  static async open(
    path: string,
    { task, settings, about }: { task: Task; settings: PredictSettings; about: Readonly<Record<string, unknown>> },
  ): Promise<PredictionFolder> {
    if (await exists(`${path}/run.json`)) {
      checkSettings(path, { found: await RunFolder.readDescription(path, { verb: "predict into" }), settings });
    } else {
      await makeFolder(path);
      const description = { kind: "predict", settings, ...about };
      await writeFileAtomic(`${path}/run.json`, JSON.stringify(description, null, 2) + "\n");
    }
    const table = `${path}/predictions.csv`;
    const lines = await exists(table) ? (await readText(table)).split("\n").slice(1, -1) : [];
    return new PredictionFolder(path, { task, rows: lines });
  }

  /** Name of a subject's label map: unusual characters, such as those of folders, are replaced. */
  static fileOf(subject: string): string {
    return `${stemOf(subject)}.nii.gz`;
  }

  /** True when a subject needs no more work. */
  async hasSegmentation(subject: string, { probabilities }: { probabilities: boolean }): Promise<boolean> {
    // The label map is written last.
    if (!await exists(`${this.path}/${PredictionFolder.fileOf(subject)}`)) return false;
    return !probabilities || await exists(`${this.path}/${probabilityFileOf(subject)}`);
  }

  /** True when a subject has class probabilities. */
  hasClasses(subject: string): boolean {
    return this.#rows.some((row) => row.startsWith(`${quote(subject)},`));
  }

  /** Writes a subject's label map, and its probabilities where they are wanted. */
  async writeSegmentation(
    subject: string,
    { labels, probabilities, size, affine }: Segmentation,
    options: { probabilities: boolean },
  ): Promise<void> {
    if (options.probabilities) {
      const bytes = await writeNiftiChannels({ channels: probabilities, size, affine });
      await writeFileAtomic(`${this.path}/${probabilityFileOf(subject)}`, bytes);
    }
    const bytes = await writeNifti({ data: labels, size, affine }, { datatype: "uint8" });
    await writeFileAtomic(`${this.path}/${PredictionFolder.fileOf(subject)}`, bytes);
  }

  /** Adds a subject's class probabilities to predictions.csv. */
  async writeClasses({ subject, label, probabilities }: ClassEntry): Promise<void> {
    const classes = this.#task.kind === "classification" ? this.#task.classes : [];
    const numbers = probabilities.map((value) => value.toFixed(PROBABILITY_DECIMALS));
    const [header, row] = label === undefined
      ? [["subject", ...classes], [subject, ...numbers]]
      : [["subject", "label", ...classes], [subject, label, ...numbers]];
    this.#rows = [...this.#rows, formatRow(row)];
    await writeFileAtomic(`${this.path}/predictions.csv`, [formatRow(header), ...this.#rows, ""].join("\n"));
  }

  /** Writes predictions.json. */
  async writeIndex(subjects: readonly PredictionEntry[], { labelSet }: { labelSet?: string } = {}): Promise<void> {
    const index = { task: this.#task, ...(labelSet === undefined ? {} : { labelSet }), subjects };
    await writeFileAtomic(`${this.path}/predictions.json`, JSON.stringify(index, null, 2) + "\n");
  }
}

function checkSettings(path: string, { found, settings }: { found: unknown; settings: PredictSettings }): void {
  const { kind, settings: before } = (found ?? {}) as { kind?: unknown; settings?: Record<string, unknown> };
  if (kind !== "predict" || typeof before !== "object") {
    throw new ConfigError(
      `Cannot predict into ${path}: expected a folder of predictions or a new one, got another run's`,
    );
  }
  const changed = Object.keys(settings).find((name) => before[name] !== settings[name]);
  if (changed === undefined) return;
  const [expected, got] = [before[changed], settings[changed]].map((value) => JSON.stringify(value ?? null));
  throw new ConfigError(
    `Cannot predict into ${path}: expected the ${changed} that it was started with, ${expected}, got ${got}; ` +
      "choose another --out",
  );
}

function stemOf(subject: string): string {
  return subject.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^\.+/, "");
}

function probabilityFileOf(subject: string): string {
  return `${stemOf(subject)}_prob.nii.gz`;
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function formatRow(cells: readonly string[]): string {
  return cells.map(quote).join(",");
}
