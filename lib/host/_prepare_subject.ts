/** One subject from its scans to its place in the prepared folder. */
import {
  encodeSubject,
  type LabelledPlan,
  loadLabelledSubject,
  loadSubject,
  type PreparedStack,
  type PrepareParameters,
  resolveFile,
  type SourceFile,
  type Subject,
} from "../dataset/mod.ts";
import { messageOf } from "../errors.ts";
import { gunzip, zstdCompress } from "./compression.ts";
import { readFile } from "./files.ts";
import { PreparedFolder, sha256 } from "./prepared_folder.ts";

/** What is prepared, and where. */
export interface PrepareJob {
  /** Folder that the subjects' paths start from. */
  readonly root: string;
  /** Folder of the prepared subjects. */
  readonly out: string;
  readonly parameters: PrepareParameters;
  /** Name of the process, unlike that of any other that works on the same folder. */
  readonly tag: string;
}

/**
 * Prepares a subject and puts it into its place.
 *
 * @returns bytes written, or why the scans cannot be used, which is noted in the folder
 * @throws {Error} when the result cannot be written: the next one could not either
 */
export async function prepareSubject(
  subject: Subject,
  job: PrepareJob,
): Promise<{ reason?: string; bytes: number }> {
  const folder = new PreparedFolder(job.out);
  const sources: SourceFile[] = [];
  let stack: PreparedStack;
  try {
    stack = await load(subject, { job, sources });
  } catch (error) {
    const reason = messageOf(error);
    await folder.quarantine(subject.id, reason);
    return { reason, bytes: 0 };
  }
  const { storage } = job.parameters;
  const group = encodeSubject(stack, { id: subject.id, sources, storage, compress: zstdCompress });
  await folder.publish(group, { tag: job.tag });
  return { bytes: group.files.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

async function load(
  subject: Subject,
  { job: { root, parameters }, sources }: { job: PrepareJob; sources: SourceFile[] },
): Promise<PreparedStack> {
  const hashes = new Map<string, string>();
  const readHashed = async (path: string): Promise<Uint8Array> => {
    const bytes = await readFile(path);
    hashes.set(path, sha256(bytes));
    return bytes;
  };
  const readers = { readFile: readHashed, gunzip };
  const { preprocess } = parameters;
  const stack = parameters.purpose === "pretrain"
    ? await loadSubject(subject, { root, preprocess, ...readers })
    : await loadLabelledSubject(subject, { plan: labelledPlan(root, parameters), ...readers });
  for (const file of [...subject.images.map((image) => image.file), subject.label]) {
    // Pre-training passes labels over.
    const hash = file === undefined ? undefined : hashes.get(resolveFile(root, file));
    if (file !== undefined && hash !== undefined) sources.push({ file, sha256: hash });
  }
  return stack;
}

/** The part of a plan that decides how a subject is loaded. */
function labelledPlan(
  root: string,
  { modalities, labels, preprocess }: Extract<PrepareParameters, { purpose: "finetune" }>,
): Pick<LabelledPlan, "root" | "modalities" | "scheme" | "preprocess"> {
  return { root, modalities, scheme: labels, preprocess };
}
