import assert from "node:assert/strict";
import { decodeSafetensors } from "../../lib/interop/mod.ts";
import type { Safetensor } from "../../lib/interop/mod.ts";
import { assertSameLosses, CASES, stepsOf } from "./_rank_cases.ts";
import type { RankJob } from "./_rank_job.ts";
import { runOnThreads } from "./_thread_ranks.ts";
import { toyOptions } from "./_toy.ts";

/** A few updates of a job. */
function shortened(job: RankJob, epochs: number, changes: Partial<RankJob["options"]["run"]> = {}): RankJob {
  const { options } = job;
  return { ...job, options: { ...options, run: { ...options.run, epochs, ...changes } } };
}

function valuesOf(tensors: ReadonlyMap<string, Safetensor>, name: string): Float32Array {
  return tensors.get(name)!.data as Float32Array;
}

const [UNIFORMER, UNET3D] = CASES;

for (const job of CASES) {
  Deno.test(`2 ranks come to what 1 rank comes to: ${job.title}`, async () => {
    const [[one], [two, other]] = [await runOnThreads(1, shortened(job, 3)), await runOnThreads(2, shortened(job, 3))];
    assert.equal(stepsOf(one).length, 6);
    assert.ok(stepsOf(one).every(({ cl }) => cl !== null));
    assertSameLosses(stepsOf(two), stepsOf(one));
    // Only the first rank writes.
    assert.deepEqual([other.records.length, other.validated, two.validated], [0, false, true]);
    const [a, b] = [one, two].map(({ checkpoint: { tensors, file } }) => decodeSafetensors(tensors, file).tensors);
    assert.deepEqual([...b.keys()], [...a.keys()]);
    // Running statistics are of whole batches too.
    for (const name of [...a.keys()].filter((name) => /running_|num_batches/.test(name))) {
      const [expected, actual] = [valuesOf(a, name), valuesOf(b, name)];
      expected.forEach((value, i) =>
        assert.ok(Math.abs(actual[i] - value) <= 1e-5 * Math.max(1, Math.abs(value)), name)
      );
    }
  });
}

Deno.test("2 ranks come to what 1 rank comes to with cross-modal reconstruction alone", async () => {
  const method = { ...UNIFORMER.options.method, mdWeight: 0, clWeight: 0 };
  const job = shortened({ ...UNIFORMER, options: { ...UNIFORMER.options, method } }, 3);
  const [[one], [two]] = [await runOnThreads(1, job), await runOnThreads(2, job)];
  assert.ok(stepsOf(one).some(({ cmr }) => cmr !== null) && stepsOf(one).every(({ md }) => md === null));
  assertSameLosses(stepsOf(two), stepsOf(one));
});

Deno.test("ranks save when the first one's clock says so, and only that", async () => {
  const job = shortened(UNET3D, 2, { checkpointEvery: 9, checkpointMinutes: 10 });
  const savedAt = async (updateMinutes: number[]): Promise<(readonly number[])[]> => {
    return (await runOnThreads(2, { ...job, updateMinutes })).map(({ saved }) => saved);
  };
  assert.deepEqual(await savedAt([6, 0]), [[2, 4], []]);
  assert.deepEqual(await savedAt([0, 60]), [[4], []]);
});

Deno.test("4 ranks come to what 1 rank comes to with accumulation over batches and one sequence per step", async () => {
  const job: RankJob = {
    ...UNIFORMER,
    cohort: [["t1", "t2"], ["t2", "flair"], ["t1"], ["flair", "t1"], ["t1", "t2", "flair"]],
    options: toyOptions({
      method: { ...UNIFORMER.options.method, modalitiesPerStep: "one" },
      optimizer: { ...UNIFORMER.options.optimizer, accumulationSteps: 2, clipNorm: 0.5 },
      run: { epochs: 3, batchSize: 4, validateEvery: 50 },
    }),
  };
  const [[one], [four]] = [await runOnThreads(1, job), await runOnThreads(4, job)];
  assert.equal(stepsOf(one).length, 3);
  assertSameLosses(stepsOf(four), stepsOf(one));
});

Deno.test("without the other ranks' negatives and statistics, losses are others from the first update on", async () => {
  const apart = shortened(UNIFORMER, 1, { synchronizeBatchNorm: false });
  const [one] = await runOnThreads(1, shortened(UNIFORMER, 1));
  const [statistics] = await runOnThreads(2, apart);
  assert.ok(Math.abs(stepsOf(statistics)[0].md! / stepsOf(one)[0].md! - 1) > 1e-4);
  const method = { ...UNET3D.options.method, gatherNegatives: false };
  const alone = shortened({ ...UNET3D, options: { ...UNET3D.options, method } }, 1);
  const [negatives] = await runOnThreads(2, alone);
  // A subject without others has nothing to be told from.
  assert.ok(stepsOf(negatives).every(({ cl }) => cl === 0));
  const [gathered] = await runOnThreads(2, shortened(UNET3D, 1));
  assert.ok(stepsOf(gathered)[0].cl! > 0);
});

Deno.test("one rank's interruption stops all after the same update; any number of ranks goes on from there", async () => {
  const whole = shortened(UNIFORMER, 4);
  const [expected] = await runOnThreads(1, whole);
  const stopped = await runOnThreads(2, { ...whole, stopAfter: { rank: 1, updates: 3 } });
  assert.deepEqual(stopped.map(({ finished, updates }) => [finished, updates]), [[false, 3], [false, 3]]);
  for (const size of [1, 2]) {
    const [resumed] = await runOnThreads(size, { ...whole, resume: stopped[0].checkpoint });
    assert.deepEqual([resumed.finished, resumed.updates], [true, 8]);
    assertSameLosses([...stepsOf(stopped[0]), ...stepsOf(resumed)], stepsOf(expected));
  }
});

Deno.test("ranks refuse a batch that they cannot share equally", async () => {
  await assert.rejects(runOnThreads(3, shortened(UNET3D, 1)), {
    message:
      /^rank \d: ConfigError: Cannot share batches among 3 ranks: expected a run.batchSize that 3 divides, got 2$/,
  });
});
