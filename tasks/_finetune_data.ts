/** Which labelled subjects a fine-tuning run uses, and that they can be used. */
import { z } from "zod";
import {
  type Datalist,
  discoverSubjects,
  ensurePhantomCohort,
  harmoniseLabels,
  keepFraction,
  type LabelScheme,
  parseDatalist,
  PHANTOM_DATALIST,
  PHANTOM_VERSION,
  type PrepareParameters,
  readNifti,
  resolveFile,
  splitSubjects,
  type Subject,
} from "../lib/dataset/mod.ts";
import { ConfigError, DatalistError } from "../lib/errors.ts";
import { createProgress, exists, listNiftiFiles, readFile, readText } from "../lib/host/mod.ts";
import type { ResolvedFinetune } from "../recipes/finetune/mod.ts";
import type { ClassificationTask, SegmentationTask, Task } from "../recipes/tasks/mod.ts";
import { folderOf } from "./_command_line.ts";
import { openCohortFolder } from "./_cohort_folder.ts";
import { readPrepared } from "./_prepared_data.ts";
import { gridOf, runDataSchema, verify } from "./_run_data.ts";

/** Where the user says the data are; nothing named = phantoms. */
export interface FinetuneDataArguments {
  readonly data?: string;
  readonly datalist?: string;
  /** Table of subjects and classes. */
  readonly classes?: string;
}

const classIndices = z.array(z.int().nonnegative());

/** The subjects of a run as run.json keeps them. */
export const finetuneDataSchema = runDataSchema.extend({
  /** Class of every subject, by index; null for a segmentation. */
  classes: z.strictObject({ training: classIndices, validation: classIndices }).nullable(),
});

/** See {@linkcode finetuneDataSchema}. */
export type FinetuneData = z.output<typeof finetuneDataSchema>;

/** How the labels of a segmentation are read. */
export function labelScheme(task: SegmentationTask, choose: string): LabelScheme {
  const values = [...new Set([...task.regions.flatMap(({ labels }) => labels), ...task.otherLabels])];
  const names = ["auto", task.labelSetName, ...task.labelSets.map(({ name }) => name)];
  if (!names.includes(choose)) {
    throw new ConfigError(`Cannot use labelSet ${choose}: expected one of ${names.join(", ")} for ${task.name}`);
  }
  return { name: task.labelSetName, values: values.sort((a, b) => a - b), sets: task.labelSets, choose };
}

/**
 * Finds the subjects, makes the phantoms if none are named, splits where the data do not, keeps the share of labels asked
 * for, and checks every header and every label.
 *
 * From a folder, subjects without one of the task's sequences, or without a label, are left out and named; a datalist must
 * have both for every subject.
 *
 * @param print takes lines for the person
 * @throws {DatalistError | VolumeError} when the data cannot be learned from
 */
export async function gatherFinetuneData(
  args: FinetuneDataArguments,
  { task, options, print }: { task: Task; options: ResolvedFinetune; print: (line: string) => void },
): Promise<FinetuneData> {
  const prepared = args.datalist === undefined
    ? await readPrepared(args.data, finetuneParameters(task, options))
    : undefined;
  const found: Found = prepared
    ? { ...prepared, isListed: true }
    : args.data === undefined && args.datalist === undefined
    ? await fromPhantoms(task, options)
    : await fromArguments(args, print);
  const classOf = task.kind === "classification" ? await classReader(task, { args, found }) : null;
  const { training, validation } = usable(found, { task, classOf, print });
  const sides = split({ ...found.datalist, training, validation }, options);
  const kept = keepFraction(sides.training, { seed: options.seed, fraction: options.labelFraction });
  const { root } = found.datalist;
  if (!prepared) await verify({ root, training: kept, validation: sides.validation });
  if (!prepared && task.kind === "segmentation") {
    await verifyLabels([...kept, ...sides.validation], { root, scheme: labelScheme(task, options.labelSet) });
  }
  const indices = (subjects: readonly Subject[]): number[] => subjects.map((subject) => classOf!(subject)!);
  const classes = classOf && { training: indices(kept), validation: indices(sides.validation) };
  // The label of a datalist for classification is a class, not a file.
  const listed = (subjects: readonly Subject[]): Subject[] =>
    task.kind === "segmentation" ? [...subjects] : subjects.map(({ id, images }) => ({ id, images }));
  return {
    root,
    origin: found.origin,
    training: listed(kept),
    validation: listed(sides.validation),
    classes,
    ...(prepared ? { prepared: prepared.prepared } : {}),
  } as FinetuneData;
}

