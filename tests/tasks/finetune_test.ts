import assert from "node:assert/strict";
import { resolveConfig } from "../../lib/config.ts";
import { DatalistError } from "../../lib/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/interop/mod.ts";
import { describeParameters, FIRST_CONV_RULES, HEAD_KINDS, MODEL_NAMES, MODEL_PRESETS } from "../../lib/model/mod.ts";
import { BACKENDS } from "../../lib/tensor/mod.ts";
import { FINETUNE_RECIPES, finetuneSchema } from "../../recipes/finetune/mod.ts";
import { parseClassTable } from "../../tasks/_finetune_data.ts";
import { formatScores } from "../../tasks/_finetune_report.ts";
import {
  encodeTemplates,
  normaliseTemplates,
  readSavedTemplates,
  readTemplates,
} from "../../tasks/_finetune_weights.ts";
import { parseArguments } from "../../tasks/finetune.ts";
import {
  prepareFolders,
  runFinetune,
  RUNS,
  SCANS,
  subject,
  TASK,
  TINY,
  tinyRun,
  writeList,
  writeSubjects,
} from "./_finetune_run.ts";
import { joinBytes } from "../trainer/_toy.ts";

prepareFolders();

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(path));
}

Deno.test("the official recipe has the values of the official fine-tuning", () => {
  const { preprocess, augment, loss, optimizer, run, cropSize, model, firstConv } = resolveConfig(
    finetuneSchema,
    FINETUNE_RECIPES.official.recipe,
  );
  assert.deepEqual([model, cropSize, firstConv], ["uniformer-small", [96, 96, 96], "skip"]);
  assert.deepEqual(preprocess, {
    spacingMm: [1, 1, 1],
    lowerPercentile: 5,
    upperPercentile: 95,
    clip: false,
    scaleOver: "volume",
    foreground: "box",
    margin: 1,
  });
  assert.deepEqual(augment, {
    labelCentred: 0,
    flip: "together",
    flipProbability: 0.5,
    shift: 0.1,
    scale: 0.1,
    templateChannels: 3,
    templateValues: "raw",
  });
  assert.deepEqual([loss.diceShare, loss.deepSupervision, loss.consistencyWeight], [0.7, true, 0]);
  assert.deepEqual([optimizer.name, optimizer.learningRate, optimizer.weightDecay], ["adam", 3e-4, 1e-4]);
  assert.equal(optimizer.schedule, "cosine-epoch");
  assert.deepEqual([run.epochs, run.batchSize, run.validateEvery, run.overlap], [300, 2, 5, 0.5]);
});

Deno.test("every fine-tuning recipe resolves, and the lists it repeats are those of the library", () => {
  for (const { recipe } of Object.values(FINETUNE_RECIPES)) resolveConfig(finetuneSchema, recipe);
  for (const model of MODEL_NAMES) assert.equal(finetuneSchema.parse({ model }).model, model);
  for (const kind of HEAD_KINDS) finetuneSchema.parse({ head: { kind } });
  for (const firstConv of FIRST_CONV_RULES) finetuneSchema.parse({ firstConv });
  for (const backend of BACKENDS) assert.equal(parseArguments(["--backend", backend]).backend, backend);
});

Deno.test("parseArguments() tells the recipe from options, and refuses weights together with --scratch", () => {
  const { recipe, assignments, labelFraction } = parseArguments(["preview", "a=1", "--label-fraction", "0.2"]);
  assert.deepEqual([recipe, assignments, labelFraction], ["preview", ["a=1"], 0.2]);
  assert.deepEqual(parseArguments(["a=1", "b=2"]).assignments, ["a=1", "b=2"]);
  const silenced = console.error;
  console.error = () => {};
  try {
    assert.throws(() => parseArguments(["--scratch", "--weights", "x"]), /cannot be used with/);
    assert.throws(() => parseArguments(["--label-fraction", "2"]), /above 0 and at most 1/);
  } finally {
    console.error = silenced;
  }
});

