import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import {
  type Chart,
  labelEfficiencyChart,
  missingModalityChart,
  type MissingModalityGroup,
  type ScoreEstimate,
} from "../../lib/report/mod.ts";

const SCORE = { score: "Dice" };

/** The chart's `svg` element. */
function parse(chart: Chart | null): Element {
  assert(chart);
  return parseHTML(`<html><body>${chart.svg}</body></html>`).document.querySelector("svg")!;
}

function textsOf(svg: Element, group: string): (string | null)[] {
  return [...svg.querySelectorAll(`[aria-label="${group}"] text`)].map((text) => text.textContent);
}

function estimate(mean: number, spread = 0.1): ScoreEstimate {
  return { mean, low: mean - spread, high: mean + spread };
}

const LINES = [
  { method: "pre-trained", points: [{ share: 0.2, ...estimate(0.6) }, { share: 1, ...estimate(0.8) }] },
  { method: "from scratch", points: [{ share: 0.2, ...estimate(0.4, NaN) }, { share: 1, ...estimate(0.7) }] },
];

Deno.test("labelEfficiencyChart() draws a line, points and intervals per method, with ticks where it was measured", () => {
  const chart = labelEfficiencyChart(LINES, SCORE);
  const svg = parse(chart);
  assert.equal(svg.getAttribute("aria-label"), "Dice against the share of labels");
  assert.equal(svg.querySelectorAll('[aria-label="line"] path').length, 2);
  assert.equal(svg.querySelectorAll('[aria-label="dot"] circle').length, 4);
  // One interval is not known.
  assert.equal(svg.querySelectorAll('[aria-label="rule"] line').length, 3);
  assert.deepEqual(textsOf(svg, "x-axis tick label"), ["20", "100"]);
  assert.deepEqual(textsOf(svg, "x-axis label"), ["labels used (%) →"]);
  assert.deepEqual(chart!.legend.map(({ label }) => label), ["pre-trained", "from scratch"]);
  assert.notEqual(chart!.legend[0].color, chart!.legend[1].color);
  assert.notEqual(chart!.legend[0].dash, chart!.legend[1].dash);
});

Deno.test("labelEfficiencyChart() puts a higher score higher", () => {
  const [first, second] = [...parse(labelEfficiencyChart(LINES, SCORE)).querySelectorAll('[aria-label="dot"] circle')];
  assert(Number(second.getAttribute("cy")) < Number(first.getAttribute("cy")));
  assert(Number(second.getAttribute("cx")) > Number(first.getAttribute("cx")));
});

const GROUPS: MissingModalityGroup[] = [
  { label: "all", scores: { a: estimate(0.8), b: estimate(0.4) } },
  { label: "without t1c", scores: { a: estimate(0.6, NaN) } },
];

Deno.test("missingModalityChart() draws a bar per method and choice of sequences, as long as its score", () => {
  const chart = missingModalityChart(GROUPS, ["a", "b"], SCORE);
  const svg = parse(chart);
  const [allA, allB, withoutA, ...others] = [...svg.querySelectorAll('[aria-label="bar"] rect')].map((bar) =>
    Number(bar.getAttribute("width"))
  );
  assert.equal(others.length, 0);
  assert(Math.abs(allA / allB - 2) < 1e-9);
  assert(Math.abs(withoutA / allA - 0.75) < 1e-9);
  assert.deepEqual(textsOf(svg, "fy-axis tick label"), ["all", "without t1c"]);
  assert.equal(svg.getAttribute("aria-label"), "Dice with sequences missing");
  assert.deepEqual(chart!.legend.map((entry) => Object.keys(entry)), [["label", "color"], ["label", "color"]]);
});

Deno.test("study charts are null without scores", () => {
  assert.equal(labelEfficiencyChart([{ method: "a", points: [] }], SCORE), null);
  assert.equal(missingModalityChart([{ label: "all", scores: {} }], ["a"], SCORE), null);
});

Deno.test("study charts throw for shares that are none and for too many methods", () => {
  for (const share of [0, 1.5, NaN]) {
    assert.throws(() => labelEfficiencyChart([{ method: "a", points: [{ share, ...estimate(0.5) }] }], SCORE), {
      name: "RangeError",
      message: `Cannot draw label efficiency: expected shares above 0 up to 1, got ${share}`,
    });
  }
  const methods = ["a", "b", "c", "d", "e"];
  assert.throws(() => missingModalityChart(GROUPS, methods, SCORE), {
    name: "RangeError",
    message: "Cannot draw missing modalities: expected at most 4 methods, got 5",
  });
  assert.throws(() => labelEfficiencyChart(methods.map((method) => ({ method, points: [] })), SCORE), {
    message: "Cannot draw label efficiency: expected at most 4 methods, got 5",
  });
});
