import assert from "node:assert/strict";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { type AblationScore, summarizeAblation } from "../../lib/report/mod.ts";
import type { AblationCell } from "../../lib/results.ts";
import { ablationCell } from "./_ablation_cells.ts";

function summarize(cells: readonly AblationCell[]): AblationScore[] {
  return summarizeAblation(cells, STUDY_STATISTICS);
}

function close(got: number, expected: number): void {
  assert.ok(Math.abs(got - expected) < 1e-12, `expected ${expected}, got ${got}`);
}

const CELLS = [
  ablationCell("cmr", 2, [0.6, 0.7, 0.8]),
  ablationCell("scratch", 1, [0.2, 0.3, 0.4]),
  ablationCell("cmr", 1, [0.4, 0.5, 0.6]),
  ablationCell("scratch", 2, [0.4, 0.5, 0.6]),
  ablationCell("cmr+md", 2, [0.7, 0.9, 1]),
];

Deno.test("summarizeAblation() averages a subject over seeds before anything else, variants and seeds in order", () => {
  const [score, ...others] = summarize(CELLS);
  assert.equal(others.length, 0);
  assert.deepEqual([score.task, score.name, score.region], ["boxes", "Dice", "whole"]);
  assert.deepEqual(score.rows.map(({ variant }) => variant), ["scratch", "cmr", "cmr+md"]);
  const [scratch, cmr, md] = score.rows;
  assert.deepEqual([scratch.seeds, cmr.seeds, md.seeds], [[1, 2], [1, 2], [2]]);
  close(scratch.mean, 0.4);
  close(cmr.mean, 0.6);
  assert.deepEqual(cmr.seedMeans.map((value) => value.toFixed(3)), ["0.500", "0.700"]);
  assert.equal(cmr.subjects, 3);
  // Subjects of cmr are 0.5, 0.6, 0.7: no resample leaves these ends.
  assert.ok(cmr.low >= 0.5 - 1e-12 && cmr.low < 0.6 && cmr.high > 0.6 && cmr.high <= 0.7 + 1e-12);
});

Deno.test("summarizeAblation() compares with the variant before and with scratch, subject by subject, over shared seeds", () => {
  const [{ rows: [scratch, cmr, md] }] = summarize(CELLS);
  assert.equal(scratch.overPrevious, null);
  assert.equal(scratch.overScratch, null);
  assert.deepEqual(cmr.overPrevious, cmr.overScratch);
  close(cmr.overScratch!.mean, 0.2);
  close(cmr.overScratch!.bySeed[0], 0.2);
  // Three equal differences: both ends are theirs; all signs alike: 2 of 8.
  close(cmr.overScratch!.low, 0.2);
  close(cmr.overScratch!.pValue, 0.25);
  assert.deepEqual([md.overPrevious!.against, md.overPrevious!.seeds], ["cmr", [2]]);
  close(md.overPrevious!.mean, 0.5 / 3);
  close(md.overScratch!.mean, 1.1 / 3);
  // Three different tests at 0.25 each; the one of cmr counts once.
  for (const { correctedPValue } of [cmr.overScratch!, md.overPrevious!, md.overScratch!]) close(correctedPValue, 0.75);
});

Deno.test("summarizeAblation() takes the variant that is there as the one before, and none where no seed is shared", () => {
  const cells = [ablationCell("scratch", 1, [0, 0, 0]), ablationCell("cmr+md+cl", 2, [1, 1, 1])];
  const [{ rows }] = summarize(cells);
  assert.deepEqual(rows.map(({ overPrevious, overScratch }) => [overPrevious, overScratch]), [[null, null], [
    null,
    null,
  ]]);
  const [{ rows: [, all] }] = summarize([...cells, ablationCell("scratch", 2, [0, 0.5, 1])]);
  assert.equal(all.overPrevious!.against, "scratch");
  close(all.overPrevious!.mean, 0.5);
});

Deno.test("summarizeAblation() leaves out a subject that is undefined in a seed", () => {
  const [{ rows: [scratch, cmr] }] = summarize([
    ablationCell("scratch", 1, [1, null, 3]),
    ablationCell("scratch", 2, [3, 5, 7]),
    ablationCell("cmr", 1, [3, 1, 5]),
    ablationCell("cmr", 2, [5, 1, 9]),
  ]);
  close(scratch.mean, (2 + 5) / 2);
  assert.equal(scratch.subjects, 2);
  assert.equal(cmr.subjects, 3);
  close(cmr.overScratch!.mean, 2);
});

Deno.test("summarizeAblation() gives a score of all subjects together its mean and nothing else", () => {
  const auc = (seed: number, mean: number): AblationCell =>
    ablationCell("scratch", seed, null, { score: { name: "AUC", region: null, mean } });
  const [{ rows: [row] }] = summarize([auc(1, 0.5), auc(2, 1)]);
  close(row.mean, 0.75);
  assert.deepEqual([row.seedMeans, row.subjects, row.overScratch], [[0.5, 1], 0, null]);
  assert.ok(Number.isNaN(row.low) && Number.isNaN(row.high));
});

Deno.test("summarizeAblation() keeps tasks apart", () => {
  const other = { task: "other", subjects: ["x"] };
  const scores = summarize([ablationCell("scratch", 1, [1, 1, 1]), ablationCell("scratch", 1, [0], other)]);
  assert.deepEqual(scores.map(({ task, rows }) => [task, rows[0].mean]), [["boxes", 1], ["other", 0]]);
  assert.deepEqual(summarize([]), []);
});

for (
  const [changes, expected] of [
    [{ scale: "full" }, "the same scale in all cells"],
    [{ finetuneHash: "another" }, "the same fine-tuning in all cells of boxes"],
    [{ subjects: ["a", "b", "d"] }, "the same held-out subjects in all cells of boxes"],
    [{ score: { name: "HD95" } }, "the same scores in all cells of boxes"],
    [{ recipeHash: "another" }, "the same recipe in all cells of cmr on boxes"],
    [{ dataHash: "another" }, "the same data in all cells of cmr on boxes"],
    [{ seed: 1 }, "every cell once"],
  ] as const
) {
  Deno.test(`summarizeAblation() refuses cells without ${expected}`, () => {
    const seed = "seed" in changes ? changes.seed : 2;
    const cells = [ablationCell("cmr", 1, [1, 1, 1]), ablationCell("cmr", seed, [1, 1, 1], changes)];
    assert.throws(() => summarize(cells), {
      name: "RangeError",
      message: `Cannot summarise an ablation: expected ${expected}, got cmr-boxes-seed${seed}`,
    });
  });
}
