import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  DEFAULT_PREPROCESS,
  type LabelledPlan,
  OFFICIAL_DOWNSTREAM,
  PreparedLabelledSource,
  PreparedSource,
  type SamplePlan,
  type StorageType,
  takeLabelledSample,
  takeSample,
} from "../../../lib/dataset/mod.ts";
import { countedStack, memoryStore } from "./_memory_store.ts";

const STACKS = { a: countedStack([50, 40, 36], ["t1", "t2", "flair"]), b: countedStack([20, 44, 33], ["t1"]) };

const PLAN: SamplePlan = {
  root: "",
  prepared: true,
  subjects: [{ id: "a", images: [] }, { id: "b", images: [] }],
  preprocess: DEFAULT_PREPROCESS,
  seed: 5,
  crop: "random",
  cropSize: [24, 24, 24],
  templateSize: [60, 60, 50],
  sequences: 2,
  shuffleOrder: true,
};

function openAs(storage: StorageType): ConstructorParameters<typeof PreparedSource>[1] {
  return (id) => memoryStore(STACKS[id as keyof typeof STACKS], { id, storage });
}

async function compare(
  plan: SamplePlan,
  { storage, tolerance }: { storage: StorageType; tolerance: number },
): Promise<void> {
  const source = new PreparedSource(plan, openAs(storage));
  let largest = 0;
  for (let epoch = 0; epoch < 3; epoch++) {
    for (const subject of [0, 1]) {
      const request = { epoch, subject };
      const { voxels, ...rest } = await source.load(request);
      const { voxels: exact, ...expected } = takeSample(STACKS[(["a", "b"] as const)[subject]], { plan, request });
      deepEqual(rest, expected);
      equal(voxels.length, exact.length);
      for (const [i, value] of exact.entries()) largest = Math.max(largest, Math.abs(voxels[i] - value));
    }
  }
  ok(largest <= tolerance, `${largest}`);
  equal(largest > 0, tolerance > 0);
}

Deno.test("PreparedSource.load() gives the samples of the uncached path to the bit with float32", async () => {
  await compare(PLAN, { storage: "float32", tolerance: 0 });
  await compare({ ...PLAN, crop: "centre" }, { storage: "float32", tolerance: 0 });
  await compare({ ...PLAN, sequences: "all", shuffleOrder: false }, { storage: "float32", tolerance: 0 });
});

Deno.test("PreparedSource.load() differs by no more than the rounding of float16 and uint8", async () => {
  await compare(PLAN, { storage: "float16", tolerance: 2 ** -12 });
  await compare(PLAN, { storage: "uint8", tolerance: 0.5 / 255 + 1e-6 });
});

Deno.test("PreparedSource.load() names a subject that the plan lacks, and refuses once closed", async () => {
  const source = new PreparedSource(PLAN, openAs("float32"));
  await rejects(source.load({ epoch: 0, subject: 2 }), {
    name: "RangeError",
    message: "Cannot load sample: expected a subject index in [0, 2), got 2",
  });
  source.close();
  await rejects(source.load({ epoch: 0, subject: 0 }), {
    message: "Cannot load sample: expected an open source, got a closed one",
  });
});

Deno.test("PreparedLabelledSource.load() gives the labelled samples of the uncached path to the bit", async () => {
  const base = countedStack([40, 30, 20], ["t1", "t2"]);
  const label = Uint8Array.from({ length: 24000 }, (_, i) => i % 977 === 0 ? 3 : 0);
  const stack = { ...base, label, volumeSize: [60, 50, 40], volumeStart: [7, 8, 9] } as const;
  const plan: LabelledPlan = {
    root: "",
    prepared: true,
    subjects: [{ id: "s", images: [] }],
    modalities: ["t1", "t2"],
    scheme: { name: "own", values: [3], sets: [], choose: "auto" },
    classes: [4],
    preprocess: OFFICIAL_DOWNSTREAM,
    seed: 2,
    crop: "random",
    cropSize: [16, 16, 24],
    templateSize: [60, 50, 40],
    labelCentred: 0.5,
  };
  for (const crop of ["random", "centre", "whole"] as const) {
    const source = new PreparedLabelledSource({ ...plan, crop }, () => memoryStore(stack));
    for (let epoch = 0; epoch < 4; epoch++) {
      const request = { epoch, subject: 0 };
      deepEqual(await source.load(request), takeLabelledSample(stack, { plan: { ...plan, crop }, request }));
    }
  }
});
