/** The study behind `deno task label-efficiency`: pre-trained against scratch, with fewer and fewer labelled subjects. */
import { flattenConfig } from "../lib/config.ts";
import { keepFraction } from "../lib/dataset/mod.ts";
import { ConfigError } from "../lib/errors.ts";
import { formatDuration, remove, startBackend } from "../lib/host/mod.ts";
import { plural } from "../lib/report/mod.ts";
import type { BackendInfo, BackendName } from "../lib/tensor/mod.ts";
import type { ResolvedFinetune } from "../recipes/finetune/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";
import { INTERRUPTED } from "./_command_line.ts";
import { type FinetuneData, gatherFinetuneData, labelScheme } from "./_finetune_data.ts";
import { locateWeights, type WeightsSource } from "./_finetune_weights.ts";
import { openFinetuned } from "./_finetuned.ts";
import { askedModel, chooseOptions, readTask } from "./_finetune_plan.ts";
import type { NewRun } from "./_finetune_run.ts";
import { writeLabelEfficiency } from "./_label_efficiency_results.ts";
import { newestPretraining } from "./_newest_run.ts";
import { describeEnvironment } from "./_run_description.ts";
import { type CaseScores, readCase, scoreCase } from "./_study_cases.ts";
import { codeVersion, defaultStudyFolder, fingerprintData, hashFile, StudyFolder } from "./_study_folder.ts";
import { StudyProgress } from "./_study_progress.ts";
import { trainStudyRun } from "./_study_training.ts";

/** The command line. */
export interface LabelEfficiencyArguments {
  readonly recipe?: string;
  readonly assignments: readonly string[];
  readonly task?: string;
  /** In percent of the training subjects. */
  readonly fractions: readonly number[];
  readonly seeds: readonly number[];
  readonly equal: Equal;
  readonly weights?: string;
  readonly data?: string;
  readonly datalist?: string;
  readonly config?: string;
  readonly out?: string;
  readonly backend?: BackendName;
  readonly threads?: number;
}

/**
 * What all shares of the labels have in common: with as many epochs a fifth of the labels gets a fifth of the updates, and
 * the study then shows how long a start needs rather than how many labels.
 */
export type Equal = "updates" | "epochs";

/** Where a run starts from. */
export type Start = "pre-trained" | "from scratch";

/** One fine-tuning of the study. */
export interface Cell {
  readonly name: string;
  /** In percent. */
  readonly fraction: number;
  readonly seed: number;
  readonly start: Start;
}

/** A cell that is done. */
export type ScoredCell = Cell & { readonly cases: readonly CaseScores[] };

/** What all cells share. */
interface Study {
  readonly recipe: string;
  readonly task: SegmentationTask;
  readonly options: ResolvedFinetune;
  readonly equal: Equal;
  readonly templates: NewRun["templates"];
  readonly source: WeightsSource;
  /** All training subjects, and those held out from every cell. */
  readonly data: FinetuneData;
  readonly fingerprint: string;
  readonly backend: BackendInfo;
  readonly folder: StudyFolder;
}

/** What the study sets itself. */
const OWN_OPTIONS = {
  seed: "--seeds",
  labelFraction: "--fractions",
  "run.validateEvery": "the weights of the last epoch, which no held-out subject has chosen",
  "run.validationSubjects": "held-out subjects to be scored after the training only",
};

/** Units of progress that predicting a subject counts for, an update being one. */
const PREDICTION_UNITS = 4;

/**
 * Runs the study, or goes on with it.
 *
 * @param print takes lines for the person
 * @returns the exit status: 0 done, 130 interrupted
 */
