/** The work behind `deno task prepare`. */
import { parseConfigFile, resolveConfig } from "../lib/config.ts";
import { type Datalist, makePlan, plannedSubjects, type PrepareParameters, type Subject } from "../lib/dataset/mod.ts";
import { ConfigError, DatalistError } from "../lib/errors.ts";
import {
  createProgress,
  formatDuration,
  onInterrupt,
  PreparedFolder,
  type PreparedOutcome,
  prepareSubjects,
  readText,
} from "../lib/host/mod.ts";
import { FINETUNE_RECIPES, finetuneSchema } from "../recipes/finetune/mod.ts";
import { RECIPES, recipeSchema } from "../recipes/mod.ts";
import { INTERRUPTED } from "./_command_line.ts";
import { findLabelled, finetuneParameters } from "./_finetune_data.ts";
import { findSubjects, pretrainParameters } from "./_run_data.ts";
import type { PrepareArguments } from "./prepare.ts";

const print = (line: string): void => console.log(line);

/**
 * Prepares this process's share of the subjects.
 *
 * @returns the exit status: 0 done, 130 interrupted
 * @throws {DatalistError} when no subject can be prepared
 * @throws {ConfigError} when the folder holds something else
 */
export async function runPreparation(args: PrepareArguments): Promise<number> {
  const started = performance.now();
  const source = args.data ?? args.datalist;
  if (source === undefined) throw new ConfigError("Cannot prepare: expected --data or --datalist, got neither");
  if (await new PreparedFolder(source).isPrepared()) {
    throw new ConfigError(`Cannot prepare ${source}: expected scans, got a folder that is prepared already`);
  }
  const { parameters, datalist, origin } = await readArguments(args);
  const plan = makePlan(datalist, parameters);
  const out = args.out ?? `data/prepared/${nameOf(source)}`;
  const folder = new PreparedFolder(out);
  await folder.begin(plan);

  const { index, count } = args.shard;
  const tag = `${index}of${count}`;
  await folder.sweep(tag);
  const mine = plannedSubjects(plan).filter((_, place) => place % count === index);
  const open = await missingOf(mine, folder);
  const workers = args.workers ?? navigator.hardwareConcurrency;
  print(`data      ${origin}: ${plannedSubjects(plan).length} subjects`);
  print(`prepare   ${describe(parameters)}`);
  if (count > 1) print(`shard     ${index}/${count}: ${mine.length} subjects`);
  if (open.length < mine.length) print(`there     ${mine.length - open.length} subjects, left as they are`);
  print(`folder    ${out}`);

  const job = { root: datalist.root, out, parameters, tag };
  const { finished, bytes } = await prepareVisibly(open, { job, workers });
  const seconds = (performance.now() - started) / 1000;
  if (!finished) {
    print("interrupted; subjects that are done are kept: give the same command again to go on");
    return INTERRUPTED;
  }
  print(`\n${open.length} subjects in ${formatDuration(seconds)}, ${(bytes / 1e6).toFixed(1)} MB written`);
  await conclude({ folder, plan, mine, purpose: parameters.purpose });
  return 0;
}

/** What is asked for, and of which subjects. */
async function readArguments(
  args: PrepareArguments,
): Promise<{ parameters: PrepareParameters; datalist: Datalist; origin: string }> {
  const { storage, assignments } = args;
  const file = args.config === undefined ? undefined : parseConfigFile(await readText(args.config), args.config);
  if (args.task === undefined) {
    const entry = entryOf(RECIPES, args.recipe ?? "paper");
    const options = resolveConfig(recipeSchema, entry.recipe, { file, assignments });
    return { parameters: { ...pretrainParameters(options), storage }, ...await findSubjects(args, print) };
  }
  // Pre-training needs no networks: without them the start is quick.
  const { readTask } = await import("./_finetune_plan.ts");
  const task = await readTask(args.task);
  const entry = entryOf(FINETUNE_RECIPES, args.recipe ?? "official");
  const options = resolveConfig(finetuneSchema, entry.recipe, { file, assignments });
  const parameters = { ...finetuneParameters(task, options), storage };
  return { parameters, ...await findLabelled(args, { task, print }) };
}

function entryOf<E>(table: Readonly<Record<string, E>>, name: string): E {
  if (Object.hasOwn(table, name)) return table[name];
  throw new ConfigError(`Cannot find recipe: expected one of ${Object.keys(table).join(", ")}, got "${name}"`);
}

/** Those that are not there yet; what is in quarantine is tried again. */
async function missingOf(subjects: readonly Subject[], folder: PreparedFolder): Promise<Subject[]> {
  const missing: Subject[] = [];
  for (const subject of subjects) if (await folder.hashOf(subject.id) === undefined) missing.push(subject);
  return missing;
}

/** Prepares with a live line; Ctrl-C lets subjects under way be finished. */
async function prepareVisibly(
  subjects: readonly Subject[],
  { job, workers }: Pick<Parameters<typeof prepareSubjects>[1], "job" | "workers">,
): Promise<{ finished: boolean; bytes: number }> {
  if (subjects.length === 0) return { finished: true, bytes: 0 };
  let [interrupted, done, quarantine, bytes] = [false, 0, 0, 0];
  using progress = createProgress({ total: subjects.length, label: "prepare" });
  using _interrupt = onInterrupt(() => {
    interrupted = true;
    progress.print("stopping: finishing the subjects under way; once more to stop at once");
  });
  const onDone = ({ id, reason, bytes: written }: PreparedOutcome): void => {
    done++;
    bytes += written;
    if (reason !== undefined) {
      quarantine++;
      progress.print(`quarantine ${id}: ${reason}`);
    }
    progress.update(done, quarantine > 0 ? { quarantine } : {});
  };
  await prepareSubjects(subjects, { job, workers, onDone, interrupted: () => interrupted });
  return { finished: done === subjects.length, bytes };
}

/** Says what is there, what is not, and how to go on. */
async function conclude(
  { folder, plan, mine, purpose }: {
    folder: PreparedFolder;
    plan: ReturnType<typeof makePlan>;
    mine: readonly Subject[];
    purpose: PrepareParameters["purpose"];
  },
): Promise<void> {
  const reasons = await folder.quarantined(mine);
  if (mine.length > 0 && reasons.size === mine.length) {
    const [[id, reason]] = reasons;
    throw new DatalistError(`Cannot prepare any of ${mine.length} subjects: ${id}: ${reason}`);
  }
  const manifest = await folder.finish(plan);
  if (manifest === undefined) {
    print("other shards are not done yet; the last one to finish writes the manifest");
    return;
  }
  const there = Object.keys(manifest.sha256).length;
  print(`done      ${there} subjects in ${folder.path}, ${manifest.quarantine.length} in quarantine`);
  for (const { id, reason } of manifest.quarantine) print(`quarantine ${id}: ${reason}`);
  print(`train     deno task ${purpose} RECIPE --data ${folder.path}`);
}

function describe({ purpose, preprocess, storage }: PrepareParameters): string {
  const { spacingMm, lowerPercentile, upperPercentile } = preprocess;
  const spacing = spacingMm === null ? "own spacing" : `${spacingMm.join(" × ")} mm`;
  return `for ${purpose}: ${spacing}, percentiles ${lowerPercentile} to ${upperPercentile}, stored as ${storage}`;
}

/** The last folder's or file's name without its ending; `scans` where there is none, as for `.`. */
function nameOf(path: string): string {
  return /([^/\\.][^/\\]*)[/\\]*$/.exec(path)?.[1].replace(/\.json$/i, "") ?? "scans";
}
