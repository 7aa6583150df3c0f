/** Which subjects a run uses: the built-in phantoms, a datalist, or a folder of scans. */
import { z } from "zod";
import {
  type Datalist,
  discoverSubjects,
  ensurePhantomCohort,
  MODALITIES,
  parseDatalist,
  PHANTOM_DATALIST,
  PHANTOM_VERSION,
  readGrid,
  splitSubjects,
  verifyDatalist,
} from "../lib/dataset/mod.ts";
import { DatalistError } from "../lib/errors.ts";
import { createProgress, exists, listNiftiFiles, readFilePrefix, readText } from "../lib/host/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { openCohortFolder } from "./_cohort_folder.ts";

/** Where the user says the data are; nothing named = phantoms. */
export interface DataArguments {
  /** Folder of scans, or the root of a datalist. */
  readonly data?: string;
  /** Datalist in the official form. */
  readonly datalist?: string;
}

const subjectSchema = z.strictObject({
  id: z.string(),
  images: z.array(z.strictObject({ modality: z.enum(MODALITIES), file: z.string() })).min(1),
  label: z.string().optional(),
});

/** The subjects of a run as run.json keeps them, so that a resumed run sees the same ones in the same order. */
export const runDataSchema = z.strictObject({
  root: z.string(),
  origin: z.string(),
  training: z.array(subjectSchema),
  validation: z.array(subjectSchema),
});

/** See {@linkcode runDataSchema}. */
export type RunData = z.output<typeof runDataSchema>;

/**
 * Finds the subjects, makes the phantoms if none are named, splits where the data do not, and checks every header.
 *
 * @param print takes lines for the person
 * @throws {DatalistError} when the data cannot be trained on
 */
export async function gatherData(
  { data, datalist }: DataArguments,
  { recipe, print }: { recipe: ResolvedRecipe; print: (line: string) => void },
): Promise<RunData> {
  const found = datalist !== undefined
    ? await fromDatalist(datalist, data)
    : data !== undefined
    ? await fromFolder(data, print)
    : await fromPhantoms(recipe);
  const { validation, training } = split(found.datalist, recipe);
  await verify({ root: found.datalist.root, training, validation });
  return {
    root: found.datalist.root,
    origin: found.origin,
    training: [...training],
    validation: [...validation],
  } as RunData;
}

/** Checks that every file is there, readable, and on its subject's grid. */
export function verify(datalist: Datalist): Promise<void> {
  return verifyDatalist(datalist, { exists, readGrid: gridOf });
}

/** How many of the subjects have each modality. */
export function countModalities(subjects: RunData["training"]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { images } of subjects) {
    for (const { modality } of images) counts.set(modality, (counts.get(modality) ?? 0) + 1);
  }
  return counts;
}

/** A file's grid from its header. */
export function gridOf(path: string): ReturnType<typeof readGrid> {
  return readGrid(path, readFilePrefix);
}

interface Found {
  readonly datalist: Datalist;
  readonly origin: string;
}

async function fromDatalist(file: string, root = folderOf(file)): Promise<Found> {
  return { datalist: parseDatalist(await readText(file), { root, file }), origin: `datalist ${file}` };
}

async function fromFolder(root: string, print: (line: string) => void): Promise<Found> {
  const { datalist, skipped } = await discoverSubjects(await listNiftiFiles(root), { root, readGrid: gridOf });
  for (const { file, reason } of skipped) print(`left out ${file}: ${reason}`);
  return { datalist, origin: `folder ${root}` };
}

async function fromPhantoms({ phantom }: ResolvedRecipe): Promise<Found> {
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
  return splitSubjects(subjects, { seed, validationFraction });
}

function folderOf(file: string): string {
  const cut = Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\"));
  return cut < 0 ? "." : file.slice(0, cut);
}
