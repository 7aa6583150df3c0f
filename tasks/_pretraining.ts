/** The run behind `deno task pretrain`: data, parts, trainer, results. */
import { type Communicator, shareBytes, shareText } from "../lib/communicator.ts";
import { ConfigError } from "../lib/errors.ts";
import type { Triple } from "../lib/geometry.ts";
import { parseConfigFile, resolveConfig } from "../lib/config.ts";
import { formatDuration, onInterrupt, readText, RunFolder, startBackend } from "../lib/host/mod.ts";
import type { SavedCheckpoint } from "../lib/host/mod.ts";
import { MODEL_PRESETS } from "../lib/model/mod.ts";
import type { BackendInfo, BackendName } from "../lib/tensor/mod.ts";
import { pretrain } from "../lib/trainer/mod.ts";
import { QUICK_CHECK, RECIPES, recipeSchema } from "../recipes/mod.ts";
import { INTERRUPTED, timestamp } from "./_command_line.ts";
import { DataWait } from "./_data_wait.ts";
import { outliveGpuLosses, savedUpdatesIn } from "./_gpu_loss.ts";
import { loadInitialWeights } from "./_initial_weights.ts";
import type { InitialWeights } from "./_initial_weights.ts";
import type { Ranks } from "./_ranks.ts";
import { gatherData, verify } from "./_run_data.ts";
import { describeEnvironment, readRunDescription } from "./_run_description.ts";
import type { RunDescription } from "./_run_description.ts";
import { openParts } from "./_run_parts.ts";
import type { RunParts } from "./_run_parts.ts";
import { onlyTrained, snapshotFiles, templateSpacing } from "./_template_files.ts";
import { TrainingProgress } from "./_training_progress.ts";

/** The command line. */
export interface PretrainArguments {
  readonly recipe?: string;
  readonly assignments: readonly string[];
  readonly data?: string;
  readonly datalist?: string;
  readonly layout?: string;
  readonly config?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly weights?: string;
  readonly backend?: BackendName;
  readonly threads?: number;
  readonly quickCheck?: boolean;
}

/**
 * Starts or resumes a run and sees it through. Of several ranks, the first finds the data, keeps the folder and prints.
 *
 * @returns the exit status: 0 done, 130 interrupted and saved
 */
export async function runPretraining(args: PretrainArguments, ranks: Ranks): Promise<number> {
  const started = performance.now();
  const description = await shareDescription(args, ranks);
  const { options, data } = description;
  const backend = await openBackend(description, { args, ranks });
  let path: string | undefined;
  const attempt = async (event?: string): Promise<number> => {
    const parts = openParts(options, data, ranks.local);
    try {
      const opened = path === undefined ? args : { ...args, resume: path };
      const { folder, resume } = await openFolder(opened, { description, backend, parts, ranks });
      if (path === undefined && ranks.communicator.rank === 0) {
        announce(description, { folder: folder.path, backend, ranks });
      }
      path = folder.path;
      return await train(description, { folder, resume, event, backend, parts, started, ranks });
    } finally {
      parts.close();
    }
  };
  // Ranks would have to find together again: they end, and all are started anew.
  if (ranks.communicator.size > 1) return await attempt();
  return await outliveGpuLosses(attempt, {
    backend,
    reopen: () => openBackend({ ...description, backend: backend.name }, { args, ranks }),
    savedUpdates: () => savedUpdatesIn(path),
    print: (line) => console.log(line),
  });
}

/** What all ranks are to do. Each machine looks whether it has the data. */
async function shareDescription(args: PretrainArguments, { communicator, local }: Ranks): Promise<RunDescription> {
  const make = async (): Promise<RunDescription> => {
    const description = args.resume === undefined ? await describeRun(args) : await readRun(args);
    checkBatchSize(description, communicator.size);
    return description;
  };
  if (communicator.size === 1) return await make();
  const description: RunDescription = JSON.parse(
    await shareText(communicator, async () => JSON.stringify(await make())),
  );
  if (local.rank === 0 && communicator.rank > 0) await verify(description.data);
  return description;
}

function checkBatchSize({ options: { run } }: RunDescription, ranks: number): void {
  if (run.batchSize % ranks === 0) return;
  throw new ConfigError(
    `Cannot share batches among ${ranks} ranks: expected a run.batchSize that ${ranks} divides, got ${run.batchSize}`,
  );
}

