/** The run behind `deno task finetune`: task, data, weights, parts, trainer, results. */
import { parseConfigFile, resolveConfig } from "../lib/config.ts";
import type { TemplateVolume } from "../lib/dataset/mod.ts";
import { ConfigError } from "../lib/errors.ts";
import {
  createProgress,
  formatDuration,
  onInterrupt,
  type Progress,
  readText,
  RunFolder,
  startBackend,
} from "../lib/host/mod.ts";
import type { SavedCheckpoint } from "../lib/host/mod.ts";
import type { FinetuneRecord } from "../lib/results.ts";
import type { BackendInfo, BackendName } from "../lib/tensor/mod.ts";
import { finetune } from "../lib/trainer/mod.ts";
import type { FinetuneParts, FinetuneProgress, FinetuneStore } from "../lib/trainer/mod.ts";
import { FINETUNE_RECIPES, finetuneSchema, QUICK_CHECK } from "../recipes/finetune/mod.ts";
import type { FinetuneEntry, FinetuneRecipe, ResolvedFinetune } from "../recipes/finetune/mod.ts";
import { findTask, isTaskFile, parseTask, type Task } from "../recipes/tasks/mod.ts";
import { INTERRUPTED, timestamp } from "./_command_line.ts";
import { DataWait } from "./_data_wait.ts";
import { gatherFinetuneData } from "./_finetune_data.ts";
import { type FinetuneDescription, readFinetuneDescription } from "./_finetune_description.ts";
import { type FinetuneRunParts, openFinetuneParts } from "./_finetune_parts.ts";
import { bestScore, formatScores, writeFinetuneReport } from "./_finetune_report.ts";
import {
  encodeTemplates,
  loadFinetuneWeights,
  locateWeights,
  normaliseTemplates,
  readSavedTemplates,
  readTemplates,
  type WeightsSource,
} from "./_finetune_weights.ts";
import { newestPretraining } from "./_newest_run.ts";
import { verify } from "./_run_data.ts";
import { describeEnvironment } from "./_run_description.ts";

/** The command line. */
export interface FinetuneArguments {
  readonly recipe?: string;
  readonly assignments: readonly string[];
  readonly task?: string;
  readonly data?: string;
  readonly datalist?: string;
  readonly classes?: string;
  readonly weights?: string;
  readonly scratch?: boolean;
  readonly labelFraction?: number;
  readonly config?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly backend?: BackendName;
  readonly threads?: number;
  readonly quickCheck?: boolean;
}

const TEMPLATES_FILE = "templates.safetensors";
const print = (line: string): void => console.log(line);

/**
 * Starts or resumes a run and sees it through; without weights or `--scratch`, on phantoms, two of them.
 *
 * @returns the exit status: 0 done, 130 interrupted and saved
 */
export async function runFinetuning(args: FinetuneArguments): Promise<number> {
  if (args.resume !== undefined) return await resumeRun(args, args.resume);
  const isOnPhantoms = args.data === undefined && args.datalist === undefined;
  if (args.weights !== undefined || args.scratch) {
    return (await startRun(args, { weights: args.weights, out: args.out ?? defaultFolder(args) })).code;
  }
  if (!isOnPhantoms) {
    throw new ConfigError("Cannot fine-tune: expected --weights RUN|FILE or --scratch, got neither");
  }
  return await compareWithScratch(args);
}

/** The newest pre-training run against a start from scratch, both with the same options and data. */
async function compareWithScratch(args: FinetuneArguments): Promise<number> {
  const recipe = args.recipe ?? "quick";
  entryOf(recipe);
  const weights = await newestPretraining("runs", recipe);
  const out = args.out ?? defaultFolder(args);
  if (weights === undefined) {
    print(`weights   no finished ${recipe} pre-training under runs/: from scratch (first: deno task pretrain)`);
    return (await startRun(args, { weights: undefined, out })).code;
  }
  const pretrained = await startRun(args, { weights, out });
  if (pretrained.code !== 0) return pretrained.code;
  print("\nthe same from scratch");
  const scratch = await startRun(args, { weights: undefined, out: `${out}-scratch` });
  if (scratch.code !== 0) return scratch.code;
  print(`\n${formatScores({ "pre-trained": pretrained.records, "from scratch": scratch.records })}`);
  print("one seed: others differ by several points either way; deno task label-efficiency repeats it and tests");
  return 0;
}

