/** `deno task label-efficiency`: what it writes, that an interruption changes nothing, and what it says when it cannot. */
import assert from "node:assert/strict";
import { selectBackend } from "../../lib/tensor/mod.ts";
import { epochsForEqualUpdates } from "../../tasks/_label_efficiency.ts";
import type { ScoredCell } from "../../tasks/_label_efficiency.ts";
import { compareFractions } from "../../tasks/_label_efficiency_results.ts";
import { parseArguments } from "../../tasks/label_efficiency.ts";
import { encodeParameters, tinyParameters, TUMOUR } from "./_finetuned_run.ts";
import { prepareFolders, RUNS, SCANS, TASK } from "./_finetune_run.ts";
import { readCells, readJson, readmeCommands, runStudy } from "./_study_task.ts";

const WEIGHTS = `${SCANS}/pretrained.safetensors`;
const OPTIONS = ["cropSize=[16,16,16]", "run.epochs=4", "run.batchSize=2", "run.checkpointEvery=1", "loader.workers=0"];
const STUDY = ["--task", TASK, "--datalist", `${SCANS}/good.json`, "--weights", WEIGHTS, ...OPTIONS];
const SHARES = ["--fractions", "100,50", "--seeds", "3"];
const CELLS = [
  "100-percent-seed-3-from-scratch",
  "100-percent-seed-3-pre-trained",
  "50-percent-seed-3-from-scratch",
  "50-percent-seed-3-pre-trained",
];

prepareFolders();
Deno.test.beforeAll(async () => {
  await selectBackend("simd");
  Deno.writeFileSync(WEIGHTS, encodeParameters(tinyParameters(TUMOUR)));
});