/** The same backend on every rank: that of the first. */
async function openBackend(
  { backend, options }: RunDescription,
  { args, ranks }: { args: PretrainArguments; ranks: Ranks },
): Promise<BackendInfo> {
  const { communicator } = ranks;
  const { threads, warning } = ranks.threads(args.threads);
  if (warning !== undefined && communicator.rank === 0) console.error(`warning: ${warning}`);
  const choice = { threads, precision: options.run.precision, warn: console.error };
  if (communicator.size === 1) return await startBackend(backend, choice);
  let own: BackendInfo | undefined;
  const name = await shareText(communicator, async () => {
    own = await startBackend(backend, choice);
    checkExchanges(own, options);
    return own.name;
  });
  return own ?? await startBackend(name as BackendName, choice);
}

/** On a GPU nothing can be exchanged within a pass, as its values cannot be read there. */
function checkExchanges({ name }: BackendInfo, { model, run, method }: RunDescription["options"]): void {
  if (name !== "webgpu") return;
  const hasBatchNorm = MODEL_PRESETS[model].backbone === "uniformer";
  const needed = [
    hasBatchNorm && run.synchronizeBatchNorm && "run.synchronizeBatchNorm=false",
    method.clWeight > 0 && method.gatherNegatives && "method.gatherNegatives=false",
  ].filter((option) => option !== false);
  if (needed.length === 0) return;
  throw new ConfigError(
    `Cannot train ${model} on several ranks with webgpu: expected ${
      needed.join(" and ")
    }, as values on a GPU cannot be ` +
      "exchanged within a pass, or --backend simd",
  );
}

/** The folder of the run; weights are loaded before a new one is made, so that a wrong file leaves nothing behind. */
async function openFolder(
  args: PretrainArguments,
  { description, backend, parts, ranks: { communicator } }: OpenRun,
): Promise<{ folder: RunFolder; resume: SavedCheckpoint | undefined }> {
  const keep = description.options.run.keepCheckpoints;
  if (communicator.rank > 0) {
    // The first rank has the folder, and gives its weights to all.
    const resume = args.resume === undefined ? undefined : await shareCheckpoint(communicator);
    return { folder: RunFolder.open("", { keep }), resume };
  }
  const load = (file: string): Promise<InitialWeights> =>
    loadInitialWeights(file, { parts, print: (line) => console.log(line) });
  if (args.resume === undefined) {
    const weights = args.weights === undefined ? undefined : await load(args.weights);
    const folder = await RunFolder.create(args.out ?? `runs/${description.recipe}-${timestamp()}`, {
      description: { ...description, backend: backend.name, environment: describeEnvironment(backend), weights },
      keep,
    });
    return { folder, resume: undefined };
  }
  const folder = RunFolder.open(args.resume, { keep });
  const resume = await shareCheckpoint(communicator, () => folder.latestCheckpoint());
  // Stopped before its first checkpoint, a run starts again, from where it started.
  if (resume === undefined && description.weights !== undefined) await load(description.weights.file);
  return { folder, resume };
}

/** What a run's folder is opened with. */
interface OpenRun {
  readonly description: RunDescription;
  readonly backend: BackendInfo;
  readonly parts: RunParts;
  readonly ranks: Ranks;
}

/** The checkpoint that the first rank finds, on all ranks. */
async function shareCheckpoint(
  communicator: Communicator,
  find: () => Promise<SavedCheckpoint | undefined> = () => Promise.resolve(undefined),
): Promise<SavedCheckpoint | undefined> {
  const found = await find();
  if (communicator.size === 1) return found;
  const { state, file } = JSON.parse(
    await shareText(communicator, () => JSON.stringify({ state: found?.state, file: found?.file })),
  );
  if (state === undefined) return undefined;
  return { state, file, tensors: await shareBytes(communicator, () => found!.tensors) };
}

/** What a run is trained with. */
interface RunSession {
  readonly folder: RunFolder;
  readonly resume: SavedCheckpoint | undefined;
  /** What to record before the first batch. */
  readonly event: string | undefined;
  readonly backend: BackendInfo;
  readonly parts: RunParts;
  /** When the task started, by `performance.now()`. */
  readonly started: number;
  readonly ranks: Ranks;
}