export async function runLabelEfficiency(
  args: LabelEfficiencyArguments,
  print: (line: string) => void,
): Promise<number> {
  const started = performance.now();
  const study = await openStudy(args, print);
  const cells = listCells(args);
  const { folder } = study;
  const scored = new Map<Cell, readonly CaseScores[]>();
  for (const cell of cells) {
    const cases = await folder.readCell(cell.name);
    if (cases !== undefined) scored.set(cell, cases);
  }
  announce(study, { cells, done: scored.size, print });
  const waiting = cells.filter((cell) => !scored.has(cell));
  if (waiting.length > 0) {
    const units = (list: readonly Cell[]): number => list.reduce((sum, cell) => sum + unitsOf(cell, study), 0);
    using progress = new StudyProgress("label-efficiency", {
      total: units(cells),
      done: units(cells) - units(waiting),
      stopping: "saving the run under way",
    });
    for (const cell of waiting) {
      const place = `${cells.indexOf(cell) + 1}/${cells.length}`;
      const result = await runCell(cell, { study, progress, place });
      if (result === undefined) break;
      scored.set(cell, result);
      progress.finish(unitsOf(cell, study));
    }
  }
  if (scored.size < cells.length) {
    print(
      `interrupted with ${scored.size} of ${plural(cells.length, "cell")} done; go on with the same command and ` +
        `--out ${folder.path}`,
    );
    return INTERRUPTED;
  }
  const { task, data, recipe } = study;
  print("");
  await writeLabelEfficiency(folder, {
    cells: cells.map((cell) => ({ ...cell, cases: scored.get(cell)! })),
    about: {
      task,
      recipe,
      weights: study.source.file,
      origin: data.origin,
      heldOut: data.validation.length,
      subjectsOf: (fraction) => subjectsOf({ fraction, seed: 0 }, study).length,
      epochs: study.options.run.epochs,
      equal: study.equal,
    },
    print,
  });
  const seconds = formatDuration((performance.now() - started) / 1000);
  print(`\ndone in ${seconds}: ${folder.path}/results.json, label-efficiency.svg, summary.md`);
  return 0;
}

async function openStudy(args: LabelEfficiencyArguments, print: (line: string) => void): Promise<Study> {
  const recipe = args.recipe ?? "quick";
  const task = await readTask(args.task ?? "phantom-tumour");
  if (task.kind !== "segmentation") {
    throw new ConfigError(`Cannot study ${task.name}: expected a segmentation task, got a ${task.kind}`);
  }
  for (const [name, expected] of Object.entries(OWN_OPTIONS)) {
    if (!args.assignments.some((text) => text.startsWith(`${name}=`))) continue;
    throw new ConfigError(`Cannot use ${name} in this study: expected ${expected}`);
  }
  const model = await askedModel(args);
  const weights = args.weights ?? await newestPretraining("runs", recipe, { model });
  if (weights === undefined) {
    throw new ConfigError(
      `Cannot study label efficiency: expected --weights RUN|FILE, as there is no finished ${recipe} pre-training ` +
        `${model === undefined ? "" : `of ${model} `}under runs/`,
    );
  }
  const source = await locateWeights(weights);
  const { options: chosen, templates } = await chooseOptions(args, { task, source, print });
  const { epochs } = chosen.run;
  const options: ResolvedFinetune = {
    ...chosen,
    labelFraction: 1,
    run: { ...chosen.run, validateEvery: epochs, validationSubjects: 1 },
  };
  const data = await gatherFinetuneData(args, { task, options, print });
  if (data.prepared !== undefined) {
    throw new ConfigError(
      `Cannot study ${data.root}: expected scans, whose labels are scored on their own grid, got a prepared folder`,
    );
  }
  const { precision } = chosen.run;
  const backend = await startBackend(args.backend ?? "auto", { threads: args.threads, precision, warn: console.error });
  const { training, validation } = data;
  const fingerprint = await fingerprintData(data.root, { training, validation });
  const folder = await StudyFolder.open(args.out ?? defaultStudyFolder("label-efficiency", task.name), {
    kind: "label-efficiency",
    settings: {
      task,
      recipe,
      fractions: args.fractions,
      seeds: args.seeds,
      equal: args.equal,
      weights: await hashFile(source.file),
      data: fingerprint,
      backend: backend.name,
      ...flattenConfig(options),
    },
    about: {
      weightsFile: source.file,
      root: data.root,
      training: training.map(({ id }) => id),
      heldOut: validation.map(({ id }) => id),
      version: await codeVersion(),
      environment: describeEnvironment(backend),
    },
  });
  return { recipe, task, options, equal: args.equal, templates, source, data, fingerprint, backend, folder };
}

/** Cells by seed, so that an unfinished study has whole repetitions. */
function listCells({ fractions, seeds }: LabelEfficiencyArguments): Cell[] {
  const starts: readonly Start[] = ["pre-trained", "from scratch"];
  return seeds.flatMap((seed) =>
    fractions.flatMap((fraction) =>
      starts.map((start) => ({
        name: `${fraction}-percent-seed-${seed}-${start.replace(" ", "-")}`,
        fraction,
        seed,
        start,
      }))
    )
  );
}

/** The training subjects of a cell: the same for both starts, and those of a smaller share among those of a larger. */
function subjectsOf({ fraction, seed }: Pick<Cell, "fraction" | "seed">, { data }: Study): FinetuneData["training"] {
  const kept = keepFraction(data.training, { seed, fraction: fraction / 100 });
  return kept as FinetuneData["training"];
}

