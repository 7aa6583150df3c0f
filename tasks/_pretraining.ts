/** The run behind `deno task pretrain`: data, parts, trainer, results. */
import { ConfigError } from "../lib/errors.ts";
import type { Triple } from "../lib/geometry.ts";
import { parseConfigFile, resolveConfig } from "../lib/config.ts";
import { formatDuration, onInterrupt, readText, RunFolder } from "../lib/host/mod.ts";
import type { SavedCheckpoint } from "../lib/host/mod.ts";
import { selectBackend } from "../lib/tensor/mod.ts";
import type { BackendInfo, BackendName } from "../lib/tensor/mod.ts";
import { pretrain } from "../lib/trainer/mod.ts";
import { QUICK_CHECK, RECIPES, recipeSchema } from "../recipes/mod.ts";
import { INTERRUPTED, timestamp } from "./_command_line.ts";
import { loadInitialWeights } from "./_initial_weights.ts";
import type { InitialWeights } from "./_initial_weights.ts";
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
 * Starts or resumes a run and sees it through.
 *
 * @returns the exit status: 0 done, 130 interrupted and saved
 */
export async function runPretraining(args: PretrainArguments): Promise<number> {
  const started = performance.now();
  const description = args.resume === undefined ? await describeRun(args) : await readRun(args);
  const { options, data } = description;
  const backend = await selectBackend(description.backend, { threads: args.threads });
  const parts = openParts(options, data);
  try {
    const { folder, resume } = await openFolder(args, { description, backend, parts });
    announce(description, { folder: folder.path, backend });
    return await train(description, { folder, resume, backend, parts, started });
  } finally {
    parts.close();
  }
}

/** The folder of the run; weights are loaded before a new one is made, so that a wrong file leaves nothing behind. */
async function openFolder(
  args: PretrainArguments,
  { description, backend, parts }: { description: RunDescription; backend: BackendInfo; parts: RunParts },
): Promise<{ folder: RunFolder; resume: SavedCheckpoint | undefined }> {
  const keep = description.options.run.keepCheckpoints;
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
  const resume = await folder.latestCheckpoint();
  // Stopped before its first checkpoint, a run starts again, from where it started.
  if (resume === undefined && description.weights !== undefined) await load(description.weights.file);
  return { folder, resume };
}

/** What a run is trained with. */
interface RunSession {
  readonly folder: RunFolder;
  readonly resume: SavedCheckpoint | undefined;
  readonly backend: BackendInfo;
  readonly parts: RunParts;
  /** When the task started, by `performance.now()`. */
  readonly started: number;
}

async function train(
  description: RunDescription,
  { folder, resume, backend, parts, started }: RunSession,
): Promise<number> {
  let interrupted = false;
  let spacingMm: Triple | undefined;
  using progress = new TrainingProgress();
  using _interrupt = onInterrupt(() => {
    interrupted = true;
    progress.print("stopping: finishing this step and saving; once more to stop at once");
  });
  const result = await pretrain({
    ...parts,
    resume,
    store: folder,
    interrupted: () => interrupted,
    onProgress: (state) => progress.show(state),
    keepTemplates: async (epochs, templates) => {
      spacingMm ??= await templateSpacing(folder.path, description);
      const used = onlyTrained(templates, description);
      for await (const { name, bytes } of snapshotFiles(used, { epochs, spacingMm })) await folder.write(name, bytes);
    },
  }, description.options);
  progress[Symbol.dispose]();
  if (!result.finished) {
    console.log(`interrupted and saved; go on with: deno task pretrain --resume ${folder.path}`);
    return INTERRUPTED;
  }
  // The report room is large; loading it only here keeps the start of the task quick.
  const { writeResults } = await import("./_run_results.ts");
  const seconds = (performance.now() - started) / 1000;
  await writeResults(folder, {
    ...description,
    backend,
    seconds,
    templates: parts.templates,
    validation: result.validation,
  });
  console.log(`\ndone in ${formatDuration(seconds)}: ${folder.path}/report.html`);
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
  { folder, backend }: { folder: string; backend: BackendInfo },
): void {
  console.log(`recipe    ${recipe}: ${options.model}, ${options.run.epochs} epochs`);
  console.log(`data      ${data.origin}: ${data.training.length} subjects, ${data.validation.length} held out`);
  console.log(`backend   ${backend.description}`);
  console.log(`run       ${folder}`);
}