async function train(
  description: RunDescription,
  { folder, resume, event, backend, parts, started, ranks: { communicator } }: RunSession,
): Promise<number> {
  const isFirst = communicator.rank === 0;
  let interrupted = false;
  let spacingMm: Triple | undefined;
  const wait = new DataWait();
  using progress = new TrainingProgress(wait);
  using _interrupt = onInterrupt(() => {
    interrupted = true;
    if (isFirst) progress.print("stopping: finishing this step and saving; once more to stop at once");
  });
  const result = await pretrain({
    ...parts,
    training: { ...parts.training, source: wait.watch(parts.training.source) },
    resume,
    event,
    store: folder,
    communicator,
    interrupted: () => interrupted,
    clock: () => performance.now(),
    onProgress: isFirst ? (state) => progress.show(state) : undefined,
    keepTemplates: isFirst
      ? async (epochs, templates) => {
        spacingMm ??= await templateSpacing(folder.path, description);
        const used = onlyTrained(templates, description);
        for await (const { name, bytes } of snapshotFiles(used, { epochs, spacingMm })) await folder.write(name, bytes);
      }
      : undefined,
  }, description.options);
  progress[Symbol.dispose]();
  if (!isFirst) return result.finished ? 0 : INTERRUPTED;
  if (!result.finished) {
    const task = communicator.size > 1 ? "pretrain:mpi" : "pretrain";
    console.log(`interrupted and saved; go on with: deno task ${task} --resume ${folder.path}`);
    return INTERRUPTED;
  }
  // The report room is large; loading it only here keeps the start of the task quick.
  const { writeResults } = await import("./_run_results.ts");
  const seconds = (performance.now() - started) / 1000;
  await writeResults(folder, {
    ...description,
    backend,
    seconds,
    wait: wait.describe(),
    templates: parts.templates,
    validation: result.validation,
  });
  console.log(`\nwaited for data ${wait.describe()}`);
  console.log(`done in ${formatDuration(seconds)}: ${folder.path}/report.html`);
  return 0;
}

/** The recipe with what the user changes. */
export async function chooseRecipe(
  args: Pick<PretrainArguments, "recipe" | "assignments" | "config" | "quickCheck">,
): Promise<Pick<RunDescription, "recipe" | "options">> {
  const recipe = args.recipe ?? "quick";
  const entry = Object.hasOwn(RECIPES, recipe) ? RECIPES[recipe] : undefined;
  if (!entry) {
    throw new ConfigError(`Cannot find recipe: expected one of ${Object.keys(RECIPES).join(", ")}, got "${recipe}"`);
  }
  const file = args.config === undefined ? undefined : parseConfigFile(await readText(args.config), args.config);
  const assignments = [...(args.quickCheck ? QUICK_CHECK : []), ...args.assignments];
  return { recipe, options: resolveConfig(recipeSchema, entry.recipe, { file, assignments }) };
}

async function describeRun(args: PretrainArguments): Promise<RunDescription> {
  const { recipe, options } = await chooseRecipe(args);
  const data = await gatherData(args, { recipe: options, print: (line) => console.log(line) });
  // The environment is known once the backend is chosen.
  return { recipe, options, data, backend: args.backend ?? "auto", environment: {} };
}

async function readRun({ resume, recipe, assignments, ...args }: PretrainArguments): Promise<RunDescription> {
  const { data, datalist, layout, config, out, weights, backend, quickCheck } = args;
  const named = [data, datalist, layout, config, out, weights, backend];
  const others = [recipe, ...assignments, ...named, quickCheck && "--quick-check"];
  const extra = others.find((value) => value);
  if (extra !== undefined) {
    throw new ConfigError(
      `Cannot resume ${resume}: expected no other options than those it was started with, got ${extra}`,
    );
  }
  const description = await readRunDescription(resume!, { verb: "resume" });
  await verify(description.data);
  return description;
}

function announce(
  { recipe, options, data }: RunDescription,
  { folder, backend, ranks }: { folder: string; backend: BackendInfo; ranks: Ranks },
): void {
  console.log(`recipe    ${recipe}: ${options.model}, ${options.run.epochs} epochs`);
  console.log(`data      ${data.origin}: ${data.training.length} subjects, ${data.validation.length} held out`);
  console.log(`backend   ${backend.description}`);
  if (ranks.description !== undefined) console.log(`ranks     ${ranks.description}`);
  console.log(`run       ${folder}`);
}