interface Outcome {
  readonly code: number;
  readonly records: readonly FinetuneRecord[];
}

async function startRun(
  args: FinetuneArguments,
  { weights, out }: { weights: string | undefined; out: string },
): Promise<Outcome> {
  const started = performance.now();
  const recipe = args.recipe ?? "quick";
  const task = await readTask(args.task ?? "phantom-tumour");
  if (args.classes !== undefined && task.kind !== "classification") {
    throw new ConfigError(`Cannot use --classes with ${task.name}: expected a classification task`);
  }
  const source = weights === undefined ? undefined : await locateWeights(weights);
  const { options, templates } = await chooseOptions(args, { source, print });
  const data = await gatherFinetuneData(args, { task, options, print });
  const { precision } = options.run;
  const backend = await startBackend(args.backend ?? "auto", { threads: args.threads, precision, warn: console.error });
  return await withNewRun({ recipe, task, options, data, templates, source, out }, {
    backend,
    print,
    use: (description, session) => {
      announce(description, { folder: session.folder.path, backend });
      return trainVisibly(description, { ...session, started });
    },
  });
}

/**
 * The options of a run, and the templates that replace channels in it.
 *
 * @param source where the run's weights come from; undefined = random ones
 */
export async function chooseOptions(
  args: FinetuneArguments,
  { source, print }: { source: WeightsSource | undefined; print: (line: string) => void },
): Promise<{ options: ResolvedFinetune; templates: readonly TemplateVolume[] }> {
  const bank = source && await readTemplates(source.file);
  const size = bank?.[0].size;
  const options = await resolveOptions(args, { source, templateSize: size && [size[0], size[1], size[2]] });
  const templates = chooseTemplates(bank, { args, options, print });
  return { options, templates };
}

/** What a new run is made of. */
export type NewRun = Pick<FinetuneDescription, "recipe" | "task" | "options" | "data"> & {
  /** Replace channels; none = no channel is replaced. */
  readonly templates: readonly TemplateVolume[];
  /** Where the weights come from; undefined = random ones. */
  readonly source: WeightsSource | undefined;
  readonly out: string;
};

/** Works with an open run. */
type UseRun<T> = (description: FinetuneDescription, session: FinetuneSession) => Promise<T>;

/** Opens a new run, with its folder and weights, for as long as it is used. */
export async function withNewRun<T>(
  { source, templates, out, ...plan }: NewRun,
  { backend, print, use }: { backend: BackendInfo; print: (line: string) => void; use: UseRun<T> },
): Promise<T> {
  const { options } = plan;
  const parts = openFinetuneParts({ ...plan, templates });
  try {
    const { parameters } = parts.objective;
    const weights = source &&
      await loadFinetuneWeights(source.file, { parameters, firstConv: options.firstConv, print });
    const description: FinetuneDescription = {
      kind: "finetune",
      ...plan,
      model: options.model,
      backend: backend.name,
      environment: describeEnvironment(backend),
      ...(weights ? { weights } : {}),
    };
    const folder = await RunFolder.create(out, { description, keep: options.run.keepCheckpoints });
    if (templates.length > 0) await folder.write(TEMPLATES_FILE, encodeTemplates(templates));
    return await use(description, { folder, resume: undefined, parts });
  } finally {
    parts.close();
  }
}

/** The templates that stand in for channels; none where there are none to take, unless they were asked for. */
function chooseTemplates(
  bank: readonly TemplateVolume[] | null | undefined,
  { args, options: { augment }, print }: {
    args: FinetuneArguments;
    options: ResolvedFinetune;
    print: (line: string) => void;
  },
): readonly TemplateVolume[] {
  if (augment.templateChannels === 0) return [];
  if (bank) return augment.templateValues === "raw" ? bank : normaliseTemplates(bank);
  const reason = "the start has no templates";
  if (args.assignments.some((text) => text.startsWith("augment.templateChannels="))) {
    throw new ConfigError(`Cannot use augment.templateChannels: expected 0, as ${reason}`);
  }
  print(`templates none: no channel is replaced, as ${reason}`);
  return [];
}

