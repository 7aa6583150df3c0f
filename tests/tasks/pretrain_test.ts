import assert from "node:assert/strict";
import { decode } from "fast-png";
import { epochOrder, MODALITIES, readNifti, readNiftiHeader } from "../../lib/dataset/mod.ts";
import { decodeSafetensors } from "../../lib/interop/mod.ts";
import type { MetricsRecord } from "../../lib/results.ts";
import { methodSchema, optimizerSchema, runSchema } from "../../lib/trainer/mod.ts";
import { RECIPES } from "../../recipes/mod.ts";
import {
  checkpointNames,
  COHORT,
  namesIn,
  prepareFolders,
  runPretrain,
  RUNS,
  startPretrain,
  TINY,
  tinyRun,
  TRAINING,
  UPDATES,
  writeDatalist,
  writeScan,
} from "./_pretrain_run.ts";

prepareFolders();

/** The first test's run: others try to start or resume it wrongly. */
const WHOLE = `${RUNS}/whole`;

function readRecords(): MetricsRecord[] {
  const lines = Deno.readTextFileSync(`${WHOLE}/metrics.jsonl`).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

Deno.test("pretrain leaves a complete run folder", async (t) => {
  const { stdout, stderr } = await runPretrain(tinyRun("whole", "run.templatesEvery=2"));
  assert.deepEqual(namesIn(WHOLE), [
    "checkpoints",
    "metrics.jsonl",
    "report.html",
    "run.json",
    "templates",
    "templates.png",
  ]);

  await t.step("with what was asked for, and prints it", () => {
    const { recipe, options, data } = JSON.parse(Deno.readTextFileSync(`${WHOLE}/run.json`));
    assert.equal(recipe, "quick");
    assert.deepEqual([options.model, options.cropSize, options.run.epochs], ["uniformer-tiny", [16, 16, 16], 4]);
    assert.deepEqual([data.root, data.training.length, data.validation.length], [COHORT, 4, 1]);
    assert.deepEqual(data.training[0].images[2], { modality: "flair", file: "s0_flair.nii" });
    assert.match(stdout, /^recipe {4}quick: uniformer-tiny, 4 epochs\ndata {6}datalist .*: 4 subjects, 1 held out\n/);
    assert.match(stdout, /\| MD +\| t1 +\| template \|/);
    assert.match(stdout, new RegExp(`done in .*: ${WHOLE}/report.html\n$`));
    assert.match(stderr, /pretrain {2}8\/8/);
  });

  await t.step("with a record of each update, validations with pairs, and the start of contrastive learning", () => {
    const records = readRecords();
    const kinds = records.map(({ kind, epoch, step }) => `${kind} ${epoch} ${step}`);
    assert.deepEqual(kinds, [
      ...["step 0 1", "step 0 2", "step 1 3", "step 1 4", "event 1 4", "validation 1 4"],
      ...["step 2 5", "step 2 6", "step 3 7", "step 3 8", "validation 3 8"],
    ]);
    const last = records.at(-1);
    assert.ok(last?.kind === "validation");
    assert.deepEqual(last.pairs.map(({ target, source, subjects }) => [target, source, subjects]), [
      ["flair", "t1", 1],
      ["flair", "template", 1],
      ["t1", "flair", 1],
      ["t1", "template", 1],
    ]);
    for (const { psnr, mosaicPsnr, meanVolumePsnr } of last.pairs) {
      for (const value of [psnr, mosaicPsnr, meanVolumePsnr]) assert.ok(value > 0 && value < 60, `${value} dB`);
    }
  });

  await t.step("with no cross-modal loss in batches of subjects with a single modality, and one in all others", () => {
    const partnered = [0, 1, 2, 3].flatMap((epoch) => {
      const order = epochOrder(TRAINING.length, { seed: 0, epoch, batchSize: 2, dropLast: false });
      return order.map((batch) => batch.some((subject) => TRAINING[subject].length > 1));
    });
    assert.deepEqual(new Set(partnered), new Set([true, false]));
    const { clWeight } = methodSchema.parse(RECIPES.quick.recipe.method);
    const steps = readRecords().filter((record) => record.kind === "step");
    steps.forEach(({ cmr, md, cl, loss }, i) => {
      assert.equal(Number.isFinite(cmr), partnered[i], `cmr of step ${i + 1}`);
      assert.equal(Number.isFinite(cl), i >= 4, `cl of step ${i + 1}`);
      assert.ok(md! > 0 && md! < 10);
      assert.ok(Math.abs(loss - (cmr ?? 0) - md! - clWeight * (cl ?? 0)) < 1e-5);
    });
  });

  await t.step("with the last two checkpoints", () => {
    assert.deepEqual(namesIn(`${WHOLE}/checkpoints`), checkpointNames(UPDATES - 1, UPDATES));
  });

  await t.step("with the templates of the cohort's modalities as NIfTI, centred at the origin", async () => {
    const last = ["flair.nii.gz", "t1.nii.gz", "t2.nii.gz"];
    assert.deepEqual(namesIn(`${WHOLE}/templates`), ["epoch-00002", "epoch-00004", ...last]);
    const checkpoint = `${WHOLE}/checkpoints/${checkpointNames(UPDATES)[1]}`;
    const { tensors } = decodeSafetensors(Deno.readFileSync(checkpoint), checkpoint);
    const { shape, data } = tensors.get("rep_template")!;
    assert.deepEqual(shape, [MODALITIES.length, 20, 19, 18]);
    for (const modality of ["flair", "t1", "t2"] as const) {
      const file = `${WHOLE}/templates/${modality}.nii.gz`;
      const volume = await readNifti(Deno.readFileSync(file), file);
      assert.deepEqual(volume.size, [20, 19, 18]);
      assert.deepEqual(volume.affine, [[1, 0, 0, -9.5], [0, 1, 0, -9], [0, 0, 1, -8.5], [0, 0, 0, 1]]);
      const offset = MODALITIES.indexOf(modality) * 20 * 19 * 18;
      const own = (data as Float32Array).subarray(offset, offset + 20 * 19 * 18);
      const [low, high] = own.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      // The checkpoint has the official [x, y, z], the volume x fastest.
      for (const [x, y, z] of [[3, 10, 5], [19, 18, 17], [10, 0, 9]]) {
        const expected = (own[(x * 19 + y) * 18 + z] - low) / (high - low);
        assert.ok(Math.abs(volume.data[(z * 19 + y) * 20 + x] - expected) < 1e-5, `${modality} at ${[x, y, z]}`);
      }
    }
  });

  await t.step("with the templates kept for looking at in 8 bits, the last of which are those of the end", async () => {
    for (const modality of ["flair", "t1", "t2"]) {
      const [end, kept] = await Promise.all(["", "epoch-00004/"].map(async (folder) => {
        const file = `${WHOLE}/templates/${folder}${modality}.nii.gz`;
        const bytes = Deno.readFileSync(file);
        return { ...await readNifti(bytes, file), datatype: (await readNiftiHeader(bytes, file)).datatype };
      }));
      assert.deepEqual([end.datatype, kept.datatype], ["float32", "uint8"]);
      assert.deepEqual(kept.affine, end.affine);
      assert.deepEqual(kept.data, end.data.map((value) => Math.round(255 * value)));
    }
  });

  await t.step("with a picture and a page that need nothing from elsewhere", () => {
    const { width, height, channels } = decode(Deno.readFileSync(`${WHOLE}/templates.png`));
    assert.ok(width > 3 * 20 && height > 3 * 18 && channels >= 1);
    const html = Deno.readTextFileSync(`${WHOLE}/report.html`);
    assert.match(html, /Pre-training: quick/);
    const links = [...html.matchAll(/\b(?:src|href)\s*=\s*["']([^"']*)["']/g)].map(([, target]) => target);
    assert.ok(links.length > 0);
    assert.deepEqual(links.filter((target) => !/^(data:|#)/.test(target)), []);
    assert.doesNotMatch(html, /<link\b|@import|url\((?!["']?(data:|#))/);
  });
});

/** Files that go wrong, and what is said of them. */
const BAD_DATA: readonly { title: string; training: string[][]; message: RegExp }[] = [
  {
    title: "a missing file",
    training: [["s0_t1.nii", "s0_t2.nii"], ["s7_t1.nii"]],
    message: /^Cannot use datalist: expected all 4 images under ".*", got 1 missing: s7_t1\.nii\n$/,
  },
  {
    title: "two modalities of different shape",
    training: [["x_t1.nii", "x_t2.nii"]],
    message:
      /^Cannot use datalist: .* Cannot stack x_t1.nii and x_t2.nii: .* shapes \[17, 18, 19\] and \[17, 18, 18\];.*\n$/,
  },
  {
    title: "two modalities at different places",
    training: [["y_t1.nii", "y_t2.nii"]],
    message: /^Cannot use datalist: .* Cannot stack y_t1.nii and y_t2.nii: expected one voxel grid, got affines .*\n$/,
  },
  {
    title: "an unknown modality",
    training: [["z_pet.nii"]],
    message: /^Cannot read datalist .*: expected a file name that ends in a modality .*, got "z_pet\.nii"\n$/,
  },
];

Deno.test("pretrain refuses data it cannot train on with one message, before there is a run folder", async (t) => {
  for (const name of ["x_t1.nii", "y_t1.nii", "z_pet.nii"]) writeScan(`${COHORT}/${name}`);
  writeScan(`${COHORT}/x_t2.nii`, { size: [17, 18, 18] });
  writeScan(`${COHORT}/y_t2.nii`, { origin: [0, 3, 0] });
  for (const { title, training, message } of BAD_DATA) {
    await t.step(title, async () => {
      const list = `${COHORT}/${title.replaceAll(" ", "-")}.json`;
      writeDatalist(list, { training, validation: [["held_t1.nii"]] });
      const out = `${RUNS}/bad-data`;
      const { stdout, stderr } = await runPretrain(["--datalist", list, "--out", out, ...TINY], { code: 1 });
      assert.match(stderr, message);
      assert.equal(stdout, "");
      assert.deepEqual(namesIn(out), []);
    });
  }
});

const WRONG_ARGUMENTS: readonly { args: () => string[]; code: number; message: RegExp | string }[] = [
  {
    args: () => ["qick"],
    code: 2,
    message: 'Cannot find recipe: expected one of quick, preview, paper, official, unet3d, got "qick"\n',
  },
  {
    args: () => ["quick", "run.epoch=3"],
    code: 2,
    message:
      "Cannot use the options of the recipe + the command line:\n  run.epoch: unknown option, did you mean run.epochs?\n",
  },
  {
    args: () => ["run.epochs=many", "method.maskRatio=2"],
    code: 2,
    message: "Cannot use the options of the recipe + the command line:\n" +
      "  method.maskRatio: expected a number of at least 0 and at most 1, got 2\n" +
      '  run.epochs: expected an integer greater than 0, got "many"\n',
  },
  { args: () => ["--outt", "x"], code: 2, message: "error: unknown option '--outt'\n(Did you mean --out?)\n" },
  { args: () => ["--backend", "gpu"], code: 2, message: /^error: option '--backend <name>' argument 'gpu' is invalid/ },
  {
    args: () => ["--datalist", `${COHORT}/none.json`],
    code: 1,
    message: /^Cannot read .*\/none.json: expected an existing file or folder, got none\n$/,
  },
  {
    args: () => ["--resume", COHORT],
    code: 1,
    message: /^Cannot resume .*: expected the folder of a run with a run.json, found none\n$/,
  },
  {
    args: () => ["--resume", WHOLE, "run.epochs=9"],
    code: 2,
    message: /^Cannot resume .*: expected no other options than those it was started with, got run\.epochs=9\n$/,
  },
  {
    args: () => ["--resume", WHOLE, "--data", COHORT],
    code: 2,
    message: /^Cannot resume .*: expected no other options than those it was started with, got \//,
  },
  {
    args: () => tinyRun("whole"),
    code: 1,
    message: `Cannot start a run in ${WHOLE}: there is one already; go on with it by --resume ${WHOLE}\n`,
  },
];

Deno.test("pretrain answers wrong arguments with what is right and exits 2, or 1 where a file is at fault", async (t) => {
  for (const { args, code, message } of WRONG_ARGUMENTS) {
    await t.step(args().slice(0, 3).join(" ").replaceAll(RUNS, "runs").replaceAll(COHORT, "cohort"), async () => {
      const { stderr } = await runPretrain(args(), { code });
      if (typeof message === "string") assert.equal(stderr, message);
      else assert.match(stderr, message);
    });
  }
});

Deno.test("pretrain --help lists every recipe and every option with its default", async () => {
  const { code, stdout } = await startPretrain(["--help"]).outcome;
  assert.equal(code, 0);
  for (const [name, { summary }] of Object.entries(RECIPES)) {
    assert.ok(stdout.includes(`  ${name.padEnd(10)}${summary}`));
  }
  const groups = { method: methodSchema, optimizer: optimizerSchema, run: runSchema };
  const paths = Object.entries(groups).flatMap(([group, { shape }]) =>
    Object.keys(shape).map((key) => `${group}.${key}`)
  );
  assert.ok(paths.length > 25);
  const others = [
    "seed",
    "model",
    "cropSize",
    "templates.size",
    "preprocess.spacingMm",
    "loader.workers",
    "phantom.size",
  ];
  for (const path of [...paths, ...others]) assert.match(stdout, new RegExp(`^  ${path} .*\n +.*; default .`, "m"));
  for (const flag of ["data", "datalist", "layout", "config", "out", "resume", "weights", "backend", "quick-check"]) {
    assert.match(stdout, new RegExp(`^  --${flag} `, "m"));
  }
});
