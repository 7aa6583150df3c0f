/** Opening fine-tuned runs: the network, its preparation and templates, and folders that are something else. */
import assert from "node:assert/strict";
import {
  buildClassificationModel,
  buildPretrainModel,
  buildSegmentationModel,
  MODEL_PRESETS,
  type Parameter,
} from "../../lib/model/mod.ts";
import { selectBackend, takeValues, type Tensor5D, tf } from "../../lib/tensor/mod.ts";
import { taskSchema } from "../../recipes/tasks/mod.ts";
import { openFinetuned, outputCount } from "../../tasks/_finetuned.ts";
import {
  CLASSES,
  encodeConstantTemplates,
  encodeParameters,
  OPTIONS,
  TUMOUR,
  writeFinetuned,
} from "./_finetuned_run.ts";

const FOLDER = Deno.makeTempDirSync();

Deno.test.beforeAll(async () => {
  await selectBackend("reference");
});
Deno.test.afterAll(() => Deno.removeSync(FOLDER, { recursive: true }));

const TINY = MODEL_PRESETS["uniformer-tiny"];

Deno.test("openFinetuned() gives a segmentation whose forward pass is that of the saved network", async () => {
  const model = buildSegmentationModel({ ...TINY, inChannels: 2, classes: 2 }, { seed: 9 });
  writeFinetuned(`${FOLDER}/a`, { weights: encodeParameters(model.parameters) });
  const run = await openFinetuned(`${FOLDER}/a`);
  assert.deepEqual([run.task.name, run.model, run.options.cropSize], ["tiny-tumour", "uniformer-tiny", [16, 16, 16]]);
  const x = tf.randomUniform([1, 16, 16, 16, 2], 0, 1, "float32", 4) as Tensor5D;
  const [expected, got] = [model.forward(x, { training: false })[0], run.forward(x)];
  assert.deepEqual(got.shape, [1, 16, 16, 16, 2]);
  assert.deepEqual(await takeValues(got), await takeValues(expected));
  const { numTensors } = tf.memory();
  run.dispose();
  assert.equal(tf.memory().numTensors, numTensors - model.parameters.length);
});

Deno.test("openFinetuned() gives segmentations and classifications by UNET3D", async () => {
  const sizes = { ...MODEL_PRESETS["unet3d-tiny"], inChannels: 2, classes: 2 };
  const head = { head: "mlp", hidden: 8 } as const;
  const x = tf.randomUniform([1, 8, 16, 24, 2], 0, 1, "float32", 4) as Tensor5D;
  const run = { model: "unet3d-tiny" };
  const segmentation = buildSegmentationModel(sizes, { seed: 9 });
  writeFinetuned(`${FOLDER}/unet`, { run, weights: encodeParameters(segmentation.parameters) });
  const segmented = await openFinetuned(`${FOLDER}/unet`);
  assert.deepEqual(segmented.forward(x).shape, [1, 8, 16, 24, 2]);
  const [expected] = segmentation.forward(x, { training: false });
  assert.deepEqual(await takeValues(segmented.forward(x)), await takeValues(expected));
  const inChannels = CLASSES.modalities.length;
  const classification = buildClassificationModel({ ...sizes, ...head, inChannels }, { seed: 9 });
  writeFinetuned(`${FOLDER}/unet-classes`, {
    task: CLASSES,
    run,
    weights: encodeParameters(classification.parameters),
  });
  const classified = await openFinetuned(`${FOLDER}/unet-classes`);
  const [one] = tf.split(x, [inChannels, 2 - inChannels], 4);
  const logits = classification.forward(one as Tensor5D, { training: false });
  assert.deepEqual(await takeValues(classified.forward(one as Tensor5D)), await takeValues(logits));
  for (const network of [segmented, segmentation, classified, classification]) network.dispose();
});

Deno.test("openFinetuned() refuses UniFormer's weights in the run of a UNET3D, in one line", async () => {
  writeFinetuned(`${FOLDER}/mixed`, { run: { model: "unet3d-tiny" } });
  await assert.rejects(openFinetuned(`${FOLDER}/mixed`), {
    name: "CheckpointError",
    message:
      /^Cannot load weights from .*weights\.safetensors: expected names such as "conv1a\.weight", .*, got "dec.*, …$/,
  });
});

Deno.test("openFinetuned() gives a classification with one logit per class", async () => {
  writeFinetuned(`${FOLDER}/classes`, { task: CLASSES });
  const run = await openFinetuned(`${FOLDER}/classes`);
  const logits = run.forward(tf.ones([1, 16, 16, 16, 2]) as Tensor5D);
  assert.deepEqual(logits.shape, [1, 2]);
  const values = await takeValues(logits);
  assert.ok(Number.isFinite(values[0]) && values[0] !== values[1]);
  run.dispose();
});

