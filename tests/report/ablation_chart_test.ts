import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { STUDY_STATISTICS } from "../../lib/metrics/mod.ts";
import { ablationChart, summarizeAblation } from "../../lib/report/mod.ts";
import { ablationCell } from "./_ablation_cells.ts";

Deno.test("ablationChart() draws a mean and an interval per variant, and a dot per seed", () => {
  const [score] = summarizeAblation([
    ablationCell("scratch", 1, [0.2, 0.3, 0.4]),
    ablationCell("cmr", 1, [0.4, 0.5, 0.6]),
    ablationCell("cmr", 2, [0.6, 0.7, 0.8]),
  ], STUDY_STATISTICS);
  const chart = ablationChart(score)!;
  const svg = parseHTML(`<html><body>${chart.svg}</body></html>`).document.querySelector("svg")!;
  assert.equal(svg.getAttribute("aria-label"), "Dice whole of every variant");
  assert.equal(svg.querySelectorAll('[aria-label="rule"] line').length, 2);
  const [means, seeds] = [...svg.querySelectorAll('[aria-label="dot"]')].map((dots) => dots.querySelectorAll("circle"));
  assert.equal(means.length, 2);
  assert.equal(seeds.length, 3);
  assert.ok(Number(means[0].getAttribute("cx")) < Number(means[1].getAttribute("cx")));
  const ticks = [...svg.querySelectorAll('[aria-label="y-axis tick label"] text')].map(({ textContent }) =>
    textContent
  );
  assert.deepEqual(ticks, ["scratch", "CMR"]);
  assert.equal(chart.legend.length, 2);
});

Deno.test("ablationChart() draws nothing of nothing, and says which way is better where lower is", () => {
  const lower = { name: "HD95", unit: "mm", better: "lower" } as const;
  const [none] = summarizeAblation([ablationCell("scratch", 1, [null, null, null])], STUDY_STATISTICS);
  assert.equal(ablationChart(none), null);
  const [score] = summarizeAblation([ablationCell("scratch", 1, [1, 2, 3], { score: lower })], STUDY_STATISTICS);
  assert.match(ablationChart(score)!.svg, /HD95 whole \(mm\), lower is better/);
});