Deno.test("parseClassTable() reads columns by name, and refuses tables without them or with contradictions", () => {
  const table = parseClassTable('age,Subject,class\n7,"a",HGG\n8,b,LGG\n', "c.csv");
  assert.deepEqual([...table], [["a", "HGG"], ["b", "LGG"]]);
  assert.deepEqual([...parseClassTable("subject;class\r\nx;1\r\n", "c.csv")], [["x", "1"]]);
  assert.throws(() => parseClassTable("id,class\n", "c.csv"), {
    name: "DatalistError",
    message: "Cannot read c.csv: expected the columns subject and class, got id, class",
  });
  assert.throws(() => parseClassTable("subject,class\na,1\na,2\n", "c.csv"), DatalistError);
});

Deno.test("formatScores() lays two runs side by side with their difference", () => {
  const record = (dice: number) => ({
    kind: "segmentation" as const,
    epoch: 0,
    step: 1,
    regions: [{ region: "WT", dice, present: 1 }],
    dice,
    subjects: 1,
    best: true,
  });
  assert.equal(
    formatScores({ "pre-trained": [record(0.5), { ...record(0.1), best: false }], "from scratch": [record(0.62)] }),
    [
      "%, best validation  pre-trained  from scratch  difference",
      "Dice WT                    50.0          62.0       −12.0",
      "Dice mean                  50.0          62.0       −12.0",
    ].join("\n"),
  );
});

Deno.test("templates go to a file in the official order of axes and come back, and scale to [0, 1] each", async () => {
  const data = Float32Array.from([2, 4, 6, 3, 2, 4]);
  const templates = [{ modality: "t1", size: [3, 2, 1] as const, data }, {
    modality: "t2",
    size: [3, 2, 1] as const,
    data: data.slice().fill(5),
  }];
  const path = `${RUNS}/templates.safetensors`;
  const bytes = joinBytes(encodeTemplates(templates));
  Deno.writeFileSync(path, bytes);
  const { shape, data: official } = decodeSafetensors(bytes, path).tensors.get("rep_template")!;
  // x is the first axis there: (x, y) = (0, 0), (0, 1), (1, 0), …
  assert.deepEqual([shape, [...official.slice(0, 6)]], [[2, 3, 2, 1], [2, 3, 4, 2, 6, 4]]);
  assert.deepEqual(await readSavedTemplates(path), templates);
  assert.deepEqual(await readSavedTemplates(`${RUNS}/nowhere.safetensors`), []);
  await assert.rejects(readTemplates(path), { message: /expected \[8, x, y, z\], got \[2, 3, 2, 1\]$/ });
  const [t1, t2] = normaliseTemplates(templates);
  assert.deepEqual([...t1.data], [0, 0.5, 1, 0.25, 0, 0.5]);
  assert.deepEqual([...t2.data], [0, 0, 0, 0, 0, 0]);
});

Deno.test("finetune from scratch writes description, records, checkpoints, weights and a report", async () => {
  const { stdout } = await runFinetune(tinyRun("scratch"));
  assert.match(stdout, /^task {6}boxes: Boxes in noise$/m);
  assert.match(stdout, /^Dice whole +\d+\.\d$/m);
  assert.match(stdout, /\ndone in .*: .*\/scratch\/weights\.safetensors, of epoch [12]\n$/);
  const run = readJson(`${RUNS}/scratch/run.json`);
  assert.deepEqual([run.kind, run.model, run.recipe, run.weights], ["finetune", "uniformer-tiny", "quick", undefined]);
  assert.deepEqual((run.task as { regions: unknown }).regions, [
    { name: "whole", labels: [1, 2] },
    { name: "core", labels: [2] },
  ]);
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(`${RUNS}/scratch/weights.safetensors`), "w");
  assert.deepEqual([metadata.format, metadata.model, metadata.task], ["pt", "uniformer-tiny", "boxes"]);
  assert.deepEqual(tensors.get("decoder.out.conv.conv.weight")!.shape, [2, 8, 1, 1, 1]);
  assert.deepEqual(tensors.get("encoder.patch_embed1.proj.weight")!.shape, [8, 2, 2, 2, 2]);
  const kinds = Deno.readTextFileSync(`${RUNS}/scratch/metrics.jsonl`).trim().split("\n").map((line) =>
    JSON.parse(line).kind
  );
  assert.deepEqual(kinds, ["finetune", "segmentation", "finetune", "segmentation"]);
  assert.match(Deno.readTextFileSync(`${RUNS}/scratch/report.md`), /# Fine-tuning: Boxes in noise/);
});