Deno.test("openFinetuned() prepares scans as the run's options say", async () => {
  const voxels = Float32Array.of(0, 0, 1, 2, 3, 4, 0, 0, 0);
  const affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  const image = { modality: "t1", file: "t1.nii", volume: { data: voxels, size: [9, 1, 1] as const, affine } };
  writeFinetuned(`${FOLDER}/plain`);
  const preprocess = { spacingMm: null, foreground: "centred", clip: true } as const;
  writeFinetuned(`${FOLDER}/centred`, { run: { options: { ...OPTIONS, preprocess } } });
  const [plain, centred] = [await openFinetuned(`${FOLDER}/plain`), await openFinetuned(`${FOLDER}/centred`)];
  // The box [2, 6) with a margin of 1, and the box about the centre: [2, 7).
  assert.deepEqual([plain.prepare([image]).size, plain.prepare([image]).affine[0][3]], [[6, 1, 1], 1]);
  assert.deepEqual([centred.prepare([image]).size, centred.prepare([image]).affine[0][3]], [[5, 1, 1], 2]);
  assert.ok(Math.max(...plain.prepare([image]).channels[0]) > 1);
  assert.equal(Math.max(...centred.prepare([image]).channels[0]), 1);
  plain.dispose();
  centred.dispose();
});

Deno.test("openFinetuned() reads templates by modality when they are asked for", async () => {
  writeFinetuned(`${FOLDER}/templates`, { templates: encodeConstantTemplates({ t1: 0.5, t2: 0.25 }) });
  const run = await openFinetuned(`${FOLDER}/templates`);
  const templates = await run.templates();
  assert.deepEqual(templates.map(({ modality, size }) => [modality, size]), [["t1", [10, 10, 10]], ["t2", [
    10,
    10,
    10,
  ]]]);
  assert.deepEqual(templates.map(({ data }) => [data.length, data[0], data[999]]), [[1000, 0.5, 0.5], [
    1000,
    0.25,
    0.25,
  ]]);
  run.dispose();
  writeFinetuned(`${FOLDER}/bare`);
  const bare = await openFinetuned(`${FOLDER}/bare`);
  assert.deepEqual(await bare.templates(), []);
  bare.dispose();
});

Deno.test("outputCount() counts background only among exclusive regions", () => {
  assert.equal(outputCount(taskSchema.parse(TUMOUR)), 2);
  assert.equal(
    outputCount(taskSchema.parse({ ...TUMOUR, regions: [{ name: "a", labels: [1] }], output: "softmax" })),
    2,
  );
  assert.equal(outputCount(taskSchema.parse(CLASSES)), 2);
});

const OTHER_FOLDERS: readonly { name: string; run: Record<string, unknown>; message: RegExp }[] = [
  {
    name: "a pre-training run",
    run: { kind: undefined, recipe: "quick" },
    message: /expected the folder of a fine-tuned run, but its run\.json is that of another kind of run$/,
  },
  { name: "a run without a task", run: { task: undefined }, message: /a fine-tuned run, but .*\n.* at task/s },
  {
    name: "a run of an unknown backbone",
    run: { model: "resnet" },
    message: /a fine-tuned run, but .*"uniformer-tiny".*at model/s,
  },
  { name: "a run with an unknown option", run: { options: { ...OPTIONS, cropsize: 3 } }, message: /"cropsize"/ },
];

for (const { name, run, message } of OTHER_FOLDERS) {
  Deno.test(`openFinetuned() refuses ${name}`, async () => {
    const folder = `${FOLDER}/${name}`;
    writeFinetuned(folder, { run, weights: new Uint8Array(0) });
    await assert.rejects(openFinetuned(folder), { name: "ConfigError", message });
  });
}

Deno.test("openFinetuned() refuses a folder without a run or without weights", async () => {
  Deno.mkdirSync(`${FOLDER}/empty`);
  await assert.rejects(openFinetuned(`${FOLDER}/empty`), {
    message: `Cannot use ${FOLDER}/empty: expected the folder of a run with a run.json, found none`,
  });
  writeFinetuned(`${FOLDER}/unfinished`);
  Deno.removeSync(`${FOLDER}/unfinished/weights.safetensors`);
  await assert.rejects(openFinetuned(`${FOLDER}/unfinished`), {
    name: "CheckpointError",
    message: `Cannot use ${FOLDER}/unfinished/weights.safetensors: the file is missing`,
  });
});

const OTHER_NETWORKS: readonly { name: string; parameters: () => readonly Parameter[]; message: RegExp }[] = [
  {
    name: "of another number of channels",
    parameters: () => buildSegmentationModel({ ...TINY, inChannels: 3, classes: 2 }, { seed: 0 }).parameters,
    message: new RegExp(
      "expected the weights of uniformer-tiny with 2 channels and 2 regions, " +
        'got "encoder.patch_embed1.proj.weight" as \\[8, 3, 2, 2, 2\\] in place of \\[8, 2, 2, 2, 2\\] \\(2 of \\d+ ',
    ),
  },
  {
    name: "of pre-training",
    parameters: () => buildPretrainModel({ ...MODEL_PRESETS["uniformer-tiny"], inChannels: 2 }, { seed: 0 }).parameters,
    message: /got no "decoder\.out\.conv\.conv\.weight" \(\d+ of \d+ parameters do not fit\)$/,
  },
];

for (const { name, parameters, message } of OTHER_NETWORKS) {
  Deno.test(`openFinetuned() refuses weights ${name}, and frees what it has built`, async () => {
    const folder = `${FOLDER}/weights ${name}`;
    writeFinetuned(folder, { weights: encodeParameters(parameters()) });
    const before = tf.memory().numTensors;
    await assert.rejects(openFinetuned(folder), { name: "CheckpointError", message });
    assert.equal(tf.memory().numTensors, before);
  });
}