/** How a fine-tuning run prepares scans. */
export function finetuneParameters(
  task: Task,
  { preprocess, labelSet }: Pick<ResolvedFinetune, "preprocess" | "labelSet">,
): Omit<Extract<PrepareParameters, { purpose: "finetune" }>, "storage"> {
  const scheme = task.kind === "segmentation" ? labelScheme(task, labelSet) : null;
  // Of this room's own types, to be written as JSON.
  const labels = scheme &&
    {
      ...scheme,
      values: [...scheme.values],
      sets: scheme.sets.map(({ name, rename }) => ({ name, rename: { ...rename } })),
    };
  return { purpose: "finetune", modalities: [...task.modalities], labels, preprocess };
}

/**
 * The subjects of a datalist or folder that have a task's sequences and, for a segmentation, a label; headers and labels
 * are not looked at.
 *
 * @throws {DatalistError} as {@link gatherFinetuneData} does
 */
export async function findLabelled(
  args: FinetuneDataArguments,
  { task, print }: { task: Task; print: (line: string) => void },
): Promise<{ datalist: Datalist; origin: string }> {
  const found = await fromArguments(args, print);
  const classOf = task.kind === "classification" ? (): number => 0 : null;
  return { origin: found.origin, datalist: { ...found.datalist, ...usable(found, { task, classOf, print }) } };
}

interface Found {
  readonly datalist: Datalist;
  readonly origin: string;
  /** Whether subjects that cannot be used are errors: somebody listed them. */
  readonly isListed: boolean;
}

function fromArguments({ data, datalist }: FinetuneDataArguments, print: (line: string) => void): Promise<Found> {
  return datalist !== undefined ? fromDatalist(datalist, data) : fromFolder(data!, print);
}

async function fromDatalist(file: string, root = folderOf(file)): Promise<Found> {
  return { datalist: parseDatalist(await readText(file), { root, file }), origin: `datalist ${file}`, isListed: true };
}

async function fromFolder(root: string, print: (line: string) => void): Promise<Found> {
  const { datalist, skipped } = await discoverSubjects(await listNiftiFiles(root), { root, readGrid: gridOf });
  for (const { file, reason } of skipped) print(`left out ${file}: ${reason}`);
  return { datalist, origin: `folder ${root}`, isListed: false };
}

/** Every phantom has what the task needs, a third is held out, and none is in the cohort of pre-training. */
async function fromPhantoms(task: Task, { phantom }: ResolvedFinetune): Promise<Found> {
  const withoutTumours = { "phantom-tumour": 0, "phantom-class": 1 }[task.name];
  if (withoutTumours === undefined) {
    throw new ConfigError(`Cannot fine-tune on ${task.name}: expected --data or --datalist, got neither`);
  }
  const { subjects, size, seed } = phantom;
  const root = `data/${task.name}-v${PHANTOM_VERSION}-${subjects}x${size}-seed${seed}`;
  using progress = createProgress({ total: subjects, label: "phantoms" });
  await ensurePhantomCohort({
    ...phantom,
    shares: { brats: 1, ucsf: 0, ixi: withoutTumours },
    partialShare: 0,
    singleShare: 0,
    validationShare: 1 / 3,
    onSubject: ({ done }) => progress.update(done),
  }, openCohortFolder(root));
  const datalist = parseDatalist(await readText(`${root}/${PHANTOM_DATALIST}`), { root, file: PHANTOM_DATALIST });
  return { datalist, origin: `built-in phantoms in ${root}`, isListed: true };
}

type ClassReader = (subject: Subject) => number | undefined;

/** Where classes come from: a table, the datalist, the phantoms' tumours, or the names of folders. */
async function classReader(
  task: ClassificationTask,
  { args, found }: { args: FinetuneDataArguments; found: Found },
): Promise<ClassReader> {
  const indexOf = (text: string, where: string): number => {
    const byName = task.classes.findIndex((name) => name.toLowerCase() === text.toLowerCase());
    const index = byName >= 0 ? byName : /^\d+$/.test(text) ? Number(text) : -1;
    if (index >= 0 && index < task.classes.length) return index;
    const expected = task.classes.map((name, i) => `${name} (${i})`).join(", ");
    throw new DatalistError(`Cannot read class ${where}: expected one of ${expected}, got "${text}"`);
  };
  if (args.classes !== undefined) {
    const table = parseClassTable(await readText(args.classes), args.classes);
    const byId = new Map([...table].map(([id, text]) => [id, indexOf(text, `of ${id} in ${args.classes}`)]));
    return ({ id }) => byId.get(id);
  }
  if (args.data === undefined && args.datalist === undefined) return ({ label }) => label === undefined ? 0 : 1;
  if (found.isListed) return ({ id, label }) => label === undefined ? undefined : indexOf(label, `of ${id}`);
  const names = task.classes.map((name) => name.toLowerCase());
  return ({ images }) => {
    const folders = images[0].file.toLowerCase().split("/").slice(0, -1);
    const index = names.findIndex((name) => folders.includes(name));
    return index < 0 ? undefined : index;
  };
}

