/** Runs of `deno task finetune` as child processes, on a tiny labelled cohort of its own. */
import assert from "node:assert/strict";
import { randomStream } from "../../lib/random.ts";
import { COMPUTE_FLAGS } from "../../tasks/test.ts";
import { tinyNifti } from "../dataset/_tiny_nifti.ts";

const ROOT = new URL("../../", import.meta.url);

/** Holds all runs of a test file: the task may write under runs/ only. */
export const RUNS = `runs/test-finetune-${crypto.randomUUID()}`;
/** Holds the scans of a test file. */
export const SCANS = Deno.makeTempDirSync();

/** A task of two sequences and two regions. */
export const TASK = `${SCANS}/task.yaml`;
const TASK_TEXT = `kind: segmentation
name: boxes
title: Boxes in noise
modalities: [t1, t2]
regions: [{name: whole, labels: [1, 2]}, {name: core, labels: [2]}]
`;

/** The cheapest run: 2 updates with a checkpoint each, 2 validations. */
export const TINY = [
  "cropSize=[16,16,16]",
  "run.epochs=2",
  "run.batchSize=2",
  "run.validateEvery=1",
  "run.checkpointEvery=1",
  "loader.workers=0",
];

/** Makes the cohort before the tests of a file and removes everything after them. */
export function prepareFolders(): void {
  Deno.test.beforeAll(() => {
    Deno.mkdirSync(RUNS, { recursive: true });
    Deno.writeTextFileSync(TASK, TASK_TEXT);
    writeSubjects("good", ["a", "b", "held"]);
    writeList("good.json", {
      training: [subject("good", "a"), subject("good", "b")],
      validation: [subject("good", "held")],
    });
  });
  Deno.test.afterAll(() => {
    for (const folder of [SCANS, RUNS]) Deno.removeSync(folder, { recursive: true });
  });
}

/** Writes t1, t2 and a label per subject: a box of 1 with a core of 2. */
export function writeSubjects(
  folder: string,
  ids: readonly string[],
  { strange = 0 }: { strange?: number } = {},
): void {
  Deno.mkdirSync(`${SCANS}/${folder}`, { recursive: true });
  const labelOf = (i: number): number => {
    const place = [i % 17, Math.floor(i / 17) % 18, Math.floor(i / 306)];
    const depth = Math.min(...place.map((at) => Math.min(at - 4, 12 - at)));
    return depth < 0 ? 0 : depth < 3 ? 1 : 2;
  };
  for (const id of ids) {
    const random = randomStream(1, `scan ${id}`);
    const write = (name: string, voxel: (i: number) => number): void => {
      Deno.writeFileSync(`${SCANS}/${folder}/${id}_${name}.nii`, tinyNifti([17, 18, 19], { voxel }));
    };
    write("t1", (i) => 1 + random.uniform() + labelOf(i));
    write("t2", (i) => 1 + random.uniform() + Number(labelOf(i) === 2));
    write("seg", (i) => i === 0 ? strange : labelOf(i));
  }
}

/** A line of a datalist. */
export interface Entry {
  readonly image: readonly string[];
  readonly label?: string | number;
}

/** Images and label of a subject, as a datalist has them. */
export function subject(folder: string, id: string): Entry {
  return { image: ["t1", "t2"].map((name) => `${folder}/${id}_${name}.nii`), label: `${folder}/${id}_seg.nii` };
}

/** Writes a datalist beside the folders. */
export function writeList(name: string, lists: { training: Entry[]; validation: Entry[] }): string {
  Deno.writeTextFileSync(`${SCANS}/${name}`, JSON.stringify(lists));
  return `${SCANS}/${name}`;
}

/** Arguments of a tiny run in its own folder. */
export function tinyRun(name: string, ...args: string[]): string[] {
  const start = args.includes("--weights") ? [] : ["--scratch"];
  return ["--task", TASK, "--datalist", `${SCANS}/good.json`, "--out", `${RUNS}/${name}`, ...start, ...TINY, ...args];
}

/** How a child process ended. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the task with its own permissions and flags; fails unless it exits with the status expected. */
export async function runFinetune(
  args: readonly string[],
  { code = 0, env = {} }: { code?: number; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const output = await new Deno.Command("deno", {
    args: ["run", "-q", "-P=finetune", COMPUTE_FLAGS, "tasks/finetune.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(output.code, code, `status of ${args.join(" ")}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}
