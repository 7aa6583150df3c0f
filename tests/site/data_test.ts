/** Readers of result files: by hand-made files, and what they say of damaged ones. */
import assert from "node:assert/strict";
import {
  parseRecords,
  readAblations,
  readDownstream,
  readLabelEfficiency,
  readMissingModality,
} from "../../site/mod.ts";
import { PAPER_CLASSIFICATION, PAPER_SEGMENTATION } from "../../site/data/paper.ts";
import { TASKS } from "../../recipes/tasks/mod.ts";
import { ablationCell, evaluationSummary, labelEfficiencyResults, missingModalityResults } from "./_built_site.ts";

function file(content: unknown, path = "results/a.json"): { path: string; text: string } {
  return { path, text: typeof content === "string" ? content : JSON.stringify(content) };
}

Deno.test("readAblations() summarises the cells of each scale apart", () => {
  const cells = [
    ablationCell({ variant: "cmr", seed: 1, dice: 0.75 }),
    ablationCell({ variant: "scratch", seed: 0, dice: 0.5 }),
    ablationCell({ variant: "cmr", seed: 0, dice: 0.625, date: "2026-02-01" }),
    ablationCell({ scale: "full" }),
  ];
  const [quick, full] = readAblations(cells.map((cell, i) => file(cell, `${i}.json`)));
  assert.deepEqual([quick.scale, quick.cells, quick.seeds, quick.dates], ["quick", 3, [0, 1], [
    "2026-01-31",
    "2026-02-01",
  ]]);
  assert.deepEqual(full.scores[0].rows.map(({ variant }) => variant), ["scratch"]);
  const [scratch, cmr] = quick.scores[0].rows;
  assert.equal(scratch.mean, 0.5);
  assert.deepEqual(cmr.seedMeans, [0.625, 0.75]);
  assert.equal(cmr.mean, 0.6875);
  assert.deepEqual(quick.tasks, [{
    task: "phantom-tumour",
    heldOut: 3,
    trainingSubjects: 24,
    updates: 360,
    pretraining: { updates: 1800, trainingSubjects: 60, pairs: [] },
  }]);
  assert.deepEqual(readAblations([]), []);
});

Deno.test("readAblations() names the scale of cells that do not belong together", () => {
  const cells = [ablationCell(), ablationCell({ seed: 1, recipeHash: "another" })];
  assert.throws(() => readAblations(cells.map((cell) => file(cell))), {
    name: "RangeError",
    message: /^Cannot show results\/ablation\/quick: Cannot summarise an ablation: expected the same recipe/,
  });
});

Deno.test("readLabelEfficiency() and readMissingModality() keep what pages show", () => {
  const few = readLabelEfficiency(file(labelEfficiencyResults()));
  assert.deepEqual(few.results.map(({ fraction }) => fraction), [20, 100]);
  assert.equal(few.results[0].starts["pre-trained"].mean, 0.625);
  const missing = readMissingModality(file(missingModalityResults()));
  assert.deepEqual(missing.results.map(({ comparison }) => comparison?.difference.mean), [undefined, 0.125]);
});

Deno.test("readDownstream() takes the mean over regions as the official code counts it, and accuracy", () => {
  const { task, cases, score } = readDownstream(file(evaluationSummary()));
  assert.deepEqual([task, cases, score.mean], ["brats2023-ped", 3, 0.625]);
  const scores = [{ name: "accuracy", value: 0.75, low: null, high: null }];
  const classes = readDownstream(file({ kind: "classification", task: "adni", cases: 4, scores }));
  assert.deepEqual(classes.score, { mean: 0.75, low: NaN, high: NaN });
  assert.throws(
    () =>
      readDownstream(file({ kind: "classification", task: "adni", cases: 4, scores: [{ ...scores[0], name: "auc" }] })),
    {
      name: "SyntaxError",
      message: 'Cannot read results/a.json: expected a score "accuracy", got none',
    },
  );
});

Deno.test("readers of results name a damaged file, and what is wrong with another one", () => {
  const readers = [
    [(f) => readAblations([f]), "a cell of an ablation"],
    [readLabelEfficiency, "results.json of a label-efficiency study"],
    [readMissingModality, "results.json of a missing-modality study"],
    [readDownstream, "summary.json of an evaluation"],
  ] as const satisfies readonly (readonly [(f: { path: string; text: string }) => unknown, string])[];
  for (const [read, what] of readers) {
    assert.throws(() => read(file('{"kind": "abl')), {
      name: "SyntaxError",
      message: "Cannot read results/a.json: expected JSON, got a damaged or unfinished file",
    });
    assert.throws(() => read(file({ kind: "pie" })), (error: Error) => {
      assert(
        error.message.startsWith(`Cannot read results/a.json: expected ${what}, got another content\n`),
        error.message,
      );
      return true;
    });
  }
});

Deno.test("parseRecords() leaves out the line that a killed process was writing, and names another damaged one", () => {
  assert.deepEqual(parseRecords({ path: "a", text: '{"step":1}\n{"step":2}\n{"st' }), [{ step: 1 }, { step: 2 }]);
  assert.deepEqual(parseRecords({ path: "a", text: "" }), []);
  assert.throws(() => parseRecords({ path: "runs/a/metrics.jsonl", text: '{"step":1}\n{"st\n' }), {
    name: "SyntaxError",
    message: 'Cannot read runs/a/metrics.jsonl: expected JSON in line 2, got "{"st"',
  });
});

Deno.test("the paper's tasks are tasks of this toolkit, and its method is ahead in each", () => {
  for (const { task, brainmvp, other } of [...PAPER_SEGMENTATION, ...PAPER_CLASSIFICATION]) {
    assert(task in TASKS, task);
    assert(brainmvp > other.value, task);
  }
});
