import { deepEqual, equal, rejects } from "node:assert/strict";
import { loadSubject, LocalSource, type SamplePlan, takeSample } from "../../lib/dataset/sample_source.ts";
import { planOf, readTinyScan } from "./_tiny_cohort.ts";

function open(changes: Partial<SamplePlan> = {}): { source: LocalSource; reads: string[] } {
  const reads: string[] = [];
  const readFile = (path: string): Promise<Uint8Array> => {
    reads.push(path);
    return readTinyScan(path);
  };
  return { source: new LocalSource(planOf("/scans", changes), { readFile, cacheBytes: 1e6 }), reads };
}

Deno.test("loadSubject() reads, normalises and crops all images of a subject", async () => {
  const plan = planOf("/scans");
  const stack = await loadSubject(plan.subjects[0], { ...plan, readFile: readTinyScan });
  deepEqual(stack.modalities, ["t1", "t2"]);
  deepEqual(stack.size, [5, 4, 3]);
  for (const channel of stack.channels) {
    equal(Math.max(...channel), 1);
    equal(Math.min(...channel), 0);
  }
});

Deno.test("LocalSource.load() gives the same bytes for the same request, in any order of requests", async () => {
  const forward = open().source, backward = open().source;
  const requests = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([epoch, subject]) => ({ epoch, subject }));
  const expected = await Promise.all(requests.map((request) => forward.load(request)));
  const reversed = await Promise.all(requests.toReversed().map((request) => backward.load(request)));
  deepEqual(reversed.toReversed(), expected);
  equal(expected[0].subject, "s0");
});

Deno.test("LocalSource.load() draws a new crop in every epoch and the same channel order", async () => {
  const { source, reads } = open({ shuffleOrder: true });
  const samples = [];
  for (let epoch = 0; epoch < 30; epoch++) samples.push(await source.load({ epoch, subject: 1 }));
  equal(new Set(samples.map(({ templateStart }) => templateStart.join())).size > 5, true);
  equal(new Set(samples.map(({ modalities }) => modalities.join())).size, 1);
  deepEqual(reads, ["/scans/s1_t1.nii", "/scans/s1_t2.nii"]);
});

Deno.test("takeSample() gives every subject its own channel order when told so", async () => {
  const orders = async (shuffleOrder: boolean): Promise<Set<string>> => {
    const subjects = planOf("/scans").subjects;
    const named = Array.from({ length: 20 }, (_, i) => ({ ...subjects[0], id: `other${i}` }));
    const plan = planOf("/scans", { subjects: named, shuffleOrder });
    const stack = await loadSubject(subjects[0], { ...plan, readFile: readTinyScan });
    return new Set(
      named.map((_, subject) => takeSample(stack, { plan, request: { epoch: 0, subject } }).modalities.join()),
    );
  };
  deepEqual(await orders(false), new Set(["t1,t2"]));
  deepEqual(await orders(true), new Set(["t1,t2", "t2,t1"]));
});

Deno.test("LocalSource.load() gives the same centre crop in every epoch when told so", async () => {
  const { source } = open({ crop: "centre", sequences: 1, shuffleOrder: true });
  const [first, second] = await Promise.all([0, 7].map((epoch) => source.load({ epoch, subject: 2 })));
  deepEqual(first, second);
  deepEqual(first.modalities, ["t1", "t2"]);
  // floor((5 - 2)/2), floor((4 - 3)/2), floor((3 - 2)/2), each + floor((6 - size)/2).
  deepEqual(first.templateStart, [1 + 0, 0 + 1, 0 + 1]);
});

Deno.test("LocalSource.load() rejects a broken file, an unknown subject and a closed source", async () => {
  const { source } = open();
  await rejects(source.load({ epoch: 0, subject: 3 }), {
    name: "VolumeError",
    message: /^Cannot read \/scans\/broken_t1/,
  });
  await rejects(source.load({ epoch: 0, subject: 9 }), {
    name: "RangeError",
    message: "Cannot load sample: expected a subject index in [0, 4), got 9",
  });
  source.close();
  await rejects(source.load({ epoch: 0, subject: 0 }), {
    message: "Cannot load sample: expected an open source, got a closed one",
  });
});

Deno.test("loadSubject() names the first listed of several broken images, whichever is read first", async () => {
  const plan = planOf("/scans");
  const t2First = async (path: string): Promise<Uint8Array> => {
    if (path.endsWith("_t1.nii")) await new Promise((resolve) => setTimeout(resolve));
    return readTinyScan(path);
  };
  await rejects(loadSubject(plan.subjects[3], { ...plan, readFile: t2First }), { file: "/scans/broken_t1.nii" });
});
