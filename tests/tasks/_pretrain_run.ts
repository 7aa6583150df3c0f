/** Runs of `deno task pretrain` as child processes, on a tiny cohort of its own. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { randomStream } from "../../lib/random.ts";
import { COMPUTE_FLAGS } from "../../tasks/test.ts";
import { tinyNifti } from "../dataset/_tiny_nifti.ts";

const ROOT = new URL("../../", import.meta.url);

/** Modalities of the cohort's subjects: two have a single one. */
export const TRAINING = [["t1", "t2", "flair"], ["t1", "t2"], ["t1"], ["flair"]];
const HELD_OUT = ["t1", "flair"];

/** The cheapest run with everything in it: 8 updates with a checkpoint each, 2 validations, all three losses. */
export const TINY = [
  "cropSize=[16,16,16]",
  "templates.size=[20,19,18]",
  "run.epochs=4",
  "run.batchSize=2",
  "run.validateEvery=2",
  "run.checkpointEvery=1",
  "method.clStartEpoch=2",
  "loader.workers=0",
];

/** Optimiser updates of the tiny run. */
export const UPDATES = 8;

/** Holds all runs of a test file: the task may write under runs/ only. */
export const RUNS = `runs/test-pretrain-${crypto.randomUUID()}`;
/** Holds the cohort of a test file. */
export const COHORT = Deno.makeTempDirSync();

/** Writes the cohort before the tests of a file and removes everything after them. */
export function prepareFolders(): void {
  Deno.test.beforeAll(() => {
    Deno.mkdirSync(RUNS, { recursive: true });
    writeCohort(COHORT);
  });
  Deno.test.afterAll(() => {
    for (const folder of [COHORT, RUNS]) Deno.removeSync(folder, { recursive: true });
  });
}

/** Arguments of a new tiny run in its own folder. */
export function tinyRun(name: string, ...assignments: string[]): string[] {
  return ["quick", "--datalist", `${COHORT}/list.json`, "--out", `${RUNS}/${name}`, ...TINY, ...assignments];
}

/** Sorted names in a folder, none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Names of the two files of each checkpoint. */
export function checkpointNames(...steps: number[]): string[] {
  return steps.flatMap((step) => ["json", "safetensors"].map((end) => `step-${String(step).padStart(8, "0")}.${end}`));
}

/** How a child process ended. */
export interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Run {
  readonly outcome: Promise<Outcome>;
  kill(signal: Deno.Signal): void;
}

/** Starts the task with the permissions and flags that `deno task pretrain` has. */
export function startPretrain(args: readonly string[]): Run {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=pretrain", COMPUTE_FLAGS, "tasks/pretrain.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const outcome = child.output().then(({ code, signal, stdout, stderr }) => {
    const decoder = new TextDecoder();
    return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  });
  return { outcome, kill: (signal) => child.kill(signal) };
}

/** Runs the task to its end; fails with what it printed unless it exits with the status expected. */
export async function runPretrain(args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<Outcome> {
  const outcome = await startPretrain(args).outcome;
  assert.equal(outcome.code, code, `status of ${args.join(" ")}\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome;
}

/**
 * Starts the task and sends it a signal once a condition holds, looking every millisecond.
 *
 * Fails when the process ends before.
 */
export async function signalWhen(
  args: readonly string[],
  { signal, condition, delayMs = 0 }: { signal: Deno.Signal; condition: () => boolean; delayMs?: number },
): Promise<Outcome> {
  const run = startPretrain(args);
  let ended = false;
  run.outcome.then(() => ended = true);
  while (!ended && !condition()) await pause(1);
  await pause(delayMs);
  if (!ended) run.kill(signal);
  const outcome = await run.outcome;
  assert.ok(!ended || outcome.code !== 0, `the run was over before the signal\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Sends a signal as {@linkcode signalWhen} does; on a busy machine the run may be over first, and is then made anew. */
export async function signalInTime(
  args: readonly string[],
  { folder, ...moment }: Parameters<typeof signalWhen>[1] & { folder: string },
): Promise<Outcome> {
  for (let attempt = 1;; attempt++) {
    try {
      return await signalWhen(args, moment);
    } catch (error) {
      if (attempt === 5) throw error;
      Deno.removeSync(folder, { recursive: true });
    }
  }
}

/** Writes one scan of random voxels. */
export function writeScan(
  path: string,
  { size = [17, 18, 19], origin = [0, 0, 0] }: { size?: Triple; origin?: Triple } = {},
): void {
  const random = randomStream(1, `scan ${path.slice(path.lastIndexOf("/"))}`);
  Deno.writeFileSync(path, tinyNifti(size, { origin, voxel: () => random.uniform() }));
}

/** Writes a datalist over file names. */
export function writeDatalist(path: string, lists: { training: string[][]; validation: string[][] }): void {
  const entries = (subjects: string[][]): object[] => subjects.map((image) => ({ image }));
  Deno.writeTextFileSync(
    path,
    JSON.stringify({ training: entries(lists.training), validation: entries(lists.validation) }),
  );
}

/** Writes the cohort's scans and their list into a folder. */
function writeCohort(folder: string): void {
  const write = (modalities: readonly string[], subject: string): string[] =>
    modalities.map((modality) => {
      const file = `${subject}_${modality}.nii`;
      writeScan(`${folder}/${file}`);
      return file;
    });
  writeDatalist(`${folder}/list.json`, {
    training: TRAINING.map((modalities, i) => write(modalities, `s${i}`)),
    validation: [write(HELD_OUT, "held")],
  });
}
