/** Which subjects a run uses: the built-in phantoms, a datalist, or a folder of scans. */
import { z } from "zod";
import {
  chooseLayouts,
  type Datalist,
  discoverSubjects,
  ensurePhantomCohort,
  MODALITIES,
  parseDatalist,
  PHANTOM_DATALIST,
  PHANTOM_VERSION,
  type PrepareParameters,
  readGrid,
  splitSubjects,
  verifyDatalist,
} from "../lib/dataset/mod.ts";
import { ConfigError, DatalistError } from "../lib/errors.ts";
import { createProgress, exists, listNiftiFiles, readFilePrefix, readText } from "../lib/host/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { folderOf } from "./_command_line.ts";
import { openCohortFolder } from "./_cohort_folder.ts";
import { readPrepared, verifyPrepared } from "./_prepared_data.ts";
import { skippedLines } from "./_skipped_files.ts";

/** Where the user says the data are; nothing named = phantoms. */
export interface DataArguments {
  /** Folder of scans, or the root of a datalist. */
  readonly data?: string;
  /** Datalist in the official form. */
  readonly datalist?: string;
  /** How the folder is built: `auto`, `plain`, or names of layouts. */
  readonly layout?: string;
}

const subjectSchema = z.strictObject({
  id: z.string(),
  images: z.array(z.strictObject({ modality: z.enum(MODALITIES), file: z.string() })).min(1),
  label: z.string().optional(),
  group: z.string().optional(),
});

/** The subjects of a run as run.json keeps them, so that a resumed run sees the same ones in the same order. */
export const runDataSchema = z.strictObject({
  root: z.string(),
  origin: z.string(),
  training: z.array(subjectSchema),
  validation: z.array(subjectSchema),
  /** Hash of the manifest where the root is a prepared folder. */
  prepared: z.string().optional(),
});

/** See {@linkcode runDataSchema}. */
export type RunData = z.output<typeof runDataSchema>;

/**
 * Finds the subjects, makes the phantoms if none are named, splits where the data do not, and checks every header.
 *
 * @param print takes lines for the person
 * @throws {DatalistError} when the data cannot be trained on
 * @throws {ConfigError} when a layout is named but no folder that could have it
 */
export async function gatherData(
  { data, datalist, layout }: DataArguments,
  { recipe, print }: { recipe: ResolvedRecipe; print: (line: string) => void },
): Promise<RunData> {
  const prepared = datalist === undefined ? await readPrepared(data, pretrainParameters(recipe)) : undefined;
  const found: Found = prepared ??
    (data === undefined && datalist === undefined
      ? await fromPhantoms(recipe, layout)
      : await findSubjects({ data, datalist, layout }, print));
  const { validation, training } = split(found.datalist, recipe);
  const run = {
    root: found.datalist.root,
    origin: found.origin,
    training: [...training],
    validation: [...validation],
    ...(prepared ? { prepared: prepared.prepared } : {}),
  } as RunData;
  if (!prepared) await verify(run);
  return run;
}

/** How a pre-training run prepares scans. */
export function pretrainParameters({ preprocess }: Pick<ResolvedRecipe, "preprocess">): PretrainParameters {
  return { purpose: "pretrain", preprocess };
}

type PretrainParameters = Omit<Extract<PrepareParameters, { purpose: "pretrain" }>, "storage">;

/**
 * The subjects of a datalist, or else of a folder of scans.
 *
 * @throws {ConfigError} when a layout is named but no folder that could have it
 */
export async function findSubjects(
  { data, datalist, layout }: DataArguments,
  print: (line: string) => void,
): Promise<Found> {
  if (layout !== undefined && (data === undefined || datalist !== undefined)) throw layoutError();
  return datalist !== undefined ? await fromDatalist(datalist, data) : await fromFolder(data!, { layout, print });
}

/** Checks that every file is there, readable, and on its subject's grid; or that a prepared folder is what it was. */
export function verify({ prepared, ...datalist }: Datalist & { readonly prepared?: string }): Promise<void> {
  if (prepared !== undefined) return verifyPrepared(datalist.root, prepared);
  return verifyDatalist(datalist, { exists, readGrid: gridOf });
}

function layoutError(): ConfigError {
  return new ConfigError("Cannot use --layout: expected --data with a folder of scans and no --datalist");
}

/** How many of the subjects have each modality. */
export function countModalities(subjects: RunData["training"]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { images } of subjects) {
    for (const { modality } of images) counts.set(modality, (counts.get(modality) ?? 0) + 1);
  }
  return counts;
}

/** Where data lie on a machine is nobody's business: only the last name of a path is kept. */
export function withoutFolders(origin: string): string {
  return origin.replace(/^(datalist|folder|built-in phantoms in) .*[/\\](?=[^/\\])/, "$1 ");
}

/** True when no subject is a real one. */
export function isSynthetic(origin: string): boolean {
  return origin.startsWith("built-in phantoms");
}

/** A file's grid from its header. */
export function gridOf(path: string): ReturnType<typeof readGrid> {
  return readGrid(path, readFilePrefix);
}

/** Subjects and where they were found. */
export interface Found {
  readonly datalist: Datalist;
  readonly origin: string;
}

async function fromDatalist(file: string, root = folderOf(file)): Promise<Found> {
  return { datalist: parseDatalist(await readText(file), { root, file }), origin: `datalist ${file}` };
}

async function fromFolder(
  root: string,
  { layout = "auto", print }: { layout?: string; print: (line: string) => void },
): Promise<Found> {
  const paths = await listNiftiFiles(root);
  const { layouts, title } = chooseLayouts(layout, paths);
  const { datalist, skipped } = await discoverSubjects(paths, { root, readGrid: gridOf, layouts });
  for (const line of skippedLines(skipped)) print(`left out ${line}`);
  return { datalist, origin: `folder ${root} (${title})` };
}

async function fromPhantoms({ phantom }: ResolvedRecipe, layout: string | undefined): Promise<Found> {
  if (layout !== undefined) throw layoutError();
  const { subjects, size, seed } = phantom;
  const root = `data/phantom-v${PHANTOM_VERSION}-${subjects}x${size}-seed${seed}`;
  using progress = createProgress({ total: subjects, label: "phantoms" });
  const onSubject = ({ done }: { done: number }): void => progress.update(done);
  await ensurePhantomCohort({ ...phantom, onSubject }, openCohortFolder(root));
  const datalist = parseDatalist(await readText(`${root}/${PHANTOM_DATALIST}`), { root, file: PHANTOM_DATALIST });
  return { datalist, origin: `built-in phantoms in ${root}` };
}

function split(
  { training, validation }: Datalist,
  { seed, validationFraction }: ResolvedRecipe,
): Omit<Datalist, "root"> {
  if (training.length > 0 && validation.length > 0) return { training, validation };
  const subjects = [...training, ...validation];
  if (subjects.length < 2) {
    throw new DatalistError(
      `Cannot split data: expected at least 2 subjects, one of them held out, got ${subjects.length}`,
    );
  }
  const parts = splitSubjects(subjects, { seed, validationFraction });
  if (parts.validation.length > 0 || validationFraction === 0) return parts;
  throw new DatalistError(
    `Cannot split data: expected at least 2 persons, one of them held out, got ${subjects.length} scans of one`,
  );
}
