import assert from "node:assert/strict";
import type { StepRecord } from "../../lib/results.ts";
import { startRanks, testWithMpi } from "../host/mpi/_mpirun.ts";
import type { Job, JobOutcome } from "../host/mpi/_mpirun.ts";
import { assertSameLosses } from "../trainer/_rank_cases.ts";
import { PARALLEL, startPretrainRanks } from "./_mpi_run.ts";
import {
  checkpointNames,
  COHORT,
  namesIn,
  prepareFolders,
  runPretrain,
  RUNS,
  tinyRun,
  UPDATES,
} from "./_pretrain_run.ts";

prepareFolders();

/** Seconds within which a job must have ended after one of its ranks did. */
const PATIENCE = 30;

function stepsOf(name: string): StepRecord[] {
  const lines = Deno.readTextFileSync(`${RUNS}/${name}/metrics.jsonl`).trim().split("\n");
  return lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "step");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until a run has so many complete checkpoints, or is over. */
async function untilCheckpoints(name: string, count: number, job: Job): Promise<void> {
  let over = false;
  job.outcome.then(() => over = true);
  const isComplete = (file: string): boolean => /^step-\d+\.json$/.test(file);
  while (!over && namesIn(`${RUNS}/${name}/checkpoints`).filter(isComplete).length < count) await pause(5);
}