/** Epochs over some of the subjects that have at least as many updates as `epochs` over all of them. */
export function epochsForEqualUpdates(
  { epochs, batchSize }: { epochs: number; batchSize: number },
  { all, kept }: { all: number; kept: number },
): number {
  return Math.ceil(epochs * Math.ceil(all / batchSize) / Math.ceil(kept / batchSize));
}

function epochsOf(cell: Cell, study: Study): number {
  const { run } = study.options;
  if (study.equal === "epochs") return run.epochs;
  const sizes = { all: study.data.training.length, kept: subjectsOf(cell, study).length };
  return epochsForEqualUpdates(run, sizes);
}

function updatesOf(cell: Cell, study: Study): number {
  return epochsOf(cell, study) * Math.ceil(subjectsOf(cell, study).length / study.options.run.batchSize);
}

function unitsOf(cell: Cell, study: Study): number {
  return updatesOf(cell, study) + PREDICTION_UNITS * study.data.validation.length;
}

interface CellContext {
  readonly study: Study;
  readonly progress: StudyProgress;
  /** `3/12`. */
  readonly place: string;
}

/** Trains, predicts and scores; undefined when it was interrupted. */
async function runCell(cell: Cell, context: CellContext): Promise<CaseScores[] | undefined> {
  const { study: { folder, ...study } } = context;
  const out = `${folder.path}/finetuned/${cell.name}`;
  if (!await trainCell(cell, { ...context, out })) return undefined;
  const cases = await scoreRun(out, { ...context, trained: updatesOf(cell, context.study) });
  if (cases === undefined) return undefined;
  await folder.writeCell(cell.name, {
    ...cell,
    recipe: study.recipe,
    task: study.task.name,
    model: study.options.model,
    weights: cell.start === "pre-trained" ? study.source.file : null,
    data: study.fingerprint,
    training: subjectsOf(cell, context.study).map(({ id }) => id),
    updates: updatesOf(cell, context.study),
    version: await codeVersion(),
    environment: describeEnvironment(study.backend),
    cases,
  });
  // The weights stay; what a resumption needs is many times larger.
  await remove(`${out}/checkpoints`);
  return cases;
}

/** Fine-tunes from the start, or from where an interruption left it; true when it is finished. */
async function trainCell(
  cell: Cell,
  { study, progress, place, out }: CellContext & { out: string },
): Promise<boolean> {
  const { recipe, task, options, data, backend } = study;
  const isPretrained = cell.start === "pre-trained";
  const epochs = epochsOf(cell, study);
  const run: NewRun = {
    recipe,
    task,
    options: {
      ...options,
      seed: cell.seed,
      labelFraction: cell.fraction / 100,
      run: { ...options.run, epochs, validateEvery: epochs },
    },
    data: { ...data, training: subjectsOf(cell, study) },
    templates: isPretrained ? study.templates : [],
    source: isPretrained ? study.source : undefined,
    out,
  };
  return await trainStudyRun(run, {
    backend,
    interrupted: () => progress.isInterrupted,
    onProgress: ({ record: { step, loss }, totalSteps }) =>
      progress.show(step, { cell: place, step: `${step}/${totalSteps}`, loss }),
  });
}

async function scoreRun(
  out: string,
  { study: { task, options, data }, progress, place, trained }: CellContext & { trained: number },
): Promise<CaseScores[] | undefined> {
  const reading = { root: data.root, scheme: labelScheme(task, options.labelSet) };
  const run = await openFinetuned(out);
  try {
    const scores: CaseScores[] = [];
    for (const subject of data.validation) {
      if (progress.isInterrupted) return undefined;
      scores.push(await scoreCase(await readCase(subject, reading), { ...run, task }, { distances: true }));
      progress.show(trained + PREDICTION_UNITS * scores.length, { cell: place, subject: subject.id });
    }
    return scores;
  } finally {
    run.dispose();
  }
}

function announce(
  { task, recipe, options, data, source, backend, folder }: Study,
  { cells, done, print }: { cells: readonly Cell[]; done: number; print: (line: string) => void },
): void {
  print(`task      ${task.name}: ${task.title}`);
  print(`recipe    ${recipe}: ${options.model}, ${plural(options.run.epochs, "epoch")}`);
  print(`weights   ${source.file}`);
  print(`data      ${data.origin}: ${plural(data.training.length, "subject")}, ${data.validation.length} held out`);
  print(`backend   ${backend.description}`);
  print(`study     ${folder.path}: ${plural(cells.length, "cell")}${done > 0 ? `, ${done} done before` : ""}`);
}
