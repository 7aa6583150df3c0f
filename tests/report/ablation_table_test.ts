import assert from "node:assert/strict";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { formatAblationPairs, formatAblationTable, scoreTitle, summarizeAblation } from "../../lib/report/mod.ts";
import { ablationCell } from "./_ablation_cells.ts";

function cellsOf(table: string): string[][] {
  return table.split("\n").filter((_, i) => i !== 1).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

Deno.test("formatAblationTable() says who is compared with whom, and a dash where there is nothing to say", () => {
  const scores = summarizeAblation([
    ablationCell("scratch", 1, [0.2, 0.3, 0.4]),
    ablationCell("scratch", 2, [0.4, 0.5, 0.6]),
    ablationCell("cmr", 1, [0.4, 0.5, 0.6]),
    ablationCell("cmr", 2, [0.6, 0.7, 0.8]),
  ], STUDY_STATISTICS);
  const [header, scratch, cmr] = cellsOf(formatAblationTable(scores));
  assert.deepEqual(header.slice(0, 4), ["score", "variant", "seeds", "mean"]);
  assert.deepEqual([scratch[0], scratch[1], scratch[2], scratch[3]], ["Dice whole", "scratch", "1, 2", "0.400"]);
  assert.equal(scratch[5], "0.300, 0.500");
  assert.deepEqual(scratch.slice(6), ["–", "–", "–", "–", "–", "–"]);
  assert.deepEqual(cmr.slice(6), ["+0.200", "[0.200, 0.200]", "0.250", "+0.200", "[0.200, 0.200]", "0.250"]);
});

Deno.test("scoreTitle() names score, region and unit, with bars escaped", () => {
  assert.equal(scoreTitle({ name: "HD95", region: "a|b", unit: "mm" }), "HD95 a\\|b (mm)");
  assert.equal(scoreTitle({ name: "accuracy", region: null, unit: null }), "accuracy");
});

Deno.test("formatAblationPairs() averages pairs, then seeds, a pre-training counted once", () => {
  const task = { task: "other" };
  const cells = [
    ablationCell("scratch", 1, [1, 1, 1]),
    ablationCell("cmr", 1, [1, 1, 1]),
    ablationCell("cmr", 1, [1, 1, 1], task),
    ablationCell("cmr", 2, [1, 1, 1]),
  ];
  const [, cmr, md, ...others] = cellsOf(formatAblationPairs(cells));
  assert.deepEqual(cmr, ["CMR", "another sequence", "2", "15.00", "15.00, 15.00", "10.00", "12.00"]);
  assert.deepEqual(md, ["CMR", "the template", "1", "13.00", "13.00, 13.00", "10.00", "12.00"]);
  assert.deepEqual(others, []);
  assert.equal(formatAblationPairs(cells.slice(0, 1)), "No pre-training has been scored yet.");
});
