/** A cohort on disk: images, labels and the datalist, written once, completed after an interruption, never mixed up. */
import { ConfigError, messageOf } from "../../errors.ts";
import { formatDatalist, type Subject } from "../datalist.ts";
import { writeNifti } from "../nifti_write.ts";
import { type PhantomCohortOptions, type PhantomPlan, planPhantomCohort, resolveCohortOptions } from "./plan.ts";
import { generatePhantomSubject } from "./subject.ts";

/** Counts changes of the generator that change voxels; part of the manifest. */
export const PHANTOM_VERSION = 2;

/** The file that says what is in a cohort's folder. */
export const PHANTOM_MANIFEST = "phantom.json";

/** The list of subjects in the official form. */
export const PHANTOM_DATALIST = "datalist.json";

/** A folder that a cohort is kept in: on a disk, in memory, in a browser. Paths are relative and separated by `/`. */
export interface CohortFolder {
  /** What messages call it. */
  readonly name: string;
  /** Whether nothing is in it, or it does not exist yet. */
  isEmpty(): Promise<boolean>;
  /** Whether there is a file of this path. */
  exists(path: string): Promise<boolean>;
  /** Content of a file that exists. */
  read(path: string): Promise<Uint8Array>;
  /** Writes a whole file or nothing, making folders as needed. */
  write(path: string, content: Uint8Array): Promise<void>;
}

/** Which cohort to write, and who is told about it. */
export interface EnsureCohortOptions extends PhantomCohortOptions {
  /** Voxels per edge of every volume. */
  readonly size: number;
  /** Called after each subject that was not there yet. */
  readonly onSubject?: (progress: { readonly done: number; readonly total: number; readonly id: string }) => void;
}

/** What became of a request for a cohort. */
export interface CohortResult {
  /** Who is in the cohort. */
  readonly plans: readonly PhantomPlan[];
  /** Subjects that had to be generated; 0 when all were there. */
  readonly generated: number;
}

/**
 * Makes sure that a folder holds the cohort asked for.
 *
 * Files: `ID/ID_MODALITY.nii.gz` (int16), `ID/ID_seg.nii.gz` (uint8, with a lesion only), `datalist.json` and the
 * manifest `phantom.json`. The manifest claims the folder first and is marked complete last; what an interrupted run
 * has written is kept and the rest added. The same request a second time reads the manifest and writes nothing.
 *
 * @throws {ConfigError} when the folder holds something else, or a cohort of other parameters
 * @throws {RangeError} when the parameters are not ones that can be generated
 */
export async function ensurePhantomCohort(options: EnsureCohortOptions, folder: CohortFolder): Promise<CohortResult> {
  const plans = planPhantomCohort(options);
  const parameters = { ...resolveCohortOptions(options), size: options.size };
  if (await findCohort(folder, parameters) === "complete") return { plans, generated: 0 };
  const writeManifest = (complete: boolean): Promise<void> =>
    folder.write(PHANTOM_MANIFEST, encodeJson({ version: PHANTOM_VERSION, parameters, complete }));
  await writeManifest(false);
  let generated = 0;
  for (const [done, plan] of plans.entries()) {
    if (await isWritten(plan, folder)) continue;
    await writeSubject(plan, { options, folder });
    generated++;
    options.onSubject?.({ done: done + 1, total: plans.length, id: plan.id });
  }
  const subjects = (split: PhantomPlan["split"]): Subject[] =>
    plans.filter((plan) => plan.split === split).map(listSubject);
  const datalist = formatDatalist({ root: "", training: subjects("training"), validation: subjects("validation") });
  await folder.write(PHANTOM_DATALIST, new TextEncoder().encode(datalist));
  await writeManifest(true);
  return { plans, generated };
}

/** What is in the folder: nothing, a part of the cohort, or all of it. */
async function findCohort(folder: CohortFolder, parameters: object): Promise<"none" | "partial" | "complete"> {
  if (!await folder.exists(PHANTOM_MANIFEST)) {
    if (await folder.isEmpty()) return "none";
    throw new ConfigError(
      `Cannot write phantom cohort to ${folder.name}: expected an empty folder or a phantom cohort, got other files`,
    );
  }
  const manifest = readManifest(await folder.read(PHANTOM_MANIFEST), folder.name);
  const wanted = JSON.stringify({ version: PHANTOM_VERSION, parameters });
  const found = JSON.stringify({ version: manifest.version, parameters: manifest.parameters });
  if (found !== wanted) {
    throw new ConfigError(
      `Cannot write phantom cohort to ${folder.name}: expected the cohort already there, ${found}, got ${wanted}`,
    );
  }
  return manifest.complete === true ? "complete" : "partial";
}

function readManifest(bytes: Uint8Array, name: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new ConfigError(`Cannot read ${name}/${PHANTOM_MANIFEST}: expected JSON, got ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** True when all files of a subject are there; each was written whole or not at all. */
async function isWritten(plan: PhantomPlan, folder: CohortFolder): Promise<boolean> {
  const { images, label } = listSubject(plan);
  for (const path of [...images.map(({ file }) => file), ...(label === undefined ? [] : [label])]) {
    if (!await folder.exists(path)) return false;
  }
  return true;
}

async function writeSubject(
  plan: PhantomPlan,
  { options, folder }: { options: EnsureCohortOptions; folder: CohortFolder },
): Promise<void> {
  const { images, label } = generatePhantomSubject({ ...plan, seed: options.seed, size: options.size });
  const files = listSubject(plan);
  for (const [k, { volume }] of images.entries()) {
    await folder.write(files.images[k].file, await writeNifti(volume, { datatype: "int16" }));
  }
  if (label && files.label) await folder.write(files.label, await writeNifti(label, { datatype: "uint8" }));
}

/** The files of a subject, relative to the cohort's folder. */
function listSubject({ id, modalities, lesion }: PhantomPlan): Subject {
  return {
    id,
    images: modalities.map((modality) => ({ modality, file: `${id}/${id}_${modality}.nii.gz` })),
    ...(lesion === "none" ? {} : { label: `${id}/${id}_seg.nii.gz` }),
  };
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}
