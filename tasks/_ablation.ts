/** The study behind `deno task ablate`: what every loss of pre-training is worth downstream. */
import { formatDuration, makeFolder, remove } from "../lib/host/mod.ts";
import { plural } from "../lib/report/mod.ts";
import type { AblationCell, AblationPretraining } from "../lib/results.ts";
import { cellName, type CellPlan, groupName } from "./_ablation_cells.ts";
import { type AblationArguments, type AblationStudy, openAblation } from "./_ablation_plan.ts";
import { isPretrained, type PretrainingPlan, pretrainVariant } from "./_ablation_pretraining.ts";
import { scoreRun } from "./_ablation_scores.ts";
import { INTERRUPTED } from "./_command_line.ts";
import { locateWeights, normaliseTemplates, readTemplates } from "./_finetune_weights.ts";
import type { NewRun } from "./_finetune_run.ts";
import { describeEnvironment } from "./_run_description.ts";
import { codeVersion } from "./_study_folder.ts";
import { waitForLock } from "./_study_lock.ts";
import { StudyProgress } from "./_study_progress.ts";
import { trainStudyRun } from "./_study_training.ts";

/** Units of progress, in time of an update of pre-training with both views: measured at the scale `quick`. */
const UNITS = { singleView: 0.5, update: 1, finetuneUpdate: 2.5, prediction: 4 };

/**
 * Runs the study, or goes on with it.
 *
 * @param print takes lines for the person
 * @returns the exit status: 0 done, 130 interrupted
 */
export async function runAblation(args: AblationArguments, print: (line: string) => void): Promise<number> {
  const started = performance.now();
  const study = await openAblation(args, print);
  const { cells, results } = study;
  const waiting: CellPlan[] = [];
  for (const cell of cells) {
    if (!await isDone(cell, { study, print })) waiting.push(cell);
  }
  announce(study, { done: cells.length - waiting.length, print });
  const done = cells.length - waiting.length + await runCells(waiting, study);
  const table = await results.writeTable((cell) => study.isCurrent(cell));
  if (done < cells.length) {
    print(
      `interrupted with ${done} of ${plural(cells.length, "cell")} done; go on with the same command`,
    );
    return INTERRUPTED;
  }
  const seconds = formatDuration((performance.now() - started) / 1000);
  print(`\n${table}\n\ndone in ${seconds}: ${results.path}/table.md`);
  return 0;
}

/** Whether there is a file of the cell with the same hashes. */
async function isDone(
  cell: CellPlan,
  { study, print }: { study: AblationStudy; print?: (line: string) => void },
): Promise<boolean> {
  const found = await study.results.read(cellName(cell));
  if (found === undefined) return false;
  const { recipeHash, dataHash } = study.hashesOf(cell);
  if (found.recipeHash === recipeHash && found.dataHash === dataHash) return true;
  const changed = found.recipeHash === recipeHash ? "data" : "recipe";
  print?.(`anew      ${cellName(cell)}: its ${changed} has changed since ${found.date}`);
  return false;
}

/** Runs cells until the last one, or an interruption; gives the number done. */
async function runCells(waiting: readonly CellPlan[], study: AblationStudy): Promise<number> {
  if (waiting.length === 0) return 0;
  await makeFolder(study.runs);
  const units = await unitsOf(waiting, study);
  const total = [...units.values()].reduce((sum, { pretraining, finetuning }) => sum + pretraining + finetuning, 0);
  using progress = new StudyProgress("ablate", { total, done: 0, stopping: "saving the run under way" });
  for (const [done, cell] of waiting.entries()) {
    const place = `${done + 1}/${waiting.length}`;
    using lock = await waitForLock(`${study.runs}/${groupName(cell)}.lock`, {
      interrupted: () => progress.isInterrupted,
      onWait: () => progress.print(`waiting for another process that works on ${groupName(cell)}`),
    });
    if (lock === undefined) return done;
    // Another process may have been faster.
    if (!await isDone(cell, { study }) && !await runCell(cell, { study, progress, place, units: units.get(cell)! })) {
      return done;
    }
    const { pretraining, finetuning } = units.get(cell)!;
    progress.finish(pretraining + finetuning);
  }
  return waiting.length;
}

/** Units of progress of a cell. */
interface CellUnits {
  /** 0 where an earlier cell, or an earlier process, has done it. */
  readonly pretraining: number;
  readonly finetuning: number;
}

async function unitsOf(cells: readonly CellPlan[], study: AblationStudy): Promise<Map<CellPlan, CellUnits>> {
  const pretrained = new Set<string>();
  const units = new Map<CellPlan, CellUnits>();
  for (const cell of cells) {
    const plan = study.pretrainingOf(cell);
    const isOpen = plan !== undefined && !pretrained.has(plan.out) && !await isPretrained(plan.out);
    if (plan !== undefined) pretrained.add(plan.out);
    const { options: { run }, data } = study.finetuningOf(cell);
    const updates = run.epochs * Math.ceil(data.training.length / run.batchSize);
    units.set(cell, {
      pretraining: isOpen ? pretrainingUnits(plan) : 0,
      finetuning: updates * UNITS.finetuneUpdate + data.validation.length * UNITS.prediction,
    });
  }
  return units;
}