async function resumeRun(args: FinetuneArguments, run: string): Promise<number> {
  const started = performance.now();
  const { resume: _, threads, assignments, ...others } = args;
  const extra = [...assignments, ...Object.entries(others).flatMap(([name, value]) => value ? [`--${name}`] : [])][0];
  if (extra !== undefined) {
    throw new ConfigError(
      `Cannot resume ${run}: expected no other options than those it was started with, got ${extra}`,
    );
  }
  const description = await readFinetuneDescription(run);
  await verify(description.data);
  const { precision } = description.options.run;
  const backend = await startBackend(description.backend, { threads, precision, warn: console.error });
  const { code } = await withOldRun(run, {
    description,
    print,
    use: (_, session) => {
      announce(description, { folder: run, backend });
      return trainVisibly(description, { ...session, started });
    },
  });
  return code;
}

/** Opens a run that was started before, on the backend in use, where its newest checkpoint left it. */
export async function withOldRun<T>(
  run: string,
  { description, print, use }: { description: FinetuneDescription; print: (line: string) => void; use: UseRun<T> },
): Promise<T> {
  const { task, options, data, weights } = description;
  const folder = RunFolder.open(run, { keep: options.run.keepCheckpoints });
  const templates = await readSavedTemplates(`${run}/${TEMPLATES_FILE}`);
  const parts = openFinetuneParts({ task, options, data, templates });
  try {
    const resume = await folder.latestCheckpoint();
    // Stopped before its first checkpoint, a run starts again, from where it started.
    if (resume === undefined && weights !== undefined) {
      const { parameters } = parts.objective;
      await loadFinetuneWeights(weights.file, { parameters, firstConv: options.firstConv, print });
    }
    return await use(description, { folder, resume, parts });
  } finally {
    parts.close();
  }
}

/** A run that is open. */
export interface FinetuneSession {
  readonly folder: RunFolder;
  readonly resume: SavedCheckpoint | undefined;
  readonly parts: FinetuneRunParts;
}

/** Trains with a live line and Ctrl-C, and says what came of it. */
async function trainVisibly(
  description: FinetuneDescription,
  { started, ...session }: FinetuneSession & { started: number },
): Promise<Outcome> {
  let interrupted = false;
  const wait = new DataWait();
  using progress = new FinetuneLine(wait);
  using _interrupt = onInterrupt(() => {
    interrupted = true;
    progress.print("stopping: finishing this step and saving; once more to stop at once");
  });
  const { training } = session.parts;
  const { finished, records } = await trainRun(description, {
    ...session,
    parts: { ...session.parts, training: { ...training, source: wait.watch(training.source) } },
    interrupted: () => interrupted,
    onProgress: (state) => progress.show(state),
  });
  progress[Symbol.dispose]();
  const { path } = session.folder;
  if (!finished) {
    print(`interrupted and saved; go on with: deno task finetune --resume ${path}`);
    return { code: INTERRUPTED, records };
  }
  await writeFinetuneReport(session.folder, { description, records, wait: wait.describe() });
  const seconds = (performance.now() - started) / 1000;
  const best = bestScore(records);
  print(`\n${formatScores({ [description.weights ? "fine-tuned" : "from scratch"]: records })}`);
  print(`waited for data ${wait.describe()}`);
  print(`done in ${formatDuration(seconds)}: ${path}/weights.safetensors, of epoch ${(best?.epoch ?? 0) + 1}`);
  return { code: 0, records };
}

/** Trains an open run to its end, or until it is interrupted and saved. */
export async function trainRun(
  description: FinetuneDescription,
  { folder, resume, parts, interrupted, onProgress }: FinetuneSession & FinetuneWatch,
): Promise<{ readonly finished: boolean; readonly records: readonly FinetuneRecord[] }> {
  const { task, options } = description;
  const { finished } = await finetune({ ...parts, resume, store: storeOf(folder), interrupted, onProgress }, {
    ...options,
    fingerprint: fingerprint(description),
    metadata: { model: options.model, task: task.name, modalities: task.modalities.join(" ") },
  });
  return { finished, records: await folder.readRecords<FinetuneRecord>() };
}

/** Follows a training, and ends it early. */
export type FinetuneWatch = Pick<FinetuneParts, "interrupted" | "onProgress">;