Deno.test("finetune resumed from its first checkpoint gives the bytes of a run that was not stopped", async () => {
  const folder = `${RUNS}/scratch`;
  const files = ["metrics.jsonl", "weights.safetensors", "checkpoints/step-00000002.safetensors"];
  const before = files.map((file) => Deno.readFileSync(`${folder}/${file}`));
  for (const end of ["json", "safetensors"]) Deno.removeSync(`${folder}/checkpoints/step-00000002.${end}`);
  await runFinetune(["--resume", folder]);
  files.forEach((file, i) => {
    const after = Deno.readFileSync(`${folder}/${file}`);
    assert.ok(after.length === before[i].length && after.every((byte, k) => byte === before[i][k]), file);
  });
  const { stderr } = await runFinetune(["--resume", folder, "run.epochs=3"], { code: 2 });
  assert.match(stderr, /expected no other options than those it was started with, got run\.epochs=3/);
});

Deno.test("finetune starts from a pre-training checkpoint: encoder, templates and all", async () => {
  const path = `${RUNS}/pretrained.safetensors`;
  writePretrained(path, "uniformer-tiny");
  const args = tinyRun("started", "--weights", path, "augment.templateChannels=2");
  const { stdout } = await runFinetune(args);
  // Its single channel is spread over two; the head, the projection of the input and coarse outputs are new.
  assert.match(stdout, /^adapted {3}2 to another number of input channels$/m);
  assert.match(stdout, /^missing {3}6 not in the file/m);
  assert.doesNotMatch(stdout, /adamw/);
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(`${RUNS}/started/templates.safetensors`), "t");
  assert.deepEqual(tensors.get("rep_template")!.shape, [8, 6, 5, 4]);
  assert.equal(metadata.modalities, "flair t1 t1c t2 mra pd dwi adc");
  const { options, weights } = readJson(`${RUNS}/started/run.json`) as {
    options: { templates: unknown };
    weights: { file: string };
  };
  assert.deepEqual([options.templates, weights.file], [{ size: [6, 5, 4] }, path]);
});