function pretrainingUnits({ options: { method, run }, data }: PretrainingPlan): number {
  const batches = run.epochs * Math.ceil(data.training.length / run.batchSize);
  return batches * (method.mdWeight > 0 ? UNITS.update : UNITS.singleView);
}

interface CellContext {
  readonly study: AblationStudy;
  readonly progress: StudyProgress;
  /** `3/12`. */
  readonly place: string;
  readonly units: CellUnits;
}

/** Pre-trains, fine-tunes, scores and writes; false when it was interrupted. */
async function runCell(cell: CellPlan, context: CellContext): Promise<boolean> {
  const { study, progress, place, units } = context;
  const plan = study.pretrainingOf(cell);
  const pretraining = plan === undefined ? null : await pretrainCell(cell, { ...context, plan });
  if (pretraining === undefined) return false;
  const run = await newRun(cell, { study, plan });
  const updates = run.options.run.epochs * Math.ceil(run.data.training.length / run.options.run.batchSize);
  const isTrained = await trainStudyRun(run, {
    backend: study.backend,
    interrupted: () => progress.isInterrupted,
    onProgress: ({ record: { step, loss }, totalSteps }) =>
      progress.show(units.pretraining + step * UNITS.finetuneUpdate, {
        cell: place,
        ...fieldsOf(cell),
        "fine-tune": `${step}/${totalSteps}`,
        loss,
      }),
  });
  if (!isTrained) return false;
  const trained = units.pretraining + updates * UNITS.finetuneUpdate;
  const metrics = await scoreRun(run.out, {
    data: run.data,
    interrupted: () => progress.isInterrupted,
    onSubject: (done, subject) =>
      progress.show(trained + done * UNITS.prediction, { cell: place, ...fieldsOf(cell), subject }),
  });
  if (metrics === undefined) return false;
  await study.results.write(cellName(cell), {
    kind: "ablation",
    scale: study.scale,
    variant: cell.variant,
    task: cell.task.name,
    seed: cell.seed,
    ...study.hashesOf(cell),
    version: await codeVersion(),
    machine: describeMachine(study),
    date: new Date().toISOString().slice(0, 10),
    subjects: run.data.validation.map(({ id }) => id),
    trainingSubjects: run.data.training.length,
    updates,
    metrics,
    pretraining,
  });
  // The weights stay; what a resumption needs is many times larger.
  await remove(`${run.out}/checkpoints`);
  return true;
}

function pretrainCell(
  cell: CellPlan,
  { study, progress, place, units, plan }: CellContext & { plan: PretrainingPlan },
): Promise<AblationPretraining | undefined> {
  return pretrainVariant(plan, {
    backend: study.backend,
    interrupted: () => progress.isInterrupted,
    onProgress: ({ record: { step, loss }, totalSteps }) =>
      progress.show(units.pretraining * step / totalSteps, {
        cell: place,
        ...fieldsOf(cell),
        "pre-train": `${step}/${totalSteps}`,
        loss,
      }),
  });
}

function fieldsOf({ variant, task, seed }: CellPlan): Record<string, string | number> {
  return { variant, task: task.name, seed };
}

/** The fine-tuning of a cell. */
async function newRun(
  cell: CellPlan,
  { study, plan }: { study: AblationStudy; plan: PretrainingPlan | undefined },
): Promise<NewRun> {
  const source = plan && await locateWeights(plan.out);
  const finetuning = study.finetuningOf(cell);
  const { options } = finetuning;
  // Without distillation there are no templates to put in place of channels.
  const bank = source !== undefined && cell.variant !== "cmr" && options.augment.templateChannels > 0
    ? await readTemplates(source.file) ?? []
    : [];
  return {
    ...finetuning,
    source,
    templates: options.augment.templateValues === "raw" ? bank : normaliseTemplates(bank),
  };
}

/** By name: no path and no name of a host. */
function describeMachine({ machine, backend }: AblationStudy): AblationCell["machine"] {
  const environment = describeEnvironment(backend);
  return machine === undefined ? environment : { ...environment, system: machine };
}

function announce(
  { scale, cells, results, runs, pretraining, backend, tasks }: AblationStudy,
  { done, print }: { done: number; print: (line: string) => void },
): void {
  if (pretraining !== undefined) {
    const { recipe, options, data } = pretraining;
    print(`pre-train ${recipe}: ${options.model}, ${plural(options.run.epochs, "epoch")}`);
    print(`data      ${data.origin}: ${plural(data.training.length, "subject")}, ${data.validation.length} held out`);
  }
  for (const { task, recipe, options, data } of tasks) {
    print(
      `fine-tune ${task.name}: ${recipe}, ${plural(options.run.epochs, "epoch")}; ${data.origin}: ` +
        `${plural(data.training.length, "subject")}, ${data.validation.length} held out`,
    );
  }
  print(`backend   ${backend.description}`);
  print(`results   ${results.path}, runs in ${runs}`);
  print(`ablation  scale ${scale}: ${plural(cells.length, "cell")}${done > 0 ? `, ${done} done before` : ""}`);
}
