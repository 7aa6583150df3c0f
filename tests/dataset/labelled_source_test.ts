import assert from "node:assert/strict";
import { OFFICIAL_DOWNSTREAM } from "../../lib/dataset/downstream.ts";
import {
  drawCropStart,
  type LabelledPlan,
  LabelledSource,
  loadLabelledSubject,
  takeLabelledSample,
} from "../../lib/dataset/labelled_source.ts";
import type { Triple } from "../../lib/geometry.ts";
import { randomStream } from "../../lib/random.ts";
import { tinyNifti } from "./_tiny_nifti.ts";

/** 5×4×3 scans that are foreground everywhere; the label is 1 in one voxel. */
function readScan(path: string): Promise<Uint8Array> {
  const isLabel = path.includes("_seg");
  const key = path.includes("t2") ? 3 : 2;
  return Promise.resolve(tinyNifti([5, 4, 3], { voxel: (i) => isLabel ? Number(i === 59) : 1 + (i * key) % 7 }));
}

function planOf(changes: Partial<LabelledPlan> = {}): LabelledPlan {
  const images = (id: string) =>
    (["flair", "t1", "t2"] as const).map((modality) => {
      return { modality, file: `${id}_${modality}.nii` };
    });
  return {
    root: "/scans",
    subjects: ["a", "b"].map((id) => ({ id, images: images(id), label: `${id}_seg.nii` })),
    modalities: ["t2", "t1"],
    scheme: { name: "own", values: [1], sets: [], choose: "auto" },
    classes: null,
    preprocess: OFFICIAL_DOWNSTREAM,
    seed: 3,
    crop: "random",
    cropSize: [2, 2, 2],
    templateSize: [9, 8, 7],
    labelCentred: 0,
    ...changes,
  };
}

function open(changes: Partial<LabelledPlan> = {}): LabelledSource {
  return new LabelledSource(planOf(changes), { readFile: readScan, cacheBytes: 1e6 });
}

Deno.test("loadLabelledSubject() takes the task's modalities in the task's order", async () => {
  const plan = planOf();
  const stack = await loadLabelledSubject(plan.subjects[0], { plan, readFile: readScan });
  assert.deepEqual([stack.modalities, stack.size, stack.label!.indexOf(1)], [["t2", "t1"], [5, 4, 3], 59]);
});

Deno.test("loadLabelledSubject() says which modality or that the label is missing", async () => {
  const plan = planOf({ modalities: ["t1", "pd"] });
  const load = (given: LabelledPlan, subject = given.subjects[0]): Promise<unknown> =>
    loadLabelledSubject(subject, { plan: given, readFile: readScan });
  await assert.rejects(load(plan), {
    name: "DatalistError",
    message: "Cannot load subject a: expected a pd image, got flair, t1, t2",
  });
  const { label: _, ...unlabelled } = plan.subjects[0];
  await assert.rejects(load(planOf(), unlabelled), {
    message: "Cannot load subject a: expected a label file, got none",
  });
});

Deno.test("LabelledSource.load() cuts images and label alike", async () => {
  const whole = await open({ crop: "whole" }).load({ epoch: 0, subject: 0 });
  assert.deepEqual(whole.cropSize, [5, 4, 3]);
  assert.deepEqual(whole.templateStart, [2, 2, 2]);
  const source = open({ labelCentred: 1, cropSize: [2, 2, 3] });
  const { voxels, label, templateStart } = await source.load({ epoch: 5, subject: 0 });
  // The labelled voxel is the last one, so a crop around it is the last corner.
  assert.deepEqual(templateStart, [5, 4, 2]);
  assert.equal(label!.indexOf(1), 11);
  assert.equal(voxels[11], whole.voxels[59]);
  assert.equal(voxels[12 + 11], whole.voxels[60 + 59]);
});

Deno.test("LabelledSource.load() pads what is smaller, and says what is padding", async () => {
  const sample = await open({ crop: "whole", cropSize: [8, 4, 4] }).load({ epoch: 0, subject: 0 });
  assert.deepEqual(sample.cropSize, [8, 4, 4]);
  assert.deepEqual(sample.inside, { start: [1, 0, 0], end: [6, 4, 3] });
  assert.equal(sample.label!.reduce((sum, value) => sum + value, 0), 1);
  assert.equal(sample.templateStart[0], -1 + 2);
});

Deno.test("LabelledSource.load() gives the same for the same request and a new crop in every epoch", async () => {
  const [a, b] = [open(), open()];
  const starts = new Set<string>();
  for (let epoch = 0; epoch < 20; epoch++) {
    const sample = await a.load({ epoch, subject: 1 });
    assert.deepEqual(await b.load({ epoch, subject: 1 }), sample);
    starts.add(sample.templateStart.join());
  }
  assert.ok(starts.size > 8, `${starts.size}`);
});

Deno.test("LabelledSource.load() carries the class, and no label where the task has none", async () => {
  const source = open({ scheme: null, classes: [2, 0], crop: "centre" });
  const sample = await source.load({ epoch: 0, subject: 0 });
  assert.deepEqual([sample.classIndex, sample.label], [2, null]);
  await assert.rejects(source.load({ epoch: 0, subject: 4 }), {
    message: "Cannot load sample: expected a subject index in [0, 2), got 4",
  });
  source.close();
  await assert.rejects(source.load({ epoch: 0, subject: 0 }), /got a closed one/);
});

Deno.test("takeLabelledSample() gives the label and the voxels of one place for every random crop", async () => {
  const plan = planOf();
  const stack = await loadLabelledSubject(plan.subjects[0], { plan, readFile: readScan });
  const counted = {
    ...stack,
    modalities: ["t1"],
    channels: [Float32Array.from(stack.label!, (_, i) => i)],
    label: Uint8Array.from(stack.label!, (_, i) => i),
  };
  for (let epoch = 0; epoch < 10; epoch++) {
    const { voxels, label } = takeLabelledSample(counted, { plan, request: { epoch, subject: 0 } });
    assert.deepEqual([...voxels], [...label!]);
  }
});

Deno.test("drawCropStart() is uniform where the crop fits, and falls back to it without labelled voxels", () => {
  const size: Triple = [4, 2, 1], cropSize: Triple = [2, 2, 2];
  const draw = (label: Uint8Array | null, labelCentred: number): string[] =>
    Array.from({ length: 60 }, (_, i) => {
      return drawCropStart({ size, label }, { cropSize, labelCentred, random: randomStream(1, "crop", i) }).join();
    });
  // One voxel is missing along z: the smaller half of the padding, none, comes first.
  assert.deepEqual(new Set(draw(null, 0)), new Set(["0,0,0", "1,0,0", "2,0,0"]));
  assert.deepEqual(draw(new Uint8Array(8), 1), draw(null, 0));
  const label = new Uint8Array(8);
  label[3] = 1;
  assert.deepEqual(new Set(draw(label, 1)), new Set(["2,0,0"]));
});
