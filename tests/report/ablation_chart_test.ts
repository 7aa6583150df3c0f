import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { ablationChart, summarizeAblation } from "../../lib/report/mod.ts";
import { cell } from "./_ablation_cells.ts";

const [DICE] = summarizeAblation([
  cell({ variant: "scratch", seed: 1, values: [0.2, 0.4] }),
  cell({ variant: "cmr", seed: 1, values: [0.3, 0.5] }),
  cell({ variant: "cmr", seed: 2, values: [0.5, 0.9] }),
], STUDY_STATISTICS);

Deno.test("ablationChart() draws a line per variant: its mean, its interval and the mean of every seed", () => {
  const chart = ablationChart(DICE)!;
  const svg = parseHTML(`<html><body>${chart.svg}</body></html>`).document.querySelector("svg")!;
  assert.equal(svg.getAttribute("aria-label"), "Dice WT of every variant");
  const [means, seeds] = [...svg.querySelectorAll('[aria-label="dot"]')];
  assert.equal(svg.querySelectorAll('[aria-label="rule"] line').length, 2);
  assert.deepEqual([means, seeds].map((group) => group.querySelectorAll("circle").length), [2, 3]);
  const [scratch, cmr] = [...means.querySelectorAll("circle")].map((dot) => Number(dot.getAttribute("cx")));
  assert.ok(cmr > scratch);
  assert.equal(chart.legend.length, 2);
});

Deno.test("ablationChart() draws nothing where nothing has been scored", () => {
  assert.equal(ablationChart({ ...DICE, rows: [] }), null);
});