/**
 * Reads a table of subjects and classes: comma-, semicolon- or tab-separated, the first line naming the columns.
 *
 * @throws {DatalistError} when a column is missing or a subject occurs twice with different classes
 */
export function parseClassTable(text: string, file: string): Map<string, string> {
  const [header, ...rows] = text.split(/\r?\n/).filter((line) => line.trim() !== "")
    .map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
  const [subjectAt, classAt] = ["subject", "class"].map((name) => {
    return (header ?? []).findIndex((cell) => cell.toLowerCase() === name);
  });
  if (subjectAt < 0 || classAt < 0) {
    const got = header === undefined ? "an empty file" : header.join(", ");
    throw new DatalistError(`Cannot read ${file}: expected the columns subject and class, got ${got}`);
  }
  const table = new Map<string, string>();
  for (const row of rows) {
    const [id, value] = [row[subjectAt] ?? "", row[classAt] ?? ""];
    const before = table.get(id);
    if (before !== undefined && before !== value) {
      throw new DatalistError(`Cannot read ${file}: expected one class of ${id}, got "${before}" and "${value}"`);
    }
    table.set(id, value);
  }
  return table;
}

/** Subjects with the task's sequences, in the task's order, and a label or class. */
function usable(
  { datalist, isListed, origin }: Found,
  { task, classOf, print }: { task: Task; classOf: ClassReader | null; print: (line: string) => void },
): Pick<Datalist, "training" | "validation"> {
  const problems: string[] = [];
  const select = (subjects: readonly Subject[]): Subject[] =>
    subjects.flatMap((subject) => {
      const problem = problemOf(subject, { task, classOf });
      if (problem !== undefined) {
        problems.push(`${subject.id}: ${problem}`);
        return [];
      }
      const images = task.modalities.map((modality) => subject.images.find((image) => image.modality === modality)!);
      return [{ ...subject, images }];
    });
  const selected = { training: select(datalist.training), validation: select(datalist.validation) };
  const count = selected.training.length + selected.validation.length;
  if (problems.length > 0 && (isListed || count === 0)) {
    const shown = problems.slice(0, 3).join("; ") + (problems.length > 3 ? `; and ${problems.length - 3} more` : "");
    const needed = `${task.modalities.join(", ")} and a ${classOf ? "class" : "label"} for every subject of ${origin}`;
    throw new DatalistError(`Cannot fine-tune on ${task.name}: expected ${needed}, got ${shown}`);
  }
  for (const problem of problems) print(`left out ${problem}`);
  return selected;
}

function problemOf(
  subject: Subject,
  { task, classOf }: { task: Task; classOf: ClassReader | null },
): string | undefined {
  const missing = task.modalities.filter((modality) => !subject.images.some((image) => image.modality === modality));
  if (missing.length > 0) return `no ${missing.join(", ")}`;
  if (classOf) return classOf(subject) === undefined ? "no class" : undefined;
  return subject.label === undefined ? "no label" : undefined;
}

function split(
  { training, validation }: Datalist,
  { seed, validationFraction }: ResolvedFinetune,
): Pick<Datalist, "training" | "validation"> {
  if (training.length > 0 && validation.length > 0) return { training, validation };
  const subjects = [...training, ...validation];
  if (subjects.length < 2) {
    throw new DatalistError(
      `Cannot split data: expected at least 2 subjects, one of them held out, got ${subjects.length}`,
    );
  }
  return splitSubjects(subjects, { seed, validationFraction });
}

/** Reads every label once: a wrong value found now is one that does not stop the run at night. */
async function verifyLabels(
  subjects: readonly Subject[],
  { root, scheme }: { root: string; scheme: LabelScheme },
): Promise<void> {
  const files = subjects.map(({ label }) => resolveFile(root, label!));
  for (const file of files) {
    if (!await exists(file)) throw new DatalistError(`Cannot use datalist: expected label ${file}, found none`);
  }
  using progress = createProgress({ total: files.length, label: "labels" });
  for (const [done, file] of files.entries()) {
    harmoniseLabels((await readNifti(await readFile(file), file)).data, { file, scheme });
    progress.update(done + 1);
  }
}