Deno.test("finetune of UNET3D starts from its pre-training, decoder and all, and goes on where it stopped", async () => {
  const path = `${RUNS}/unet-start.safetensors`;
  writePretrained(path, "unet3d-tiny");
  const args = tinyRun("from-unet", "--weights", path, "model=unet3d-tiny", "cropSize=[24,16,8]", "firstConv=mean");
  const { stdout } = await runFinetune(args);
  assert.match(stdout, /^recipe {4}quick: unet3d-tiny, 2 epochs, pre-trained$/m);
  assert.match(stdout, /^loaded {4}110 of 116 parameters of the model/m);
  assert.match(
    stdout,
    /^adapted {3}1 to another number of input channels\n {2}conv1a\.weight: \[8, 2, 3, 3, 3\] from \[8, 1,/m,
  );
  assert.match(stdout, /^missing {3}6 .*\n {2}up1conv\.weight\n {2}up1conv\.bias\n {2}ds_out\.0\.weight\n/m);
  assert.match(stdout, /^extra {5}3 .*\n {2}rep_template\n {2}up1conv\.bias\n {2}up1conv\.weight\n/m);
  const folder = `${RUNS}/from-unet`;
  const weights = Deno.readFileSync(`${folder}/weights.safetensors`);
  const { tensors, metadata } = decodeSafetensors(weights, "w");
  assert.equal(metadata.model, "unet3d-tiny");
  assert.deepEqual(tensors.get("up1conv.weight")!.shape, [2, 8, 1, 1, 1]);
  for (const end of ["json", "safetensors"]) Deno.removeSync(`${folder}/checkpoints/step-00000002.${end}`);
  await runFinetune(["--resume", folder]);
  assert.deepEqual(Deno.readFileSync(`${folder}/weights.safetensors`), weights);
  // What was fine-tuned is a start, too: of the same backbone only, whatever the recipe's own is.
  const again = await runFinetune(tinyRun("again", "--weights", folder, "cropSize=[8,8,8]"));
  assert.match(again.stdout, /^loaded {4}116 of 116 parameters/m);
  const { stderr } = await runFinetune(tinyRun("other", "--weights", folder, "model=uniformer-tiny"), { code: 2 });
  assert.match(stderr, /^Cannot use weights .*: expected those of uniformer-tiny, got unet3d-tiny\n$/);
});

Deno.test("finetune with a recipe about its model refuses a run of another", async () => {
  const { stderr } = await runFinetune(["unet3d", ...tinyRun("fixed", "--weights", `${RUNS}/scratch`)], { code: 2 });
  assert.match(stderr, /^Cannot use weights .*: expected those of unet3d, got uniformer-tiny\n$/);
});

Deno.test("finetune refuses weights of another backbone, and templates where there are none", async () => {
  const path = `${RUNS}/unet.safetensors`;
  writePretrained(path, "unet3d-tiny");
  const { stderr } = await runFinetune(tinyRun("unet", "--weights", path), { code: 1 });
  assert.match(stderr, /Cannot load .*unet\.safetensors: expected/);
  assert.throws(() => Deno.statSync(`${RUNS}/unet`), Deno.errors.NotFound);
  const asked = await runFinetune(tinyRun("none", "augment.templateChannels=1"), { code: 2 });
  assert.match(asked.stderr, /Cannot use augment\.templateChannels: expected 0, as the start has no templates/);
});

Deno.test("finetune under a launcher of several ranks refuses in one line", async () => {
  const env = { PMI_SIZE: "2", PMI_RANK: "1" };
  const { stderr } = await runFinetune(tinyRun("ranks"), { code: 2, env });
  assert.equal(stderr, "Cannot fine-tune on 2 ranks, started by MPICH (PMI_SIZE): expected a single process\n");
});

Deno.test("finetune stops before any work at a wrong label value, naming file, value and what is known", async () => {
  writeSubjects("strange", ["s"], { strange: 7 });
  const list = writeList("strange.json", {
    training: [subject("good", "a"), subject("strange", "s")],
    validation: [subject("good", "held")],
  });
  const { stderr } = await runFinetune([...tinyRun("strange"), "--datalist", list], { code: 1 });
  assert.match(
    stderr,
    /Cannot read .*strange\/s_seg\.nii: expected label values 0, 1, 2 \(own\), got 7 in 1 voxels\n$/,
  );
  assert.throws(() => Deno.statSync(`${RUNS}/strange`), Deno.errors.NotFound);
});

Deno.test("finetune names the subjects of a list that lack a sequence or a label", async () => {
  const { label: _, ...unlabelled } = subject("good", "a");
  const lists = {
    unlabelled: { training: [unlabelled], validation: [subject("good", "held")] },
    onlyT1: {
      training: [{ ...subject("good", "a"), image: ["good/a_t1.nii"] }],
      validation: [subject("good", "held")],
    },
    gone: { training: [{ ...subject("good", "a"), label: "good/nowhere.nii" }], validation: [subject("good", "held")] },
  };
  const problems = {
    unlabelled: /got a: no label/,
    onlyT1: /got a: no t2/,
    gone: /expected label .*nowhere\.nii, found none/,
  };
  for (const name of ["unlabelled", "onlyT1", "gone"] as const) {
    const list = writeList(`${name}.json`, lists[name]);
    const { stderr } = await runFinetune([...tinyRun(name), "--datalist", list], { code: 1 });
    assert.match(stderr, problems[name]);
  }
});

Deno.test("finetune refuses unknown tasks, recipes and options, and data without a start", async () => {
  const refused: [string[], RegExp][] = [
    [["--task", "brats", "--scratch"], /Cannot find task: expected one of brats2023-ped/],
    [["huge", "--scratch"], /Cannot find recipe: expected one of quick, preview, official, unet3d, got "huge"/],
    [["--scratch", "run.epoch=3"], /run\.epoch: unknown option, did you mean run\.epochs\?/],
    [["--scratch", "cropSize=[20,32,32]"], /cropSize: expected multiples of 16/],
    [["--scratch", "cropSize=[20,32,32]", "model=unet3d"], /cropSize: expected multiples of 8/],
    [["--task", TASK, "--data", SCANS], /Cannot fine-tune: expected --weights RUN\|FILE or --scratch, got neither/],
    [["--task", "vsseg", "--scratch"], /Cannot fine-tune on vsseg: expected --data or --datalist, got neither/],
    [
      ["--scratch", "labelSet=mine", "--task", TASK, "--data", SCANS],
      /Cannot use labelSet mine: expected one of auto, own/,
    ],
  ];
  for (const [args, message] of refused) {
    const { stderr } = await runFinetune(args, { code: 2 });
    assert.match(stderr, message);
  }
});

Deno.test("finetune classifies: classes from a list by name or number, a linear probe on a frozen encoder", async () => {
  const task = `${SCANS}/classes.yaml`;
  Deno.writeTextFileSync(task, "kind: classification\nname: two\ntitle: Two\nmodalities: [t1]\nclasses: [no, yes]\n");
  const entry = (id: string, label: string | number) => ({ image: [`good/${id}_t1.nii`], label });
  const list = writeList("classes.json", {
    training: [entry("a", "yes"), entry("b", 0)],
    validation: [entry("held", 1)],
  });
  const args = ["--task", task, "--datalist", list, "--scratch", "--out", `${RUNS}/probe`, ...TINY];
  const { stdout } = await runFinetune([
    ...args,
    "head.kind=linear",
    "head.freezeEncoder=true",
    "head.classWeights=balanced",
  ]);
  assert.match(stdout, /^accuracy +\d+\.\d$/m);
  const { data } = readJson(`${RUNS}/probe/run.json`) as { data: { classes: unknown } };
  assert.deepEqual(data.classes, { training: [1, 0], validation: [1] });
  const wrong = writeList("wrong.json", { training: [entry("a", "maybe")], validation: [entry("held", 1)] });
  const { stderr } = await runFinetune([...args, "--datalist", wrong, "--out", `${RUNS}/wrong`], { code: 1 });
  assert.match(stderr, /Cannot read class of a: expected one of no \(0\), yes \(1\), got "maybe"/);
});

/** Weights of a pre-training model with templates and a moment, as its checkpoints have them. */
function writePretrained(path: string, model: "uniformer-tiny" | "unet3d-tiny"): void {
  const ones = (shape: readonly number[]) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
    return { dtype: "F32" as const, shape, data };
  };
  const tensors = new Map(
    describeParameters(MODEL_PRESETS[model]).map(({ name, officialShape }) => [name, ones(officialShape)]),
  );
  tensors.set("rep_template", ones([8, 6, 5, 4]));
  tensors.set("adamw.first.rep_template", ones([8, 6, 5, 4]));
  Deno.writeFileSync(path, joinBytes(encodeSafetensors(tensors)));
}
