/** What an ablation is made of: recipes, data, cells, hashes. Everything wrong is found here, before any work. */
import { ConfigError } from "../lib/errors.ts";
import { startBackend } from "../lib/host/mod.ts";
import { ABLATION_VARIANTS } from "../lib/report/mod.ts";
import type { AblationCell, AblationVariant } from "../lib/results.ts";
import type { BackendInfo, BackendName } from "../lib/tensor/mod.ts";
import type { ResolvedFinetune } from "../recipes/finetune/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import type { Task } from "../recipes/tasks/mod.ts";
import { cellName, type CellPlan, groupName, listCells, parseCell, parseShard, takeShard } from "./_ablation_cells.ts";
import { type PretrainingPlan, variantOptions } from "./_ablation_pretraining.ts";
import { AblationResults, type CellHashes } from "./_ablation_results.ts";
import { type FinetuneData, gatherFinetuneData } from "./_finetune_data.ts";
import { readTask, resolveOptions } from "./_finetune_plan.ts";
import type { NewRun } from "./_finetune_run.ts";
import { chooseRecipe } from "./_pretraining.ts";
import { gatherData, type RunData } from "./_run_data.ts";
import { fingerprintData, hashText } from "./_study_folder.ts";

/** The command line. */
export interface AblationArguments {
  /** `pretrain.KEY=VALUE` and `finetune.KEY=VALUE`. */
  readonly assignments: readonly string[];
  readonly scale: Scale;
  readonly seeds: readonly number[];
  /** Names or files. */
  readonly tasks: readonly string[];
  readonly cell?: string;
  readonly shard?: string;
  /** Scans to pre-train on. */
  readonly data?: string;
  readonly datalist?: string;
  readonly layout?: string;
  /** Labelled scans, lists and classes of a task, by its name. */
  readonly taskData: Readonly<Record<string, string>>;
  readonly taskDatalist: Readonly<Record<string, string>>;
  readonly taskClasses: Readonly<Record<string, string>>;
  readonly out?: string;
  readonly runs?: string;
  readonly machine?: string;
  readonly backend?: BackendName;
  readonly threads?: number;
}

/** How large an ablation is. */
export type Scale = "quick" | "full";

/** The recipes of a scale. */
const SCALES: Readonly<Record<Scale, { pretrain: string; finetune: string }>> = {
  quick: { pretrain: "quick", finetune: "quick" },
  full: { pretrain: "paper", finetune: "official" },
};

/** What the study sets itself, and what to use or expect instead. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  "pretrain.seed": "--seeds",
  "finetune.seed": "--seeds",
  "finetune.model": "pretrain.model, which both trainings share",
  "finetune.run.validateEvery": "the weights of the last update, which no held-out subject has chosen",
  "finetune.run.validationSubjects": "held-out subjects to be scored after the training only",
};

/** A task with all that its fine-tunings share. */
interface TaskPlan {
  readonly task: Task;
  readonly recipe: string;
  readonly options: ResolvedFinetune;
  readonly data: FinetuneData;
  readonly fingerprint: string;
}

/** What all pre-trainings share. */
interface PretrainPlan {
  readonly recipe: string;
  readonly options: ResolvedRecipe;
  readonly data: RunData;
  readonly fingerprint: string;
}

/** What a study is opened with. */
interface StudyParts {
  readonly scale: Scale;
  readonly cells: readonly CellPlan[];
  readonly tasks: readonly TaskPlan[];
  readonly pretraining: PretrainPlan | undefined;
  readonly results: AblationResults;
  readonly runs: string;
  readonly machine: string | undefined;
  readonly backend: BackendInfo;
}

/** An ablation, ready to run. */
export class AblationStudy {
  readonly scale: Scale;
  /** The cells of this process, in the order in which they run. */
  readonly cells: readonly CellPlan[];
  readonly tasks: readonly TaskPlan[];
  /** Undefined when all cells start from random weights. */
  readonly pretraining: PretrainPlan | undefined;
  readonly results: AblationResults;
  /** Folder of the runs. */
  readonly runs: string;
  /** What the machine is called in results. */
  readonly machine: string | undefined;
  readonly backend: BackendInfo;
  readonly #hashes: ReadonlyMap<string, PlanHashes>;

  /** A study of these parts; `hashes` by variant and task. */
  constructor({ scale, cells, tasks, pretraining, results, runs, machine, backend }: StudyParts, hashes: HashTable) {
    this.scale = scale;
    this.cells = cells;
    this.tasks = tasks;
    this.pretraining = pretraining;
    this.results = results;
    this.runs = runs;
    this.machine = machine;
    this.backend = backend;
    this.#hashes = hashes;
  }

  /** The hashes that a cell's file must have. */
  hashesOf({ variant, task }: CellPlan): CellHashes {
    return this.#hashes.get(planName(variant, task.name))!.cell;
  }