Deno.test("label-efficiency compares both starts with every share of the labels", async (t) => {
  const out = `${RUNS}/whole`;
  const { stdout } = await runStudy("label-efficiency", [...STUDY, ...SHARES, "--out", out]);

  await t.step("and writes a cell for each", () => {
    const cells = readCells(out);
    assert.deepEqual([...cells.keys()], CELLS.map((name) => `${name}.json`));
    for (const [name, cell] of cells) {
      const { cases, training } = cell as { cases: { subject: string; regions: object }[]; training: string[] };
      assert.deepEqual(cases.map(({ subject }) => subject), ["held"]);
      assert.deepEqual(Object.keys(cases[0].regions), ["whole", "core"]);
      assert.equal(training.length, name.startsWith("50") ? 1 : 2);
    }
    const [first, second, third, fourth] = [...cells.values()].map(({ training }) => training);
    assert.deepEqual([first, third], [second, fourth]);
  });

  await t.step("whose runs keep their weights, of the last epoch", () => {
    const names = [...Deno.readDirSync(`${out}/finetuned/${CELLS[1]}`)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["metrics.jsonl", "run.json", "weights.safetensors"]);
    const { weights, options } = readJson(`${out}/finetuned/${CELLS[1]}/run.json`) as {
      weights: { file: string };
      options: { seed: number; run: { validateEvery: number } };
    };
    assert.equal(weights.file, WEIGHTS);
    assert.deepEqual([options.seed, options.run.validateEvery], [3, 4]);
    assert.equal((readJson(`${out}/finetuned/${CELLS[0]}/run.json`) as { weights?: unknown }).weights, undefined);
  });

  await t.step("and the results as numbers, curves and text", () => {
    const { results, seeds } = readJson(`${out}/results.json`) as { results: { region: string }[]; seeds: number[] };
    assert.deepEqual(results.map(({ region }) => region).filter((_, i) => i % 2 === 0), [
      "mean of regions",
      "whole",
      "core",
    ]);
    assert.deepEqual(seeds, [3]);
    const svg = Deno.readTextFileSync(`${out}/label-efficiency.svg`);
    assert.match(svg, /^<svg xmlns=/);
    assert.equal(svg.match(/<svg /g)?.length, 4);
    assert.doesNotMatch(svg, /var\(|<style/);
    const table = stdout.split("\n").filter((line) => line.startsWith("|")).join("\n");
    assert.equal(table.split("\n").length, 2 + 6);
    assert.ok(Deno.readTextFileSync(`${out}/summary.md`).includes(table));
  });

  await t.step("the same, however often it was interrupted", async () => {
    const other = `${RUNS}/interrupted`;
    const args = [...STUDY, ...SHARES, "--out", other];
    const first = await runStudy("label-efficiency", args, { code: 130, interruptAt: "cell 1/4" });
    assert.match(first.stderr, /^stopping: saving the run under way; once more to stop at once$/m);
    assert.match(first.stdout, /^interrupted with \d of 4 cells done; go on with the same command and --out /m);
    assert.ok(readCells(other).size < 4);
    await runStudy("label-efficiency", args);
    assert.deepEqual(readCells(other), readCells(out));
    assert.deepEqual(readJson(`${other}/results.json`), readJson(`${out}/results.json`));
  });

  await t.step("and does nothing over again that is done", async () => {
    const before = Deno.statSync(`${out}/cells/${CELLS[0]}.json`).mtime;
    const cells = readCells(out);
    Deno.removeSync(`${out}/cells/${CELLS[1]}.json`);
    const again = await runStudy("label-efficiency", [...STUDY, ...SHARES, "--out", out]);
    assert.match(again.stdout, /4 cells, 3 done before$/m);
    assert.deepEqual(Deno.statSync(`${out}/cells/${CELLS[0]}.json`).mtime, before);
    assert.deepEqual(readCells(out), cells);
  });

  await t.step("but not with other settings in the same folder", async () => {
    const others = [...STUDY, "--fractions", "50", "--seeds", "3", "--out", out];
    const { stderr } = await runStudy("label-efficiency", others, { code: 2 });
    assert.match(
      stderr,
      /expected the fractions that it was started with, \[50,100\], got \[50\]; choose another --out$/m,
    );
    const changed = [...STUDY, ...SHARES, "--out", out, "optimizer.learningRate=1e-3"];
    const { stderr: option } = await runStudy("label-efficiency", changed, { code: 2 });
    assert.match(option, /expected the optimizer\.learningRate that it was started with/);
    const run = `${out}/finetuned/${CELLS[0]}`;
    const { stderr: place } = await runStudy("label-efficiency", [...STUDY, ...SHARES, "--out", run], { code: 2 });
    assert.equal(
      place.trimEnd().split("\n").at(-1),
      `Cannot go on in ${run}: expected a label-efficiency study or a new folder, got another run's`,
    );
  });
});

Deno.test("label-efficiency refuses what it cannot study, before any work", async () => {
  const fails = async (args: readonly string[], message: RegExp): Promise<void> => {
    const { stderr } = await runStudy("label-efficiency", [...args, "--out", `${RUNS}/none`], { code: 2 });
    assert.match(stderr, message);
  };
  await fails(["--fractions", "0,20"], /Expected numbers above 0 up to 100, as in 20,100, got "0,20"/);
  await fails(["--seeds", "1.5"], /Expected whole numbers from 0, as in 0,1,2, got "1\.5"/);
  await fails(["--task", "phantom-class"], /expected a segmentation task, got a classification$/m);
  await fails([...STUDY, "seed=4"], /^Cannot use seed in this study: expected --seeds$/m);
  await fails([...STUDY, "labelFraction=0.5"], /^Cannot use labelFraction in this study: expected --fractions$/m);
  await fails([...STUDY, "run.validateEvery=1"], /expected the weights of the last epoch/);
  await fails([...STUDY, "run.epoch=1"], /run\.epoch/);
  await fails(["fast", ...STUDY], /^Cannot find recipe: expected one of quick, /m);
  assert.throws(() => Deno.statSync(`${RUNS}/none`), Deno.errors.NotFound);
});

Deno.test("epochsForEqualUpdates() gives fewer subjects as many updates, to within an epoch", () => {
  const run = { epochs: 30, batchSize: 2 };
  assert.equal(epochsForEqualUpdates(run, { all: 24, kept: 24 }), 30);
  // 12 batches an epoch, 360 updates; 3 batches an epoch.
  assert.equal(epochsForEqualUpdates(run, { all: 24, kept: 5 }), 120);
  // 360 updates of 7 batches an epoch: 51.4 epochs.
  assert.equal(epochsForEqualUpdates(run, { all: 24, kept: 14 }), 52);
});

Deno.test("parseArguments() sorts shares and takes a recipe before options", () => {
  const { fractions, seeds, recipe, assignments } = parseArguments(["official", "a=1", "--fractions", "100,20,20"]);
  assert.deepEqual([fractions, seeds, recipe, assignments], [[20, 100], [0, 1, 2], "official", ["a=1"]]);
  assert.deepEqual(parseArguments([]).fractions, [20, 40, 60, 80, 100]);
  assert.equal(parseArguments([]).equal, "updates");
});

Deno.test("label-efficiency --help describes every option and file, and README.md shows what is accepted", async () => {
  const { stdout } = await runStudy("label-efficiency", ["--help"]);
  const options = [
    "--task",
    "--fractions",
    "--seeds",
    "--equal",
    "--weights",
    "--data",
    "--datalist",
    "--config",
    "--out",
  ];
  const files = ["cells/*.json", "finetuned/", "results.json", "label-efficiency.svg", "summary.md"];
  for (const word of [...options, "--backend", "--threads", ...files]) assert.ok(stdout.includes(word), word);
  const commands = readmeCommands("label-efficiency");
  assert.ok(commands.length > 0);
  for (const command of commands) assert.equal(parseArguments(command).assignments.length, 0, command.join(" "));
});

/** A cell whose cases have these Dice scores in one region. */
function cell(fraction: number, seed: number, start: ScoredCell["start"], scores: readonly number[]): ScoredCell {
  const cases = scores.map((dice, i) => ({ subject: `s${i}`, regions: { tumour: { dice } } }));
  return { name: "", fraction, seed, start, cases };
}

Deno.test("compareFractions() averages seeds case by case before it compares cases", () => {
  const cells = [
    cell(20, 0, "pre-trained", [0.5, 0.7, 0.9]),
    cell(20, 1, "pre-trained", [0.7, 0.9, 0.7]),
    cell(20, 0, "from scratch", [0.3, 0.5, 0.5]),
    cell(20, 1, "from scratch", [0.5, 0.5, 0.7]),
    cell(100, 0, "pre-trained", [0.5, 0.5, 0.5]),
    cell(100, 1, "pre-trained", [0.5, 0.5, 0.5]),
    cell(100, 0, "from scratch", [0.5, 0.5, 0.5]),
    cell(100, 1, "from scratch", [0.5, 0.5, 0.5]),
  ];
  const [few, all] = compareFractions("tumour", { cells, about: { subjectsOf: (fraction) => fraction / 20 } });
  const close = (got: number, expected: number): void => assert.ok(Math.abs(got - expected) < 1e-12, String(got));
  assert.deepEqual([few.fraction, few.trainingSubjects, all.fraction], [20, 1, 100]);
  // Cases 0.6, 0.8, 0.8 against 0.4, 0.5, 0.6.
  close(few.starts["pre-trained"].mean, 2.2 / 3);
  close(few.starts["from scratch"].mean, 0.5);
  close(few.starts["pre-trained"].seedMeans[0], 0.7);
  close(few.difference.mean, 0.7 / 3);
  assert.equal(few.difference.count, 3);
  // All three signs alike: 2 of 8; the other fraction has no difference.
  close(few.pValue, 0.25);
  close(few.correctedPValue, 0.5);
  assert.equal(all.pValue, 1);
});
