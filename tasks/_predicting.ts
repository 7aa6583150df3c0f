/** The work behind `deno task predict`. */
import { readNifti, resolveFile, type Subject, type SubjectImage } from "../lib/dataset/mod.ts";
import { ConfigError, DatalistError, messageOf, VolumeError } from "../lib/errors.ts";
import { createProgress, formatDuration, onInterrupt, readFile, startBackend } from "../lib/host/mod.ts";
import type { Progress } from "../lib/host/mod.ts";
import { ALL_MIRRORS, type Weighting } from "../lib/inference/mod.ts";
import type { Tensor5D } from "../lib/tensor/mod.ts";
import type { BackendName } from "../lib/tensor/mod.ts";
import { INTERRUPTED, timestamp } from "./_command_line.ts";
import { describeFinetuned, type Finetuned, openFinetuned } from "./_finetuned.ts";
import { gatherPredictData, type PredictData, type PredictDataArguments } from "./_predict_data.ts";
import { PredictionFolder } from "./_predict_folder.ts";
import { classifySubject, type Fill, segmentSubject, type SubjectOptions } from "./_predict_subject.ts";
import { describeEnvironment } from "./_run_description.ts";

export type { ImageArgument } from "./_predict_data.ts";

/** The command line. */
export interface PredictArguments extends PredictDataArguments {
  readonly out?: string;
  readonly overlap: number;
  readonly weighting: Weighting;
  readonly tta?: boolean;
  readonly skipEmpty?: boolean;
  readonly probabilities?: boolean;
  readonly fill?: Fill["kind"];
  readonly backend?: BackendName;
  readonly threads?: number;
}

/**
 * Predicts all subjects that are not done yet.
 *
 * @param print takes lines for the person
 * @returns the exit status: 0 done, 1 some subjects could not be predicted, 130 interrupted
 */
export async function runPrediction(args: PredictArguments, print: (line: string) => void): Promise<number> {
  const started = performance.now();
  const { task, model } = await describeFinetuned(args.run);
  const data = await gatherPredictData(args, { task, fill: args.fill, print });
  checkFileNames(data.subjects);
  const backend = await startBackend(args.backend ?? "auto", { threads: args.threads, warn: console.error });
  const run = await openFinetuned(args.run);
  try {
    const fill = await openFill(args, run);
    const folder = await PredictionFolder.open(args.out ?? `runs/predict-${timestamp()}`, {
      task,
      settings: settingsOf(args, { run, data }),
      about: { task: task.name, model, backend: backend.name, environment: describeEnvironment(backend) },
    });
    print(`run       ${run.folder}: ${task.name}, ${model}`);
    print(`data      ${data.origin}: ${count(data.subjects.length)}`);
    print(`backend   ${backend.description}`);
    print(`out       ${folder.path}`);
    return await predictAll(args, { run, data, fill, folder, print, started });
  } finally {
    run.dispose();
  }
}

/** What one call works with. */
interface Session {
  readonly run: Finetuned;
  readonly data: PredictData;
  readonly fill: Fill | undefined;
  readonly folder: PredictionFolder;
  readonly print: (line: string) => void;
  /** When the task started, by `performance.now()`. */
  readonly started: number;
}

async function predictAll(args: PredictArguments, session: Session): Promise<number> {
  const { data: { subjects }, folder, print, started } = session;
  const done = new Set<string>();
  for (const { id } of subjects) if (await isDone(id, args, session)) done.add(id);
  const waiting = subjects.filter(({ id }) => !done.has(id));
  if (done.size > 0) print(`found     ${count(done.size)} done before`);
  await writeIndex(done, session);
  const failures: string[] = [];
  let interrupted = false;
  if (waiting.length > 0) {
    using progress = createProgress({ total: waiting.length, label: "predict" });
    using _interrupt = onInterrupt(() => {
      interrupted = true;
      progress.print("stopping after this subject; once more to stop at once");
    });
    for (const [index, subject] of waiting.entries()) {
      if (interrupted) break;
      try {
        await predictSubject(subject, args, { ...session, progress, index });
        done.add(subject.id);
        await writeIndex(done, session);
      } catch (error) {
        // One bad scan does not cost the others their turn; any other error would come again with each.
        if (!(error instanceof VolumeError || error instanceof DatalistError)) throw error;
        failures.push(subject.id);
        progress.print(`left out ${subject.id}: ${messageOf(error)}`);
      }
      progress.update(index + 1, { subject: subject.id });
    }
  }
  if (interrupted && done.size + failures.length < subjects.length) {
    print(
      `interrupted with ${done.size} of ${subjects.length} done; go on with the same command and --out ${folder.path}`,
    );
    return INTERRUPTED;
  }
  const seconds = formatDuration((performance.now() - started) / 1000);
  print(`done in ${seconds}: ${done.size} of ${count(subjects.length)} in ${folder.path}`);
  return failures.length > 0 ? 1 : 0;
}

