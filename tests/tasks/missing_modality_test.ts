/** `deno task missing-modality`: what it writes, that an interruption changes nothing, and what it says when it cannot. */
import assert from "node:assert/strict";
import { selectBackend } from "../../lib/tensor/mod.ts";
import { listSubsets, type ScoredSubset } from "../../tasks/_missing_modality.ts";
import { compareSubsets } from "../../tasks/_missing_modality_results.ts";
import { parseArguments } from "../../tasks/missing_modality.ts";
import { CLASSES, encodeConstantTemplates, TUMOUR, writeFinetuned } from "./_finetuned_run.ts";
import { prepareFolders, RUNS, SCANS } from "./_finetune_run.ts";
import { readCells, readJson, readmeCommands, runStudy } from "./_study_task.ts";

const RUN = `${RUNS}/tumour`;
const HELD_OUT = ["a", "b", "held"];
const CELLS = ["t1-template", "t1-zero", "t2+t1", "t2-template", "t2-zero"];

prepareFolders();
Deno.test.beforeAll(async () => {
  await selectBackend("simd");
  writeFinetuned(RUN, { run: { data: heldOut(HELD_OUT) }, templates: encodeConstantTemplates({ t1: 0.5, t2: 0.25 }) });
});

/** Subjects that a run held out. */
function heldOut(ids: readonly string[], { isLabelled = true }: { isLabelled?: boolean } = {}): object {
  const validation = ids.map((id) => ({
    id,
    images: ["t1", "t2"].map((modality) => ({ modality, file: `good/${id}_${modality}.nii` })),
    ...(isLabelled ? { label: `good/${id}_seg.nii` } : {}),
  }));
  return { root: SCANS, validation };
}

Deno.test("missing-modality scores every choice of sequences with both kinds of filling", async (t) => {
  const out = `${RUNS}/whole`;
  const { stdout } = await runStudy("missing-modality", ["--run", RUN, "--out", out]);

  await t.step("in one cell each", () => {
    const cells = readCells(out);
    assert.deepEqual([...cells.keys()], CELLS.map((name) => `${name}.json`));
    for (const { cases } of cells.values()) {
      assert.deepEqual((cases as { subject: string }[]).map(({ subject }) => subject), HELD_OUT);
    }
    // What fills makes a difference.
    assert.notDeepEqual(cells.get("t1-zero.json")?.cases, cells.get("t1-template.json")?.cases);
  });

  await t.step("and the results as numbers, bars and text", () => {
    const { results } = readJson(`${out}/results.json`) as {
      results: { region: string; present: string[]; comparison: object | null }[];
    };
    assert.equal(results.length, 3 * 3);
    assert.deepEqual(results.slice(0, 3).map(({ present }) => present.join(" ")), ["t2 t1", "t2", "t1"]);
    assert.deepEqual(results.slice(0, 3).map(({ comparison }) => comparison === null), [true, false, false]);
    assert.equal(Deno.readTextFileSync(`${out}/missing-modality.svg`).match(/<svg /g)?.length, 4);
    const table = stdout.split("\n").filter((line) => line.startsWith("|")).join("\n");
    assert.equal(table.split("\n").length, 2 + 9);
    assert.ok(Deno.readTextFileSync(`${out}/summary.md`).includes(table));
  });

  await t.step("the same, however often it was interrupted", async () => {
    const other = `${RUNS}/interrupted`;
    const args = ["--run", RUN, "--out", other];
    const first = await runStudy("missing-modality", args, { code: 130, interruptAt: "cell 1/5" });
    assert.match(first.stdout, /^interrupted with \d of 5 cells done; go on with the same command and --out /m);
    await runStudy("missing-modality", args);
    assert.deepEqual(readCells(other), readCells(out));
    assert.deepEqual(readJson(`${other}/results.json`), readJson(`${out}/results.json`));
    const again = await runStudy("missing-modality", args);
    assert.match(again.stdout, /5 cells, 5 done before$/m);
  });

  await t.step("but not of another network in the same folder", async () => {
    const other = `${RUNS}/other`;
    writeFinetuned(other, {
      run: { data: heldOut(["a"]) },
      templates: encodeConstantTemplates({ t1: 0.5, t2: 0.25 }),
    });
    const { stderr } = await runStudy("missing-modality", ["--run", other, "--out", out], { code: 2 });
    assert.match(stderr, /^Cannot go on in .*: expected the data that it was started with, "[0-9a-f]{64}", got /m);
  });
});