/** The outcome, unless it takes too long. */
async function soon(job: Job): Promise<JobOutcome> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      job.kill("SIGKILL");
      reject(new Error(`the job had not ended after ${PATIENCE} s`));
    }, PATIENCE * 1000);
  });
  try {
    return await Promise.race([job.outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Larger than rounding: the crops of these runs are small and their activations have kinks. */
const WITHIN = 1e-4;

/** A run that nothing disturbs, on one rank. */
let undisturbed: Promise<unknown> | undefined;
async function expectedSteps(): Promise<StepRecord[]> {
  await (undisturbed ??= runPretrain(tinyRun("one", ...PARALLEL)));
  return stepsOf("one");
}

/** Goes on with a run on so many ranks and compares the whole with one that nothing disturbed. */
async function assertGoesOn(
  name: string,
  start: (args: string[]) => Promise<{ code: number; stderr: string }>,
): Promise<void> {
  const { code, stderr } = await start(["--resume", `${RUNS}/${name}`]);
  assert.equal(code, 0, stderr);
  assert.equal(stepsOf(name).length, UPDATES);
  assertSameLosses(stepsOf(name), await expectedSteps(), WITHIN);
}

testWithMpi(
  "pretrain:mpi on 2 ranks gives the records of one rank, one folder and one set of lines",
  async (launcher) => {
    const name = `two-${launcher.command}`;
    const job = startPretrainRanks(launcher, { size: 2, args: tinyRun(name, ...PARALLEL) });
    const { code, stdout, stderr } = await job.outcome;
    assert.equal(code, 0, stderr);
    assertSameLosses(stepsOf(name), await expectedSteps(), WITHIN);
    assert.deepEqual(namesIn(`${RUNS}/${name}`).filter((file) => !/template/.test(file)), [
      "checkpoints",
      "metrics.jsonl",
      "report.html",
      "run.json",
    ]);
    assert.equal(stdout.match(/^recipe /gm)?.length, 1);
    assert.match(stdout, new RegExp(`^ranks {5}2 \\(2 on this machine\\), ${launcher.name}`, "m"));
  },
);

testWithMpi(
  "pretrain:mpi stops all ranks after the same update when one gets SIGTERM, and one rank goes on",
  async (launcher) => {
    const name = `stopped-${launcher.command}`;
    // The rank signals itself: launchers do not all pass signals on.
    const file = `${RUNS}/${name}/checkpoints/step-00000002.json`;
    const before = `if [ "\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then me=$$
    (while [ ! -e ${file} ]; do kill -0 $me || exit; sleep 0.02; done; kill -TERM $me) 2>&- >&- & fi`;
    const job = startPretrainRanks(launcher, {
      size: 2,
      args: tinyRun(name, ...PARALLEL, "run.keepCheckpoints=20"),
      shell: { before },
    });
    const { code, stdout, stderr } = await soon(job);
    assert.notEqual(code, 0, stderr);
    assert.match(stdout, /interrupted and saved; go on with: deno task pretrain:mpi --resume/);
    const done = stepsOf(name).length;
    assert.ok(done >= 2 && done < UPDATES, `${done} updates`);
    assert.deepEqual(namesIn(`${RUNS}/${name}/checkpoints`).slice(-2), checkpointNames(done));
    await assertGoesOn(name, (args) => runPretrain(args));
  },
);

testWithMpi(
  "pretrain:mpi ends soon with an error when a rank is killed; 2 ranks go on from the last checkpoint",
  async (launcher) => {
    const name = `killed-${launcher.command}`;
    const job = startPretrainRanks(launcher, {
      size: 2,
      args: tinyRun(name, ...PARALLEL),
      shell: { killOnce: { rank: 1, file: `${RUNS}/${name}/checkpoints/step-00000002.json` } },
    });
    const { code, stdout, stderr } = await soon(job);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /signal 9|EXIT CODE: 9|[Kk]illed/);
    assert.ok(stepsOf(name).length < UPDATES);
    await assertGoesOn(name, (args) => startPretrainRanks(launcher, { size: 2, args }).outcome);
  },
);

testWithMpi("pretrain:mpi ends soon, with the reason, when a rank cannot read a scan", async (launcher) => {
  const name = `broken-${launcher.command}`;
  const folder = Deno.makeTempDirSync();
  for (const file of namesIn(COHORT)) Deno.copyFileSync(`${COHORT}/${file}`, `${folder}/${file}`);
  // The header is whole, so that only a rank that loads the voxels finds out.
  const scan = `${folder}/s1_t1.nii`;
  Deno.writeFileSync(scan, Deno.readFileSync(scan).subarray(0, 1000));
  const args = tinyRun(name, ...PARALLEL).map((arg) => arg.replace(COHORT, folder));
  const { code, stderr } = await soon(startPretrainRanks(launcher, { size: 2, args }));
  assert.notEqual(code, 0);
  assert.match(stderr, /Cannot read .*s1_t1\.nii: /);
  Deno.removeSync(folder, { recursive: true });
});

testWithMpi("pretrain:mpi ends soon, with the reason, when the disk is full; one rank goes on", async (launcher) => {
  const name = `full-${launcher.command}`;
  const started = startPretrainRanks(launcher, { size: 2, args: tinyRun(name, ...PARALLEL) });
  await untilCheckpoints(name, 1, started);
  started.kill("SIGKILL");
  await started.outcome;
  // Files may grow to 8 MiB only, which MPI's own need: the next checkpoint does not fit, as on a disk without room.
  const shell = { before: "trap '' XFSZ; ulimit -f 8192" };
  const job = startPretrainRanks(launcher, { size: 2, args: ["--resume", `${RUNS}/${name}`], shell });
  const { code, stderr } = await soon(job);
  assert.notEqual(code, 0);
  assert.match(stderr, /Cannot write .*checkpoints.*: File too large/);
  await assertGoesOn(name, (args) => runPretrain(args));
});

testWithMpi("pretrain under a launcher refuses in one line that names pretrain:mpi", async (launcher) => {
  const program = ["deno", "run", "-q", "--no-check", "-P=pretrain", "tasks/pretrain.ts", "quick"];
  const { code, stderr } = await startRanks(launcher, 2, program).outcome;
  assert.equal(code, 2);
  assert.equal(stderr.match(/^Cannot train on 2 ranks, started by .*: expected deno task pretrain:mpi$/gm)?.length, 1);
});

testWithMpi("pretrain:mpi refuses a batch that the ranks cannot share before anything is written", async (launcher) => {
  const name = `odd-${launcher.command}`;
  const job = startPretrainRanks(launcher, { size: 2, args: tinyRun(name, "run.batchSize=3") });
  const { code, stderr } = await soon(job);
  assert.notEqual(code, 0);
  assert.match(stderr, /^Cannot share batches among 2 ranks: expected a run\.batchSize that 2 divides, got 3$/m);
  assert.deepEqual(namesIn(`${RUNS}/${name}`), []);
});
