/** Which subjects are predicted: named files, a datalist, a folder of scans, or those that the run held out. */
import { z } from "zod";
import {
  canonicalModality,
  discoverSubjects,
  type ListedImage,
  MODALITIES,
  parseDatalist,
  type Subject,
  verifyDatalist,
} from "../lib/dataset/mod.ts";
import { ConfigError, DatalistError, messageOf } from "../lib/errors.ts";
import { exists, listNiftiFiles, readText, RunFolder } from "../lib/host/mod.ts";
import type { Task } from "../recipes/tasks/mod.ts";
import { folderOf } from "./_command_line.ts";
import { gridOf } from "./_run_data.ts";

/** A scan on the command line. */
export interface ImageArgument {
  readonly modality: string;
  readonly file: string;
}

/** Where the user says the scans are; nothing named: the run's own held-out subjects. */
export interface PredictDataArguments {
  readonly run: string;
  readonly data?: string;
  readonly datalist?: string;
  readonly image: readonly ImageArgument[];
  readonly split?: "training" | "validation" | "all";
}

/** The subjects, with no other images than the task's. */
export interface PredictData {
  /** Folder that paths start from. */
  readonly root: string;
  /** One line for people. */
  readonly origin: string;
  readonly subjects: readonly Subject[];
  /** Index of each subject's true class, where the data say it. */
  readonly classes?: readonly number[];
}

/**
 * Finds the subjects and checks them: every image is there and readable, each subject's are on one grid, and no modality of
 * the task is missing unless something stands in for it.
 *
 * @param print takes lines for the person
 * @throws {DatalistError} when subjects cannot be predicted
 * @throws {ConfigError} when the arguments contradict each other
 */
export async function gatherPredictData(
  args: PredictDataArguments,
  { task, fill, print }: { task: Task; fill: string | undefined; print: (line: string) => void },
): Promise<PredictData> {
  const found = await findSubjects(args, print);
  checkModalities(found.subjects, { task, fill });
  const wanted = new Set<string>(task.modalities);
  const subjects = found.subjects.map((subject) => {
    return { ...subject, images: subject.images.filter(({ modality }) => wanted.has(modality)) };
  });
  await verifyDatalist({ root: found.root, training: subjects, validation: [] }, { exists, readGrid: gridOf });
  return { ...found, subjects };
}

function findSubjects(args: PredictDataArguments, print: (line: string) => void): Promise<PredictData> | PredictData {
  const { run, data, datalist, image, split } = args;
  if (image.length > 0 && (data ?? datalist) !== undefined) {
    throw new ConfigError("Cannot use --image: expected no --data or --datalist beside it");
  }
  if (split !== undefined && datalist === undefined) {
    throw new ConfigError(`Cannot use --split ${split}: expected a --datalist`);
  }
  if (image.length > 0) return fromImages(image);
  if (datalist !== undefined) return fromDatalist(datalist, { root: data ?? folderOf(datalist), split });
  return data !== undefined ? fromFolder(data, print) : fromRun(run);
}

function fromImages(images: readonly ImageArgument[]): PredictData {
  const listed = images.map(({ modality, file }): ListedImage => ({ modality: modalityOf(modality), file }));
  const names = listed.map(({ modality }) => modality);
  const twice = names.find((modality, i) => names.indexOf(modality) < i);
  if (twice !== undefined) throw new ConfigError(`Cannot use --image: expected each modality once, got ${twice} twice`);
  const id = sharedName(listed.map(({ file }) => file));
  return { root: "", origin: `files ${listed.map(({ file }) => file).join(", ")}`, subjects: [{ id, images: listed }] };
}

function modalityOf(name: string): ListedImage["modality"] {
  try {
    return canonicalModality(name);
  } catch (error) {
    throw new ConfigError(`Cannot use --image ${name}=…: ${messageOf(error)}`);
  }
}

/** What the names of files share before their last separator: `sub-01` of `sub-01_t1.nii.gz` and `sub-01_t2.nii.gz`. */
function sharedName(files: readonly string[]): string {
  const [first, ...others] = files.map((file) => file.replace(/^.*[/\\]/, "").replace(/\.nii(\.gz)?$/i, ""));
  if (others.length === 0) return first;
  let length = 0;
  while (length < first.length && others.every((name) => name[length] === first[length])) length++;
  return first.slice(0, length).replace(/[^_.-]*$/, "").replace(/[_.-]+$/, "") || "subject";
}

async function fromDatalist(
  file: string,
  { root, split }: { root: string } & Pick<PredictDataArguments, "split">,
): Promise<PredictData> {
  const { training, validation } = parseDatalist(await readText(file), { root, file });
  const part = split ?? (validation.length > 0 ? "validation" : "all");
  const subjects = { training, validation, all: [...training, ...validation] }[part];
  return { root, origin: `datalist ${file}, ${part}`, subjects };
}

async function fromFolder(root: string, print: (line: string) => void): Promise<PredictData> {
  const { datalist, skipped } = await discoverSubjects(await listNiftiFiles(root), { root, readGrid: gridOf });
  for (const { file, reason } of skipped) print(`left out ${file}: ${reason}`);
  return { root, origin: `folder ${root}`, subjects: datalist.training };
}

const heldOutSchema = z.looseObject({
  data: z.looseObject({
    root: z.string(),
    validation: z.array(z.looseObject({
      id: z.string(),
      images: z.array(z.object({ modality: z.enum(MODALITIES), file: z.string() })),
      label: z.string().optional(),
    })).min(1),
    classes: z.looseObject({ validation: z.array(z.int().nonnegative()) }).nullish(),
  }),
});

async function fromRun(run: string): Promise<PredictData> {
  const parsed = heldOutSchema.safeParse(await RunFolder.readDescription(run, { verb: "use" }));
  if (!parsed.success) {
    throw new ConfigError(
      `Cannot predict: expected --data, --datalist or --image, as ${run} names no held-out subjects`,
    );
  }
  const { root, validation, classes } = parsed.data.data;
  const subjects = validation.map(({ id, images, label }): Subject => {
    return { id, images, ...(label === undefined ? {} : { label }) };
  });
  return { root, origin: `held out by ${run}`, subjects, ...(classes ? { classes: classes.validation } : {}) };
}

const NAMED = 3;

function checkModalities(
  subjects: readonly Subject[],
  { task, fill }: { task: Task; fill: string | undefined },
): void {
  if (subjects.length === 0) throw new DatalistError("Cannot predict: expected at least one subject, got none");
  const lacking = subjects.flatMap(({ id, images }) => {
    const missing = task.modalities.filter((wanted) => !images.some(({ modality }) => modality === wanted));
    const isFilled = fill !== undefined && missing.length < task.modalities.length;
    const found = images.map(({ modality }) => modality).join(", ");
    return missing.length === 0 || isFilled ? [] : [`${id} lacks ${missing.join(", ")} (found ${found})`];
  });
  if (lacking.length === 0) return;
  const named = lacking.slice(0, NAMED).join("; ");
  const more = lacking.length > NAMED ? `; and ${lacking.length - NAMED} more` : "";
  const advice = fill === undefined ? "; --fill template or --fill zero puts something in their place" : "";
  throw new DatalistError(
    `Cannot predict ${task.name}: expected ${task.modalities.join(", ")} of every subject, ` +
      `got ${lacking.length} of ${subjects.length} without: ${named}${more}${advice}`,
  );
}
