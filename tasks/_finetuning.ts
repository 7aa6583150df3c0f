/** The run behind `deno task finetune`: task, data, weights, parts, trainer, results. */
import { ConfigError } from "../lib/errors.ts";
import { startBackend } from "../lib/host/mod.ts";
import type { BackendInfo } from "../lib/tensor/mod.ts";
import { timestamp } from "./_command_line.ts";
import { gatherFinetuneData } from "./_finetune_data.ts";
import { type FinetuneDescription, readFinetuneDescription } from "./_finetune_description.ts";
import { askedModel, chooseOptions, entryOf, type FinetuneArguments, readTask } from "./_finetune_plan.ts";
import { type Outcome, trainVisibly } from "./_finetune_progress.ts";
import { formatScores } from "./_finetune_report.ts";
import { type UseRun, withNewRun, withOldRun } from "./_finetune_run.ts";
import { locateWeights } from "./_finetune_weights.ts";
import { outliveGpuLosses, savedUpdatesIn } from "./_gpu_loss.ts";
import { newestPretraining } from "./_newest_run.ts";
import { verify } from "./_run_data.ts";

const DEFAULT_TASK = "phantom-tumour";
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
  const model = await askedModel(args);
  const weights = await newestPretraining("runs", recipe, { model });
  const out = args.out ?? defaultFolder(args);
  if (weights === undefined) {
    const of = model === undefined ? "" : ` of ${model}`;
    const first = model === undefined ? "deno task pretrain" : `deno task pretrain ${recipe} model=${model}`;
    print(`weights   no finished ${recipe} pre-training${of} under runs/: from scratch (first: ${first})`);
    return (await startRun(args, { weights: undefined, out })).code;
  }
  const pretrained = await startRun(args, { weights, out });
  if (pretrained.code !== 0) return pretrained.code;
  print("\nthe same from scratch");
  const scratch = await startRun(args, { weights: undefined, out: `${out}-scratch` });
  if (scratch.code !== 0) return scratch.code;
  print(`\n${formatScores({ "pre-trained": pretrained.records, "from scratch": scratch.records })}`);
  const { kind } = await readTask(args.task ?? DEFAULT_TASK);
  const study = kind === "segmentation" ? "label-efficiency" : "ablate";
  print(`one seed: others differ by several points either way; deno task ${study} repeats it and tests`);
  return 0;
}

async function startRun(
  args: FinetuneArguments,
  { weights, out }: { weights: string | undefined; out: string },
): Promise<Outcome> {
  const started = performance.now();
  const recipe = args.recipe ?? "quick";
  const task = await readTask(args.task ?? DEFAULT_TASK);
  if (args.classes !== undefined && task.kind !== "classification") {
    throw new ConfigError(`Cannot use --classes with ${task.name}: expected a classification task`);
  }
  const source = weights === undefined ? undefined : await locateWeights(weights);
  const { options, templates } = await chooseOptions(args, { task, source, print });
  const data = await gatherFinetuneData(args, { task, options, print });
  const { precision } = options.run;
  const choice = { threads: args.threads, precision, warn: console.error };
  const backend = await startBackend(args.backend ?? "auto", choice);
  const start = (): Promise<Outcome> =>
    withNewRun({ recipe, task, options, data, templates, source, out }, {
      backend,
      print,
      use: (description, session) => {
        announce(description, { folder: session.folder.path, backend });
        return trainVisibly(description, { ...session, started });
      },
    });
  const goOn = async (event: string): Promise<Outcome> => {
    const description = await readFinetuneDescription(out);
    const use: UseRun<Outcome> = (_, session) => trainVisibly(description, { ...session, event, started });
    return await withOldRun(out, { description, print, use });
  };
  return await outliveGpuLosses((event) => event === undefined ? start() : goOn(event), {
    backend,
    reopen: () => startBackend(backend.name, choice),
    savedUpdates: () => savedUpdatesIn(out),
    print,
  });
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
  const choice = { threads, precision, warn: console.error };
  const backend = await startBackend(description.backend, choice);
  announce(description, { folder: run, backend });
  const goOn = (event: string | undefined): Promise<Outcome> => {
    const use: UseRun<Outcome> = (_, session) => trainVisibly(description, { ...session, event, started });
    return withOldRun(run, { description, print, use });
  };
  const { code } = await outliveGpuLosses(goOn, {
    backend,
    reopen: () => startBackend(backend.name, choice),
    savedUpdates: () => savedUpdatesIn(run),
    print,
  });
  return code;
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
function defaultFolder({ task = DEFAULT_TASK }: FinetuneArguments): string {
  const name = task.slice(task.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");
  return `runs/finetune-${name}-${timestamp()}`;
}