function storeOf(folder: RunFolder): FinetuneStore {
  return {
    appendRecord: (record) => folder.appendRecord(record),
    truncateRecords: (count) => folder.truncateRecords(count),
    saveCheckpoint: (updates, checkpoint) => folder.saveCheckpoint(updates, checkpoint),
    saveWeights: (chunks) => folder.write("weights.safetensors", chunks),
  };
}

/** Options that shape the numbers and are not the loop's own: a resumed run must have the same. */
function fingerprint({ task, options, data }: FinetuneDescription): string {
  const { loader: _, optimizer: __, run, phantom: ___, ...shaping } = options;
  const { validation, overlap } = run;
  const subjects = [data.training, data.validation].map((side) => side.map(({ id }) => id));
  return JSON.stringify({ task, shaping, validation, overlap, subjects });
}

/** The live line of a run. */
class FinetuneLine implements Disposable {
  readonly #wait: DataWait;
  #line: Progress | undefined;

  constructor(wait: DataWait) {
    this.#wait = wait;
  }

  show({ record, epochs, totalSteps, score }: FinetuneProgress): void {
    this.#line ??= createProgress({ total: totalSteps, label: "finetune", done: record.step });
    this.#line.update(record.step, {
      epoch: `${record.epoch + 1}/${epochs}`,
      loss: record.loss,
      ...(score === null ? {} : { score }),
      wait: `${Math.round(this.#wait.percent)} %`,
    });
  }

  print(message: string): void {
    if (this.#line) this.#line.print(message);
    else console.log(message);
  }

  [Symbol.dispose](): void {
    this.#line?.[Symbol.dispose]();
    this.#line = undefined;
  }
}

/** A task of the table or of a file. */
export async function readTask(nameOrFile: string): Promise<Task> {
  return isTaskFile(nameOrFile) ? parseTask(await readText(nameOrFile), nameOrFile) : findTask(nameOrFile);
}

function entryOf(recipe: string): FinetuneEntry {
  if (Object.hasOwn(FINETUNE_RECIPES, recipe)) return FINETUNE_RECIPES[recipe];
  const known = Object.keys(FINETUNE_RECIPES).join(", ");
  throw new ConfigError(`Cannot find recipe: expected one of ${known}, got "${recipe}"`);
}

/** The recipe with what the weights decide (model, size of templates) and what the user changes. */
export async function resolveOptions(
  args: Pick<FinetuneArguments, "recipe" | "assignments" | "config" | "labelFraction" | "quickCheck">,
  { source, templateSize }: {
    source: WeightsSource | undefined;
    templateSize: [number, number, number] | undefined;
  },
): Promise<ResolvedFinetune> {
  const base: FinetuneRecipe = { ...entryOf(args.recipe ?? "quick").recipe };
  if (templateSize) base.templates = { size: templateSize };
  const file = args.config === undefined ? undefined : parseConfigFile(await readText(args.config), args.config);
  const fraction = args.labelFraction === undefined ? [] : [`labelFraction=${args.labelFraction}`];
  const assignments = [...(args.quickCheck ? QUICK_CHECK : []), ...fraction, ...args.assignments];
  const isModelAsked = file?.values.model !== undefined || assignments.some((text) => text.startsWith("model="));
  if (source?.model !== undefined && !isModelAsked) base.model = source.model as FinetuneRecipe["model"];
  const options = resolveConfig(finetuneSchema, base, { file, assignments });
  if (source?.model !== undefined && source.model !== options.model) {
    throw new ConfigError(`Cannot use weights ${source.file}: expected those of ${options.model}, got ${source.model}`);
  }
  return options;
}

function announce(
  { recipe, task, options, data, weights }: FinetuneDescription,
  { folder, backend }: { folder: string; backend: BackendInfo },
): void {
  print(`task      ${task.name}: ${task.title}`);
  print(
    `recipe    ${recipe}: ${options.model}, ${options.run.epochs} epochs, ${weights ? "pre-trained" : "from scratch"}`,
  );
  print(`data      ${data.origin}: ${data.training.length} subjects, ${data.validation.length} held out`);
  print(`backend   ${backend.description}`);
  print(`run       ${folder}`);
}

/** `runs/finetune-TASK-20260101-120000`, local time. */
function defaultFolder({ task = "phantom-tumour" }: FinetuneArguments): string {
  const name = task.slice(task.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");
  return `runs/finetune-${name}-${timestamp()}`;
}