Deno.test("missing-modality refuses what it cannot study, before any work", async () => {
  const fails = async (args: readonly string[], message: string, code = 2): Promise<void> => {
    const { stderr } = await runStudy("missing-modality", [...args, "--out", `${RUNS}/none`], { code });
    assert.equal(stderr.trimEnd().split("\n").at(-1), message);
  };
  await fails([], "error: required option '--run <folder>' not specified");
  writeFinetuned(`${RUNS}/classes`, { task: CLASSES });
  await fails(
    ["--run", `${RUNS}/classes`],
    "Cannot study tiny-class: expected a segmentation task, got a classification",
  );
  writeFinetuned(`${RUNS}/single`, { task: { ...TUMOUR, modalities: ["t1"] } });
  await fails(["--run", `${RUNS}/single`], "Cannot study tiny-tumour: expected at least 2 sequences, got t1");
  writeFinetuned(`${RUNS}/bare`, { run: { data: heldOut(["a"]) } });
  await fails(
    ["--run", `${RUNS}/bare`],
    `Cannot study ${RUNS}/bare: expected --templates RUN|FILE, as there are none in ${RUNS}/bare, which started from ` +
      "scratch",
  );
  writeFinetuned(`${RUNS}/half`, { run: { data: heldOut(["a"]) }, templates: encodeConstantTemplates({ t1: 1 }) });
  await fails(
    ["--run", `${RUNS}/half`],
    `Cannot use templates of ${RUNS}/half/templates.safetensors: expected t2, t1, got none of t2`,
  );
  writeFinetuned(`${RUNS}/unlabelled`, {
    run: { data: heldOut(["a", "b"], { isLabelled: false }) },
    templates: encodeConstantTemplates({ t1: 0.5, t2: 0.25 }),
  });
  await fails(
    ["--run", `${RUNS}/unlabelled`],
    "Cannot study missing sequences: expected a label for each of 2 subjects, got none for 2, such as a",
    1,
  );
  assert.throws(() => Deno.statSync(`${RUNS}/none`), Deno.errors.NotFound);
});

Deno.test("missing-modality --help describes every option and file, and README.md shows what is accepted", async () => {
  const { stdout } = await runStudy("missing-modality", ["--help"]);
  const options = ["--run", "--data", "--datalist", "--split", "--templates", "--out", "--backend", "--threads"];
  const files = ["cells/*.json", "results.json", "missing-modality.svg", "summary.md"];
  for (const word of [...options, ...files]) assert.ok(stdout.includes(word), word);
  const commands = readmeCommands("missing-modality");
  assert.ok(commands.length > 0);
  for (const command of commands) assert.ok(parseArguments(command).run.startsWith("runs/"), command.join(" "));
});

Deno.test("listSubsets() lists every non-empty subset, the largest first, filled both ways", () => {
  const names = listSubsets(["a", "b", "c"]).map(({ name }) => name);
  assert.deepEqual(names, [
    "a+b+c",
    ...["a+b", "a+c", "b+c", "a", "b", "c"].flatMap((subset) => [`${subset}-zero`, `${subset}-template`]),
  ]);
  assert.equal(listSubsets(["a", "b", "c", "d"]).length, 1 + 2 * 14);
});

Deno.test("compareSubsets() compares templates with zeros, corrected for the number of subsets", () => {
  const scored = (present: string[], fill: ScoredSubset["fill"], scores: number[]): ScoredSubset => ({
    name: "",
    present,
    fill,
    cases: scores.map((dice, i) => ({ subject: `s${i}`, regions: { core: { dice }, whole: { dice: 1 } } })),
  });
  const cells = [
    scored(["a", "b"], null, [0.9, 0.8, 0.7, 0.6]),
    scored(["a"], "zero", [0.1, 0.2, 0.3, 0.4]),
    scored(["a"], "template", [0.2, 0.4, 0.6, 0.8]),
    scored(["b"], "zero", [0.5, 0.5, 0.5, 0.5]),
    scored(["b"], "template", [0.5, 0.5, 0.5, 0.5]),
  ];
  const [all, a, b] = compareSubsets("core", cells);
  assert.equal(all.comparison, null);
  assert.ok(Math.abs(all.zero.mean - 0.75) < 1e-12 && all.zero.mean === all.template.mean);
  assert.ok(Math.abs(a.comparison!.difference.mean - 0.25) < 1e-12);
  // Four signs alike: 2 of 16, twice for two subsets.
  assert.deepEqual([a.comparison!.pValue, a.comparison!.correctedPValue], [0.125, 0.25]);
  assert.equal(b.comparison!.pValue, 1);
  // The mean over regions halves what one of two regions gains.
  const [, mean] = compareSubsets("mean of regions", cells);
  assert.ok(Math.abs(mean.comparison!.difference.mean - 0.125) < 1e-12);
});
