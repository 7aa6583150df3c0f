/** A folder of predictions: what was predicted, for whom, and for which task. */
import { parse } from "yaml";
import { z } from "zod";
import { ConfigError, messageOf } from "../lib/errors.ts";
import { exists, listNiftiFiles, readText } from "../lib/host/mod.ts";
import { findTask, isTaskFile } from "../recipes/tasks/mod.ts";
import { parseCsv } from "./_csv.ts";

/** What of a segmentation task is needed to compare label maps; the rest of its description is passed over. */
const segmentationSchema = z.object({
  kind: z.literal("segmentation"),
  name: z.string(),
  regions: z.array(z.object({ name: z.string(), labels: z.array(z.int().min(1).max(255)).min(1) })).min(1),
  otherLabels: z.array(z.int().min(1).max(255)).default([]),
  labelSetName: z.string().default("own"),
  labelSets: z.array(z.object({ name: z.string(), rename: z.record(z.string(), z.int().min(0).max(255)) })).default([]),
});

const classificationSchema = z.object({
  kind: z.literal("classification"),
  name: z.string(),
  classes: z.array(z.string()).min(2),
});

const taskSchema = z.discriminatedUnion("kind", [segmentationSchema, classificationSchema]);

/** What is evaluated. */
export type EvaluatedTask = z.output<typeof taskSchema>;
/** See {@linkcode EvaluatedTask}. */
export type EvaluatedSegmentation = z.output<typeof segmentationSchema>;

const predictionsSchema = z.object({
  task: taskSchema.optional(),
  /** The label set that the reference labels follow. */
  labelSet: z.string().optional(),
  subjects: z.array(z.object({ subject: z.string(), file: z.string(), label: z.string().optional() })).optional(),
});

/** A predicted label map. */
export interface PredictedSubject {
  readonly subject: string;
  /** Path of the label map, relative to the folder. */
  readonly file: string;
  /** Path of the reference, as it was when the prediction was made. */
  readonly label?: string;
}

/** A folder of predictions. */
export interface Predictions {
  readonly folder: string;
  readonly task: EvaluatedTask;
  readonly labelSet?: string;
  readonly subjects: readonly PredictedSubject[];
}

/** What lists the predictions of a folder. */
const INDEX = "predictions.json";

/** What holds the predicted probabilities of classes. */
export const CLASS_TABLE = "predictions.csv";

/**
 * Reads `predictions.json`, or without one takes every NIfTI file of the folder for the prediction of the subject it is
 * named after.
 *
 * @param task file with the task, used instead of the one in `predictions.json`
 * @throws {ConfigError} when no task is named
 * @throws {SyntaxError} when a description is not of its form
 */
export async function openPredictions(folder: string, task?: string): Promise<Predictions> {
  const path = `${folder}/${INDEX}`;
  const index = await exists(path) ? await readJson(path, predictionsSchema) : {};
  const named = task === undefined ? index.task ?? await classesOfTable(folder) : await readTask(task);
  if (named === undefined) {
    const reason = await exists(path) ? `${path} names none` : `there is no ${path}`;
    throw new ConfigError(`Cannot evaluate ${folder}: expected a task, ${reason}; name its file with --task`);
  }
  const subjects = index.subjects ?? (named.kind === "segmentation" ? await listPredictions(folder) : []);
  const repeated = subjects.find(({ subject }, i) => subjects.findIndex((other) => other.subject === subject) < i);
  if (repeated !== undefined) {
    throw new SyntaxError(`Cannot read ${path}: expected each subject once, got "${repeated.subject}" twice`);
  }
  return { folder, task: named, labelSet: index.labelSet, subjects };
}

/** Finds a task by its name, or reads its file. */
async function readTask(nameOrFile: string): Promise<EvaluatedTask> {
  return isTaskFile(nameOrFile) ? await readJson(nameOrFile, taskSchema) : taskSchema.parse(findTask(nameOrFile));
}

/** The classes of a table of probabilities that nothing else describes. */
async function classesOfTable(folder: string): Promise<EvaluatedTask | undefined> {
  const file = `${folder}/${CLASS_TABLE}`;
  if (!await exists(file)) return undefined;
  const { header } = parseCsv(await readText(file), file);
  const classes = header.filter((name) => !["subject", "label"].includes(name)).map((name) => {
    return /^p\((.+)\)$/.exec(name)?.[1] ?? name;
  });
  if (classes.length >= 2) return { kind: "classification", name: "classification", classes };
  const got = header.join(", ");
  throw new SyntaxError(`Cannot read ${file}: expected a column for each of two or more classes, got ${got}`);
}

/** Reads JSON or YAML of a form. */
async function readJson<T extends z.ZodType>(file: string, schema: T): Promise<z.output<T>> {
  const text = await readText(file);
  const fail = (reason: string, cause?: unknown): SyntaxError => {
    return new SyntaxError(`Cannot read ${file}: ${reason}`, { cause });
  };
  const isJson = /\.json$/i.test(file);
  let content: unknown;
  try {
    content = isJson ? JSON.parse(text) : parse(text);
  } catch (error) {
    throw fail(`expected ${isJson ? "JSON" : "YAML"}, got ${messageOf(error)}`, error);
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw fail(`${path.length === 0 ? "content" : path.join(".")}: ${message}`);
}

/** Label maps that lie in the folder, named after their subjects. */
async function listPredictions(folder: string): Promise<PredictedSubject[]> {
  const files = (await listNiftiFiles(folder)).filter((file) => !/(^|\/)[^/]*_prob\.nii(\.gz)?$/i.test(file));
  if (files.length === 0) throw new ConfigError(`Cannot evaluate ${folder}: expected predicted NIfTI files, got none`);
  return files.map((file) => ({ subject: nameOfFile(file), file }));
}

/** A file's name without folder and NIfTI extension. */
export function nameOfFile(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.nii(\.gz)?$/i, "");
}
