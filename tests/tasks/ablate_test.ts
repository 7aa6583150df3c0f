/** `deno task ablate`: its cells and table, that an interruption changes nothing, shards, and what it says when it cannot. */
import assert from "node:assert/strict";
import type { AblationCell } from "../../lib/results.ts";
import { findTask } from "../../recipes/tasks/mod.ts";
import { cellName, listCells, parseCell, parseShard, takeShard } from "../../tasks/_ablation_cells.ts";
import { variantOptions } from "../../tasks/_ablation_pretraining.ts";
import { classificationMetrics, segmentationMetrics } from "../../tasks/_ablation_scores.ts";
import { parseArguments } from "../../tasks/ablate.ts";
import { recipeSchema } from "../../recipes/mod.ts";
import { prepareFolders, RUNS, SCANS, TASK } from "./_finetune_run.ts";
import { readJson, readmeCommands, runStudy } from "./_study_task.ts";

const LIST = `${SCANS}/good.json`;
const TRAINING = [
  "cropSize=[16,16,16]",
  "run.epochs=2",
  "run.batchSize=2",
  "run.checkpointEvery=1",
  "loader.workers=0",
];
const OPTIONS = [
  ...TRAINING.flatMap((text) => [`pretrain.${text}`, `finetune.${text}`]),
  "pretrain.templates.size=[20,19,18]",
  "pretrain.method.clStartEpoch=1",
];
const DATA = ["--tasks", TASK, "--datalist", LIST, "--task-datalist", `boxes=${LIST}`];
const NAMES = ["scratch", "cmr", "cmr+md", "cmr+md+cl"].map((variant) => `${variant}-boxes-seed3`);

prepareFolders();

function study(name: string, ...args: string[]): string[] {
  return [...DATA, "--seeds", "3", "--out", `${RUNS}/${name}`, "--runs", `${RUNS}/${name}-runs`, ...OPTIONS, ...args];
}

/** The cells of a folder without what the clock decides. */
function readCells(name: string): Record<string, Omit<AblationCell, "date">> {
  const folder = `${RUNS}/${name}/quick`;
  const files = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((file) => file.endsWith(".json"))
    .sort();
  return Object.fromEntries(files.map((file) => {
    const { date, ...cell } = readJson(`${folder}/${file}`) as AblationCell;
    assert.match(date, /^\d{4}-\d\d-\d\d$/);
    return [file.replace(/\.json$/, ""), cell];
  }));
}

