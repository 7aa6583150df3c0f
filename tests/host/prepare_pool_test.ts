import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { DEFAULT_PREPROCESS, type SamplePlan, takeSample } from "../../lib/dataset/mod.ts";
import { loadSubject } from "../../lib/dataset/mod.ts";
import {
  openSampleSource,
  PreparedFolder,
  type PreparedOutcome,
  prepareSubjects,
  readFile,
} from "../../lib/host/mod.ts";
import { contentOf, subjectsIn, tinyPlan, withFolder, writeTinyScans } from "./_prepared.ts";

const IDS = ["a", "bad", "c", "d", "e"];

async function prepareAll(
  folder: string,
  { out, workers, stopAfter = Infinity }: { out: string; workers: number; stopAfter?: number },
): Promise<PreparedOutcome[]> {
  const plan = tinyPlan(IDS);
  const target = new PreparedFolder(`${folder}/${out}`);
  await target.begin(plan);
  const outcomes: PreparedOutcome[] = [];
  await prepareSubjects(plan.training, {
    job: { root: folder, out: target.path, parameters: plan.parameters, tag: "0of1" },
    workers,
    onDone: (outcome) => outcomes.push(outcome),
    interrupted: () => outcomes.length >= stopAfter,
  });
  await target.finish(plan);
  return outcomes.sort((a, b) => a.id < b.id ? -1 : 1);
}

Deno.test("prepareSubjects() gives the same bytes with one thread and with three, and quarantines what is broken", () =>
  withFolder(async (folder) => {
    await writeTinyScans(folder, IDS);
    const outcomes = await prepareAll(folder, { out: "one", workers: 1 });
    deepEqual(outcomes.map(({ id }) => id), IDS);
    ok(outcomes.every(({ id, bytes, reason }) => id === "bad" ? bytes === 0 && reason !== undefined : bytes > 1000));
    equal(
      outcomes[1].reason,
      `Cannot read ${folder}/bad_t1.nii: expected a NIfTI-1 or NIfTI-2 file, got something else`,
    );
    await prepareAll(folder, { out: "three", workers: 3 });
    deepEqual(await contentOf(`${folder}/three`), await contentOf(`${folder}/one`));
    deepEqual(await subjectsIn(`${folder}/one`), ["a", "c", "d", "e"]);
  }));

Deno.test("a source reads from what was prepared the samples that it would make of the scans", () =>
  withFolder(async (folder) => {
    await writeTinyScans(folder, IDS);
    await prepareAll(folder, { out: "prepared", workers: 2 });
    const plan: SamplePlan = {
      root: `${folder}/prepared`,
      prepared: true,
      subjects: tinyPlan(IDS).training,
      preprocess: { ...DEFAULT_PREPROCESS, spacingMm: null },
      seed: 3,
      crop: "random",
      cropSize: [16, 16, 16],
      templateSize: [40, 20, 10],
      sequences: "all",
      shuffleOrder: false,
    };
    for (const workers of [0, 2]) {
      const source = openSampleSource(plan, { workers, cacheBytes: 0 });
      try {
        for (const subject of [0, 2, 3]) {
          const { preprocess } = plan;
          const stack = await loadSubject(plan.subjects[subject], { root: folder, preprocess, readFile });
          const request = { epoch: 1, subject };
          deepEqual(await source.load(request), takeSample(stack, { plan, request }));
        }
        await rejects(source.load({ epoch: 0, subject: 1 }), {
          name: "VolumeError",
          message: `Cannot read ${folder}/prepared/subjects/bad: expected a prepared subject, found no zarr.json`,
        });
      } finally {
        source.close();
      }
    }
  }));

Deno.test("prepareSubjects() begins no other subject once it is interrupted", () =>
  withFolder(async (folder) => {
    await writeTinyScans(folder, IDS);
    const outcomes = await prepareAll(folder, { out: "cut", workers: 1, stopAfter: 2 });
    deepEqual(outcomes.map(({ id }) => id), ["a", "bad"]);
  }));

Deno.test("prepareSubjects() ends when results cannot be written", () =>
  withFolder(async (folder) => {
    await writeTinyScans(folder, IDS);
    await Deno.writeTextFile(`${folder}/file`, "");
    const { training, parameters } = tinyPlan(IDS);
    const job = { root: folder, out: `${folder}/file`, parameters, tag: "0of1" };
    const watching = { onDone: (): void => {}, interrupted: (): boolean => false };
    await rejects(
      prepareSubjects(training, { job, workers: 2, ...watching }),
      /^Error: Cannot (write|remove) .*\/file\//,
    );
    await rejects(prepareSubjects(training, { job, workers: 0, ...watching }), {
      name: "RangeError",
      message: "Cannot prepare: expected a number of workers of at least 1, got 0",
    });
  }));
