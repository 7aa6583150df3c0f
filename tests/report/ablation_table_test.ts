import assert from "node:assert/strict";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { formatAblationPairs, formatAblationTable, scoreTitle, summarizeAblation } from "../../lib/report/mod.ts";
import { cell } from "./_ablation_cells.ts";

const CELLS = [
  cell({ variant: "scratch", seed: 1, values: [0.2, 0.4] }),
  cell({ variant: "cmr", seed: 1, values: [0.3, 0.5] }),
  cell({ variant: "cmr", seed: 2, values: [0.5, 0.9] }),
  cell({ variant: "cmr+md", seed: 1, values: [0.6, 0.8] }),
];

function rowsOf(table: string): string[][] {
  return table.trimEnd().split("\n").map((line) => line.split("|").slice(1, -1).map((text) => text.trim()));
}

Deno.test("formatAblationTable() has a row per score and variant; a dash where there is nothing to compare", () => {
  const rows = rowsOf(formatAblationTable(summarizeAblation(CELLS, STUDY_STATISTICS)));
  const [header, , scratch, cmr, , auc] = rows;
  assert.equal(rows.length, 2 + 6);
  assert.deepEqual(header.slice(0, 6), ["score", "variant", "seeds", "mean", "95 % interval", "by seed"]);
  assert.deepEqual(scratch.slice(0, 4), ["Dice WT", "scratch", "1", "0.300"]);
  assert.deepEqual(scratch.slice(6), ["–", "–", "–", "–", "–", "–"]);
  assert.deepEqual([cmr[1], cmr[2], cmr[3], cmr[5], cmr[6], cmr[9]], [
    "CMR",
    "1, 2",
    "0.550",
    "0.400, 0.700",
    "+0.100",
    "+0.100",
  ]);
  assert.deepEqual([auc[0], auc[3], auc[4]], ["AUC", "0.500", "–"]);
});

Deno.test("scoreTitle() names region and unit, and keeps a table's columns apart", () => {
  assert.equal(scoreTitle({ name: "HD95", region: "WT", unit: "mm" }), "HD95 WT (mm)");
  assert.equal(scoreTitle({ name: "Dice", region: "a|b", unit: null }), "Dice a\\|b");
});

Deno.test("formatAblationPairs() averages pairs and seeds of every pre-training", () => {
  const rows = rowsOf(formatAblationPairs(CELLS)).slice(2);
  assert.deepEqual(rows.map((row) => row.slice(0, 3)), [
    ["CMR", "another sequence", "1"],
    ["CMR + MD", "another sequence", "1"],
    ["CMR + MD", "the template", "1"],
  ]);
  // 14 + seed, of seeds 1 and 2.
  assert.match(rows[0][3], /^15\.50/);
  assert.match(rows[0][4], /^15\.00\D*, 16\.00/);
  assert.equal(formatAblationPairs(CELLS.slice(0, 1)), "No pre-training has been scored yet.");
});