Deno.test("ablate pre-trains, fine-tunes and scores every variant", async (t) => {
  const { stdout } = await runStudy("ablate", study("whole", "--machine", "a test"));
  const cells = readCells("whole");

  await t.step("and writes a cell for each", () => {
    assert.deepEqual(Object.keys(cells), NAMES.toSorted());
    for (const cell of Object.values(cells)) {
      assert.deepEqual([cell.scale, cell.task, cell.seed, cell.updates], ["quick", "boxes", 3, 2]);
      assert.deepEqual([cell.subjects, cell.trainingSubjects], [["held"], 2]);
      const names = cell.metrics.map(({ name, region }) => `${name} ${region}`);
      assert.deepEqual(names, ["Dice mean", "Dice whole", "Dice core", "HD95 whole", "HD95 core"]);
      assert.ok(cell.metrics.every(({ values }) => values?.length === 1));
      assert.equal(cell.machine.system, "a test");
      assert.doesNotMatch(JSON.stringify(cell), /\/(tmp|home|root|runs)/);
    }
  });

  await t.step("that differ in their pre-training alone", () => {
    const [scratch, cmr, md, all] = NAMES.map((name) => cells[name]);
    assert.equal(scratch.pretraining, null);
    const sources = (
      { pretraining }: typeof cmr,
    ): string[] => [...new Set(pretraining!.pairs.map(({ source }) => source))];
    assert.deepEqual(sources(cmr).sort(), ["t1", "t2"]);
    assert.deepEqual(sources(md).sort(), ["t1", "t2", "template"]);
    assert.deepEqual([cmr, md, all].map(({ pretraining }) => pretraining!.updates), [2, 2, 2]);
    assert.equal(new Set([scratch, cmr, md, all].map(({ recipeHash }) => recipeHash)).size, 4);
    assert.equal(new Set([scratch, cmr, md, all].map(({ finetuneHash }) => finetuneHash)).size, 1);
    assert.deepEqual([md.dataHash, all.dataHash], [cmr.dataHash, cmr.dataHash]);
    assert.notEqual(scratch.dataHash, cmr.dataHash);
    assert.notDeepEqual(md.pretraining!.pairs, all.pretraining!.pairs);
  });

  await t.step("and a table, which it prints", () => {
    const page = Deno.readTextFileSync(`${RUNS}/whole/quick/table.md`);
    const rows = stdout.split("\n").filter((line) => line.startsWith("| Dice mean"));
    assert.equal(rows.length, 4);
    for (const row of rows) assert.ok(page.includes(row));
    assert.match(page, /^## boxes$/m);
    assert.match(page, /^\| CMR \+ MD \+ CL \| the template/m);
    assert.match(stdout, /^ablation {2}scale quick: 4 cells$/m);
  });

  await t.step("the same, however often it was interrupted", async () => {
    const args = study("interrupted", "--machine", "a test");
    const first = await runStudy("ablate", args, { code: 130, interruptAt: "cell 1/4" });
    assert.match(first.stdout, /^interrupted with \d of 4 cells done; go on with the same command$/m);
    await runStudy("ablate", args);
    assert.deepEqual(readCells("interrupted"), cells);
  });

  await t.step("and keeps the cells that are done", async () => {
    const file = `${RUNS}/whole/quick/${NAMES[1]}.json`;
    Deno.writeTextFileSync(file, Deno.readTextFileSync(file).replace(/"date": ".*"/, '"date": "2000-01-01"'));
    const { stdout: again } = await runStudy("ablate", study("whole"));
    assert.match(again, /^ablation {2}scale quick: 4 cells, 4 done before$/m);
    assert.equal((readJson(file) as AblationCell).date, "2000-01-01");
  });

  await t.step(
    "but not one whose recipe has changed, and compares it with none that was fine-tuned in another way",
    async () => {
      const cell = ["--cell", `scratch:${TASK}:3`, "finetune.run.epochs=1"];
      const { stdout: anew } = await runStudy("ablate", study("whole", ...cell));
      assert.match(anew, /^anew {6}scratch-boxes-seed3: its recipe has changed since /m);
      assert.equal(readCells("whole")[NAMES[0]].updates, 1);
      const page = Deno.readTextFileSync(`${RUNS}/whole/quick/table.md`);
      assert.equal(page.match(/^\| Dice mean /gm)!.length, 1);
    },
  );
});

Deno.test("ablate runs a single cell, and names a damaged one", async () => {
  await runStudy("ablate", study("single", "--cell", `scratch:${TASK}:5`));
  assert.deepEqual(Object.keys(readCells("single")), ["scratch-boxes-seed5"]);
  Deno.writeTextFileSync(`${RUNS}/single/quick/scratch-boxes-seed5.json`, "{}");
  const { stderr } = await runStudy("ablate", study("single", "--cell", `scratch:${TASK}:5`), { code: 1 });
  assert.match(
    stderr,
    /^Cannot read .*scratch-boxes-seed5\.json: expected a cell, but .*remove it to compute it again$/ms,
  );
});

const WRONG: readonly { readonly args: readonly string[]; readonly message: RegExp }[] = [
  {
    args: ["run.epochs=3"],
    message: /^Cannot use run\.epochs=3: expected pretrain\.KEY=VALUE or finetune\.KEY=VALUE/m,
  },
  { args: ["pretrain.seed=3"], message: /^Cannot use pretrain\.seed in an ablation: expected --seeds$/m },
  { args: ["finetune.model=x"], message: /^Cannot use finetune\.model in an ablation: expected pretrain\.model/m },
  {
    args: ["pretrain.method.clWeight=0"],
    message: /^Cannot run an ablation: expected pretrain\.method\.clWeight above 0, got 0$/m,
  },
  { args: ["pretrain.nothing=1"], message: /nothing/m },
  {
    args: ["--tasks", "brats2023-ped"],
    message: /^Cannot use --task-datalist: expected one of the tasks brats2023-ped, got "boxes"$/m,
  },
  {
    args: ["--task-data", "other=x"],
    message: /^Cannot use --task-data: expected one of the tasks boxes, got "other"$/m,
  },
  { args: ["--task-data", "x"], message: /Expected TASK=PATH, got "x"/ },
  { args: ["--tasks", `${TASK},${TASK}`], message: /^Cannot use --tasks: expected every task once, got boxes again$/m },
  {
    args: ["--cell", "md:x:1"],
    message:
      /^Cannot use --cell: expected VARIANT:TASK:SEED with a variant of scratch, cmr, cmr\+md, cmr\+md\+cl, as in cmr\+md:phantom-tumour:2, got "md:x:1"$/m,
  },
  {
    args: ["--shard", "3/2"],
    message: /^Cannot use --shard: expected I\/N with I from 1 to N, as in 2\/4, got "3\/2"$/m,
  },
  { args: ["--shard", "1/2", "--cell", "cmr:x:1"], message: /^Cannot use --cell with --shard: expected one of them$/m },
  { args: ["--scale", "huge"], message: /huge/ },
  { args: ["--seeds", "1,x"], message: /Expected whole numbers from 0, as in 0,1,2, got "1,x"/ },
];

Deno.test("ablate says what is wrong before any work", async (t) => {
  for (const { args, message } of WRONG) {
    await t.step(args.join(" "), async () => {
      const { stderr } = await runStudy("ablate", study("wrong", ...args), { code: 2 });
      assert.match(stderr, message);
    });
  }
  await t.step("full scale without data", async () => {
    const { stderr } = await runStudy("ablate", ["--scale", "full", "--tasks", "brats2023-ped"], { code: 2 });
    assert.match(
      stderr,
      /^Cannot run an ablation at scale full: expected --data or --datalist with scans to pre-train on, got neither$/m,
    );
  });
  await t.step("a task without data", async () => {
    const { stderr } = await runStudy("ablate", ["--tasks", "brats2023-ped"], { code: 2 });
    assert.match(
      stderr,
      /^Cannot fine-tune on brats2023-ped: expected --task-data brats2023-ped=FOLDER or --task-datalist /m,
    );
  });
  assert.throws(() => Deno.statSync(`${RUNS}/wrong`), Deno.errors.NotFound);
});

Deno.test("takeShard() deals all cells, each once, and keeps those together that share a pre-training", () => {
  const tasks = [findTask("phantom-tumour"), findTask("phantom-class")];
  const cells = listCells({ seeds: [1, 2], tasks });
  assert.equal(cells.length, 16);
  assert.deepEqual(cells.slice(0, 3).map(cellName), [
    "scratch-phantom-tumour-seed1",
    "scratch-phantom-class-seed1",
    "cmr-phantom-tumour-seed1",
  ]);
  const shards = [1, 2, 3].map((index) => takeShard(cells, { index, count: 3 }));
  assert.deepEqual(shards.map(({ length }) => length), [6, 6, 4]);
  assert.deepEqual(new Set(shards.flat()), new Set(cells));
  for (const shard of shards) {
    for (const { variant, seed } of shard) {
      assert.equal(shard.filter((cell) => cell.variant === variant && cell.seed === seed).length, 2);
    }
  }
});

Deno.test("parseCell() takes the name or the file of a task, parseShard() counts from 1", () => {
  assert.deepEqual(parseCell("cmr+md:dir/my:task.yaml:2"), { variant: "cmr+md", task: "dir/my:task.yaml", seed: 2 });
  assert.deepEqual(parseShard("2/4"), { index: 2, count: 4 });
  for (const text of ["0/4", "5/4", "1", "1/x"]) assert.throws(() => parseShard(text), { name: "ConfigError" });
});

Deno.test("variantOptions() takes away the weights of the losses that a variant does without", () => {
  const options = recipeSchema.parse({ method: { mdWeight: 10, clWeight: 2, templateFillUntilEpoch: 300 } });
  const weights = (["cmr", "cmr+md", "cmr+md+cl"] as const).map((variant) => {
    const { seed, method: { cmrWeight, mdWeight, clWeight, templateFillUntilEpoch } } = variantOptions(options, {
      variant,
      seed: 7,
    });
    return [seed, cmrWeight, mdWeight, clWeight, templateFillUntilEpoch];
  });
  assert.deepEqual(weights, [[7, 1, 0, 0, -1], [7, 1, 10, 0, 300], [7, 1, 10, 2, 300]]);
});

Deno.test("segmentationMetrics() has a mean over regions where there are several, and null where HD95 is none", () => {
  const cases = [
    { subject: "a", regions: { x: { dice: 0.5, hd95Mm: 2 }, y: { dice: 1, hd95Mm: null } } },
    { subject: "b", regions: { x: { dice: 0.7, hd95Mm: 4 }, y: { dice: 0, hd95Mm: null } } },
  ];
  const regions = ["x", "y"].map((name, i) => ({ name, labels: [i + 1] }));
  const metrics = segmentationMetrics(cases, { regions });
  assert.deepEqual(metrics.map(({ name, region, values }) => [name, region, values]), [
    ["Dice", "mean", [0.75, 0.35]],
    ["Dice", "x", [0.5, 0.7]],
    ["Dice", "y", [1, 0]],
    ["HD95", "x", [2, 4]],
    ["HD95", "y", [null, null]],
  ]);
  assert.deepEqual([metrics[3].mean, metrics[3].low, metrics[3].high], [3, 2, 4]);
  assert.deepEqual([metrics[4].mean, metrics[4].low], [null, null]);
  assert.equal(segmentationMetrics(cases.slice(0, 1), { regions: regions.slice(0, 1) })[0].region, "x");
});

Deno.test("classificationMetrics() scores every subject, and AUC over all", () => {
  const cases = [
    { label: 1, probabilities: [0.25, 0.75] },
    { label: 0, probabilities: [0.5, 0.5] },
    { label: 0, probabilities: [0, 1] },
  ];
  const [accuracy, entropy, auc] = classificationMetrics(cases, 2);
  assert.deepEqual(accuracy.values, [1, 1, 0]);
  assert.deepEqual(entropy.values!.map((value) => value!.toFixed(3)), ["0.288", "0.693", "16.118"]);
  assert.deepEqual([auc.mean, auc.values], [0.5, null]);
});

Deno.test("ablate --help describes every option and file, and README.md shows what is accepted", async () => {
  const { stdout } = await runStudy("ablate", ["--help"]);
  const options = [
    "--scale",
    "--seeds",
    "--tasks",
    "--cell",
    "--shard",
    "--data",
    "--datalist",
    "--layout",
    "--task-data",
  ];
  const more = ["--task-datalist", "--task-classes", "--out", "--runs", "--machine", "--backend", "--threads"];
  for (const word of [...options, ...more, "VARIANT-TASK-seedN.json", "table.md"]) {
    assert.ok(stdout.includes(word), word);
  }
  const commands = readmeCommands("ablate");
  assert.ok(commands.length > 0);
  for (const command of commands) assert.equal(parseArguments(command).assignments.length, 0, command.join(" "));
});