  /** The pre-training of a cell; undefined for scratch. */
  pretrainingOf({ variant, task, seed }: CellPlan): PretrainingPlan | undefined {
    if (variant === "scratch" || this.pretraining === undefined) return undefined;
    const { mark } = this.#hashes.get(planName(variant, task.name))!;
    return {
      ...this.pretraining,
      options: variantOptions(this.pretraining.options, { variant, seed }),
      out: `${this.runs}/pretrained/${groupName({ variant, seed })}-${mark}`,
    };
  }

  /** The fine-tuning of a cell, without its start. */
  finetuningOf(cell: CellPlan): Omit<NewRun, "source" | "templates"> {
    const { recipe, options, data } = this.tasks.find(({ task }) => task === cell.task)!;
    const { recipeHash, dataHash } = this.hashesOf(cell);
    return {
      recipe,
      task: cell.task,
      data,
      options: { ...options, seed: cell.seed },
      out: `${this.runs}/finetuned/${cellName(cell)}-${recipeHash.slice(0, 6)}${dataHash.slice(0, 6)}`,
    };
  }

  /** Whether a cell of the folder belongs to the same table: of a task studied now, one that was fine-tuned alike. */
  isCurrent({ variant, task, ...found }: AblationCell): boolean {
    if (!this.tasks.some((plan) => plan.task.name === task)) return true;
    const own = this.#hashes.get(planName(variant, task))?.cell;
    // The hashes of what is pre-trained are not known while only scratch is studied.
    if (own === undefined) return found.finetuneHash === this.#hashes.get(planName("scratch", task))!.cell.finetuneHash;
    return own.recipeHash === found.recipeHash && own.dataHash === found.dataHash;
  }
}

/**
 * Reads and checks everything that the study needs.
 *
 * @throws {ConfigError | DatalistError | VolumeError} when something of it cannot be used
 */
export async function openAblation(args: AblationArguments, print: (line: string) => void): Promise<AblationStudy> {
  const { scale, out = "results/ablation", runs = "runs/ablation", machine } = args;
  const assignments = splitAssignments(args.assignments);
  const cells = await chooseCells(args);
  const recipe = await chooseRecipe({ recipe: SCALES[scale].pretrain, assignments: assignments.pretrain });
  checkMethod(recipe.options);
  const isPretraining = cells.some(({ variant }) => variant !== "scratch");
  if (isPretraining) checkPretrainData(args);
  const tasks: TaskPlan[] = [];
  for (const task of new Set(cells.map((cell) => cell.task))) {
    const choice = { scale, pretraining: recipe.options, assignments: assignments.finetune };
    const options = await finetuneOptions(task, choice);
    tasks.push(await planTask(task, { args, options, print }));
  }
  const data = isPretraining ? await gatherData(args, { recipe: recipe.options, print }) : undefined;
  const backend = await startBackend(args.backend ?? "auto", { threads: args.threads, warn: console.error });
  const pretraining = data && { ...recipe, data, fingerprint: await fingerprintOf(data) };
  const results = await AblationResults.open(`${out}/${scale}`);
  const parts = { scale, cells, tasks, pretraining, results, runs: `${runs}/${scale}`, machine, backend };
  return new AblationStudy(parts, await hashPlans(parts));
}

/** Assignments by the training that they are for. */
function splitAssignments(assignments: readonly string[]): { pretrain: string[]; finetune: string[] } {
  const split = { pretrain: [] as string[], finetune: [] as string[] };
  for (const text of assignments) {
    const [, training, rest] = text.match(/^(pretrain|finetune)\.([^=]+=.*)$/s) ?? [];
    if (training === undefined) {
      throw new ConfigError(
        `Cannot use ${text}: expected pretrain.KEY=VALUE or finetune.KEY=VALUE with an option of either task`,
      );
    }
    const name = text.slice(0, text.indexOf("="));
    if (Object.hasOwn(OWN_OPTIONS, name)) {
      throw new ConfigError(`Cannot use ${name} in an ablation: expected ${OWN_OPTIONS[name]}`);
    }
    split[training as keyof typeof split].push(rest);
  }
  return split;
}

/** All cells, one of them, or those of a shard. */
async function chooseCells({ cell, shard, ...args }: AblationArguments): Promise<CellPlan[]> {
  if (cell !== undefined && shard !== undefined) {
    throw new ConfigError("Cannot use --cell with --shard: expected one of them");
  }
  if (cell !== undefined) {
    const { variant, task, seed } = parseCell(cell);
    const plan = { variant, task: await readTask(task), seed };
    checkTaskNames(args, [plan.task]);
    return [plan];
  }
  const tasks: Task[] = [];
  for (const name of args.tasks) tasks.push(await readTask(name));
  checkTaskNames(args, tasks);
  const cells = listCells({ seeds: args.seeds, tasks });
  return shard === undefined ? cells : takeShard(cells, parseShard(shard));
}

