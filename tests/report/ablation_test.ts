import assert from "node:assert/strict";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { summarizeAblation } from "../../lib/report/mod.ts";
import { cell } from "./_ablation_cells.ts";

const CELLS = [
  cell({ variant: "cmr", seed: 2, values: [0.5, 0.9] }),
  cell({ variant: "scratch", seed: 1, values: [0.2, 0.4] }),
  cell({ variant: "cmr", seed: 1, values: [0.3, 0.5] }),
  cell({ variant: "cmr+md", seed: 1, values: [0.6, null] }),
];

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `expected ${expected}, got ${actual}`);
}

Deno.test("summarizeAblation() averages seeds within subjects, variants in their order", () => {
  const [dice, auc] = summarizeAblation(CELLS, STUDY_STATISTICS);
  assert.deepEqual([dice.name, dice.region, dice.task, auc.name], ["Dice", "WT", "tumour", "AUC"]);
  assert.deepEqual(dice.rows.map(({ variant }) => variant), ["scratch", "cmr", "cmr+md"]);
  const [scratch, cmr, distilled] = dice.rows;
  assert.deepEqual([scratch.seeds, cmr.seeds], [[1], [1, 2]]);
  close(cmr.mean, (0.4 + 0.7) / 2);
  cmr.seedMeans.forEach((mean, i) => close(mean, [0.4, 0.7][i]));
  assert.equal(cmr.subjects, 2);
  // A subject without a value is left out.
  assert.deepEqual([distilled.mean, distilled.subjects], [0.6, 1]);
});

Deno.test("summarizeAblation() compares with the variant before and with scratch on the seeds that both have", () => {
  const [{ rows: [scratch, cmr, distilled] }] = summarizeAblation(CELLS, STUDY_STATISTICS);
  assert.deepEqual([scratch.overPrevious, scratch.overScratch], [null, null]);
  // Seed 2 of CMR has no partner: 0.3 − 0.2 and 0.5 − 0.4.
  assert.deepEqual([cmr.overScratch!.against, cmr.overScratch!.seeds], ["scratch", [1]]);
  close(cmr.overScratch!.mean, 0.1);
  close(cmr.overScratch!.bySeed[0], 0.1);
  assert.deepEqual(cmr.overPrevious, cmr.overScratch);
  assert.deepEqual([distilled.overPrevious!.against, distilled.overScratch!.against], ["cmr", "scratch"]);
  close(distilled.overPrevious!.mean, 0.3);
  close(distilled.overScratch!.mean, 0.4);
});

Deno.test("summarizeAblation() corrects all comparisons of a score together, the repeated one once", () => {
  const seen: number[][] = [];
  const statistics = { ...STUDY_STATISTICS, correct: (p: readonly number[]) => (seen.push([...p]), p.map(() => 0.75)) };
  const [{ rows }] = summarizeAblation(CELLS, statistics);
  assert.deepEqual(seen.map((tests) => tests.length), [3, 0]);
  assert.equal(rows[1].overScratch!.correctedPValue, 0.75);
});

Deno.test("summarizeAblation() gives a score of all subjects together neither interval nor difference", () => {
  const [, { rows }] = summarizeAblation(CELLS, STUDY_STATISTICS);
  assert.deepEqual(
    rows.map(({ mean, low, overScratch }) => [mean, low, overScratch]),
    rows.map(() => [0.5, NaN, null]),
  );
});

Deno.test("summarizeAblation() refuses cells that cannot be compared", () => {
  const [first, , ...rest] = CELLS;
  const refused: [object, string][] = [
    [{ scale: "full" }, "the same scale in all cells"],
    [{ subjects: ["a", "c"] }, "the same held-out subjects in all cells of tumour"],
    [{ recipeHash: "other" }, "the same recipe in all cells of cmr on tumour"],
    [{ dataHash: "other" }, "the same data in all cells of cmr on tumour"],
    [{ seed: 2 }, "every cell once"],
  ];
  for (const [change, expected] of refused) {
    const changed = { ...rest[0], ...change };
    assert.throws(() => summarizeAblation([first, changed], STUDY_STATISTICS), {
      name: "RangeError",
      message: `Cannot summarise an ablation: expected ${expected}, got cmr-tumour-seed${changed.seed}`,
    });
  }
});
