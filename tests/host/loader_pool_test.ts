import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import {
  type Batch,
  batches,
  type LabelledPlan,
  OFFICIAL_DOWNSTREAM,
  type SamplePlan,
  type SampleSource,
} from "../../lib/dataset/mod.ts";
import { openLabelledSource, openSampleSource, writeFileAtomic } from "../../lib/host/mod.ts";
import { planOf, readTinyScan, TINY_FILES } from "../dataset/_tiny_cohort.ts";

/** Runs a task with the tiny cohort on disk. */
async function withCohort(task: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const file of TINY_FILES) await writeFileAtomic(`${folder}/${file}`, await readTinyScan(file));
    await task(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function withSource<T>(
  plan: SamplePlan,
  options: { workers: number; task: (source: SampleSource) => Promise<T> },
): Promise<T> {
  const source = openSampleSource(plan, { workers: options.workers, cacheBytes: 1e6 });
  try {
    return await options.task(source);
  } finally {
    source.close();
  }
}

function allBatches(source: SampleSource, start = { epoch: 0, index: 0 }): Promise<Batch[]> {
  const options = { subjectCount: 3, seed: 4, batchSize: 2, dropLast: false, start, endEpoch: 3, prefetch: 2 };
  return Array.fromAsync(batches(source, options));
}

Deno.test("openSampleSource() gives the same bytes with 0, 1 and 3 workers, also when resumed", () =>
  withCohort(async (folder) => {
    const plan = planOf(folder, { sequences: 3, shuffleOrder: true });
    const expected = await withSource(plan, { workers: 0, task: allBatches });
    equal(expected.length, 6);
    equal(expected.every(({ samples }) => samples.every(({ voxels }) => voxels.length === 3 * 12)), true);
    for (const workers of [1, 3]) deepEqual(await withSource(plan, { workers, task: allBatches }), expected);
    const resumed = await withSource(plan, {
      workers: 3,
      task: (source) => allBatches(source, { epoch: 1, index: 1 }),
    });
    deepEqual(resumed, expected.slice(3));
  }));

Deno.test("a pool rejects with the worker's own error and goes on", () =>
  withCohort(async (folder) => {
    const outcomes = await Promise.all([0, 2].map((workers) =>
      withSource(planOf(folder), {
        workers,
        task: async (source) => {
          const broken = await source.load({ epoch: 0, subject: 3 }).catch((error) => error);
          const unknown = await source.load({ epoch: 0, subject: 9 }).catch((error) => error);
          const next = await source.load({ epoch: 0, subject: 1 });
          return { broken, unknown, next };
        },
      })
    ));
    const [local, pooled] = outcomes;
    equal(pooled.broken.constructor.name, "VolumeError");
    deepEqual([pooled.broken.message, pooled.broken.file], [local.broken.message, local.broken.file]);
    equal(pooled.broken.file, `${folder}/broken_t1.nii`);
    deepEqual([pooled.unknown.name, pooled.unknown.message], ["RangeError", local.unknown.message]);
    deepEqual(pooled.next, local.next);
  }));

Deno.test("a pool names a missing file with the host's message", () =>
  withSource(planOf("/no/such/folder"), {
    workers: 1,
    task: (source) =>
      rejects(source.load({ epoch: 0, subject: 0 }), {
        message: /^Cannot read \/no\/such\/folder\/s0_t[12]\.nii: expected an existing file or folder, got none$/,
      }),
  }));

Deno.test({
  name: "a pool whose workers cannot start rejects every load with the reason",
  permissions: { read: ["/no/such/folder"] },
  fn: () =>
    withSource(planOf("/no/such/folder"), {
      workers: 1,
      task: async (source) => {
        const message = /^Cannot load sample: expected a running worker, got .*--allow-read/;
        for (const subject of [0, 1]) await rejects(source.load({ epoch: 0, subject }), { message });
      },
    }),
});

Deno.test("close() rejects the loads under way and every later one", () =>
  withCohort(async (folder) => {
    for (const workers of [0, 2]) {
      const source = openSampleSource(planOf(folder), { workers, cacheBytes: 0 });
      const closed = { message: "Cannot load sample: expected an open source, got a closed one" };
      const underWay = rejects(source.load({ epoch: 0, subject: 0 }), closed);
      source.close();
      await underWay;
      await rejects(source.load({ epoch: 0, subject: 1 }), closed);
    }
  }));

Deno.test("openSampleSource() rejects a number of workers that is not a non-negative integer", () => {
  for (const workers of [-1, 0.5]) {
    throws(() => openSampleSource(planOf("/scans"), { workers, cacheBytes: 0 }), {
      name: "RangeError",
      message: `Cannot open sample source: expected a number of workers of at least 0, got ${workers}`,
    });
  }
});

Deno.test("openLabelledSource() gives the same samples with 0 and 2 workers, and their errors", () =>
  withCohort(async (folder) => {
    const { root, subjects, seed } = planOf(folder);
    const plan: LabelledPlan = {
      root,
      // The scan itself stands in for a label: any whole values do.
      subjects: subjects.map((subject) => ({ ...subject, label: `${subject.id}_t2.nii` })),
      modalities: ["t2", "t1"],
      scheme: { name: "own", values: Array.from({ length: 70 }, (_, i) => i + 1), sets: [], choose: "auto" },
      classes: [1, 0, 1, 0],
      preprocess: OFFICIAL_DOWNSTREAM,
      seed,
      crop: "random",
      cropSize: [2, 3, 2],
      templateSize: [6, 6, 6],
      labelCentred: 0.5,
    };
    const load = async (workers: number) => {
      const source = openLabelledSource(plan, { workers, cacheBytes: 1e6 });
      try {
        const requests = [0, 1, 2].flatMap((subject) => [0, 1].map((epoch) => ({ epoch, subject })));
        const samples = await Promise.all(requests.map((request) => source.load(request)));
        await rejects(source.load({ epoch: 0, subject: 3 }), { name: "VolumeError" });
        return samples;
      } finally {
        source.close();
      }
    };
    const expected = await load(0);
    deepEqual(expected.map(({ classIndex }) => classIndex), [1, 1, 0, 0, 1, 1]);
    equal(expected.every(({ voxels, label }) => voxels.length === 24 && label!.some((value) => value > 0)), true);
    deepEqual(await load(2), expected);
    throws(() => openLabelledSource(plan, { workers: -1, cacheBytes: 1 }), {
      message: "Cannot open sample source: expected a number of workers of at least 0, got -1",
    });
  }));