/** Results are filed by the tasks' names, and data are given by them. */
function checkTaskNames(
  { taskData, taskDatalist, taskClasses }: Pick<AblationArguments, "taskData" | "taskDatalist" | "taskClasses">,
  tasks: readonly Task[],
): void {
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ConfigError(`Cannot use --tasks: expected every task once, got ${twice} again`);
  const unusable = names.find((name) => !/^[\w.+-]+$/.test(name));
  if (unusable !== undefined) {
    throw new ConfigError(
      `Cannot use task "${unusable}": expected a name of letters, digits and . _ + -, as results are filed by it`,
    );
  }
  const options = { "--task-data": taskData, "--task-datalist": taskDatalist, "--task-classes": taskClasses };
  for (const [option, values] of Object.entries(options)) {
    const other = Object.keys(values).find((name) => !names.includes(name));
    if (other === undefined) continue;
    throw new ConfigError(`Cannot use ${option}: expected one of the tasks ${names.join(", ")}, got "${other}"`);
  }
}

/** A loss of no weight would make two variants one. */
function checkMethod({ method }: ResolvedRecipe): void {
  for (const name of ["cmrWeight", "mdWeight", "clWeight"] as const) {
    if (method[name] > 0) continue;
    throw new ConfigError(`Cannot run an ablation: expected pretrain.method.${name} above 0, got ${method[name]}`);
  }
}

function checkPretrainData({ scale, data, datalist }: AblationArguments): void {
  if (scale === "quick" || data !== undefined || datalist !== undefined) return;
  throw new ConfigError(
    `Cannot run an ablation at scale ${scale}: expected --data or --datalist with scans to pre-train on, got neither`,
  );
}

/** The options of fine-tuning: model and size of templates are those of pre-training, for scratch as well. */
async function finetuneOptions(
  task: Task,
  { scale, pretraining, assignments }: {
    scale: Scale;
    pretraining: ResolvedRecipe;
    assignments: readonly string[];
  },
): Promise<ResolvedFinetune> {
  const options = await resolveOptions(
    { recipe: SCALES[scale].finetune, assignments: [`model=${pretraining.model}`, ...assignments] },
    { task, source: undefined, templateSize: pretraining.templates.size },
  );
  return { ...options, run: { ...options.run, validateEvery: options.run.epochs, validationSubjects: 1 } };
}

async function planTask(
  task: Task,
  { args, options, print }: {
    args: AblationArguments;
    options: ResolvedFinetune;
    print: (line: string) => void;
  },
): Promise<TaskPlan> {
  const { name } = task;
  const named = { data: args.taskData[name], datalist: args.taskDatalist[name], classes: args.taskClasses[name] };
  if (named.data === undefined && named.datalist === undefined && !name.startsWith("phantom-")) {
    throw new ConfigError(
      `Cannot fine-tune on ${name}: expected --task-data ${name}=FOLDER or --task-datalist ${name}=FILE, got neither`,
    );
  }
  if (named.classes !== undefined && task.kind !== "classification") {
    throw new ConfigError(`Cannot use --task-classes with ${name}: expected a classification task`);
  }
  const data = await gatherFinetuneData(named, { task, options, print });
  return { task, recipe: SCALES[args.scale].finetune, options, data, fingerprint: await fingerprintOf(data) };
}

function fingerprintOf({ root, training, validation, ...data }: RunData & Partial<FinetuneData>): Promise<string> {
  return fingerprintData(root, { training, validation }).then((files) =>
    data.classes ? hashText(JSON.stringify([files, data.classes])) : files
  );
}

/** The hashes of one variant on one task. */
interface PlanHashes {
  readonly cell: CellHashes;
  /** Tells pre-trainings with other options or data apart. */
  readonly mark: string;
}

type HashTable = ReadonlyMap<string, PlanHashes>;

function planName(variant: AblationVariant, task: string): string {
  return `${variant}:${task}`;
}

async function hashPlans({ tasks, pretraining, backend }: StudyParts): Promise<HashTable> {
  const table = new Map<string, PlanHashes>();
  for (const { task, options, fingerprint } of tasks) {
    const finetune = { task, finetune: shapingOptions(options), backend: backend.name };
    const finetuneHash = await hashText(JSON.stringify([finetune, fingerprint]));
    for (const variant of ABLATION_VARIANTS) {
      if (variant !== "scratch" && pretraining === undefined) continue;
      const start = variant === "scratch"
        ? null
        : shapingOptions(variantOptions(pretraining!.options, { variant, seed: 0 }));
      const data = start && pretraining!.fingerprint;
      const recipe = { task, finetune: shapingOptions(options), pretrain: start, backend: backend.name };
      table.set(planName(variant, task.name), {
        cell: {
          recipeHash: await hashText(JSON.stringify(recipe)),
          dataHash: await hashText(JSON.stringify([fingerprint, data])),
          finetuneHash,
        },
        mark: (await hashText(JSON.stringify([start, data, backend.name]))).slice(0, 12),
      });
    }
  }
  return table;
}

/** The options that shape the numbers; data have a hash of their own, and the seed is a cell's. */
function shapingOptions({ seed: _, loader: __, phantom: ___, run, ...options }: ResolvedRecipe | ResolvedFinetune) {
  const { checkpointEvery: ____, checkpointMinutes: _____, keepCheckpoints: ______, ...others } = run;
  const { recomputeBlocks: _______, ...shaping } = others;
  return { ...options, run: shaping };
}