function isDone(id: string, args: PredictArguments, { run, folder }: Session): Promise<boolean> | boolean {
  if (run.task.kind === "classification") return folder.hasClasses(id);
  return folder.hasSegmentation(id, { probabilities: args.probabilities ?? false });
}

async function predictSubject(
  subject: Subject,
  args: PredictArguments,
  { run, data, fill, folder, progress, index }: Session & { progress: Progress; index: number },
): Promise<void> {
  const images = await readImages(subject, data.root);
  const { task } = run;
  const options: SubjectOptions = {
    prepare: run.prepare,
    fill,
    skipEmpty: args.skipEmpty,
    windows: {
      windowSize: run.options.cropSize,
      overlap: args.overlap,
      weighting: args.weighting,
      mirrors: args.tta ? ALL_MIRRORS : undefined,
      predict: (x) => run.forward(x) as Tensor5D,
      onProgress: ({ done, total }) => {
        const share = Number((index + done / total).toFixed(2));
        progress.update(Math.min(share, index + 0.99), { subject: subject.id, windows: `${done}/${total}` });
      },
    },
  };
  if (task.kind === "classification") {
    const probabilities = await classifySubject(images, { ...options, task, forward: run.forward });
    const truth = data.classes?.[data.subjects.indexOf(subject)];
    const label = truth === undefined ? {} : { label: task.classes[truth] };
    await folder.writeClasses({ subject: subject.id, probabilities, ...label });
    return;
  }
  const segmentation = await segmentSubject(images, { ...options, task });
  await folder.writeSegmentation(subject.id, segmentation, { probabilities: args.probabilities ?? false });
}

/** Two subjects must not share a file: the second would count as done. */
function checkFileNames(subjects: readonly Subject[]): void {
  const byFile = Map.groupBy(subjects, ({ id }) => PredictionFolder.fileOf(id));
  for (const [file, sharing] of byFile) {
    if (sharing.length === 1) continue;
    const names = sharing.slice(0, 2).map(({ id }) => `"${id}"`).join(" and ");
    throw new DatalistError(`Cannot predict: expected a file for each subject, got ${file} for ${names}`);
  }
}

/** Reads one scan after another: raw ones are large. */
async function readImages({ images }: Subject, root: string): Promise<SubjectImage[]> {
  const read: SubjectImage[] = [];
  for (const { modality, file } of images) {
    const path = resolveFile(root, file);
    read.push({ modality, file: path, volume: await readNifti(await readFile(path), path) });
  }
  return read;
}

async function writeIndex(done: ReadonlySet<string>, { run, data, folder }: Session): Promise<void> {
  const { labelSet } = run.options;
  const entries = data.subjects.filter(({ id }) => done.has(id)).map(({ id, label }) => ({
    subject: id,
    file: run.task.kind === "classification" ? "predictions.csv" : PredictionFolder.fileOf(id),
    ...(label === undefined ? {} : { label: resolveFile(data.root, label) }),
  }));
  await folder.writeIndex(entries, labelSet === "auto" ? {} : { labelSet });
}

function settingsOf(
  { overlap, weighting, tta = false, skipEmpty = false, fill }: PredictArguments,
  { run, data }: { run: Finetuned; data: PredictData },
): Readonly<Record<string, string | number | boolean | null>> {
  const { folder, weightsHash: weights } = run;
  return { run: folder, weights, data: data.origin, overlap, weighting, tta, skipEmpty, fill: fill ?? null };
}

async function openFill({ fill }: PredictArguments, run: Finetuned): Promise<Fill | undefined> {
  if (fill !== "template") return fill && { kind: fill };
  const templates = await run.templates();
  if (templates.length > 0) return { kind: "template", templates };
  throw new ConfigError(`Cannot use --fill template: expected templates.safetensors in ${run.folder}, found none`);
}

function count(subjects: number): string {
  return subjects === 1 ? "1 subject" : `${subjects} subjects`;
}
