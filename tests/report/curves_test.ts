import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { type Chart, lossChart, psnrChart, templateChangeChart } from "../../lib/report/mod.ts";
import { eventRecord, PAIRS, stepRecord, validationRecord } from "./_fixtures.ts";

/** The chart's `svg` element. */
function parse(chart: Chart | null): Element {
  assert.ok(chart);
  return parseHTML(`<html><body>${chart.svg}</body></html>`).document.querySelector("svg")!;
}

/** Texts of the labels of an axis that are not blank. */
function tickLabels(svg: Element, axis: "x" | "y"): string[] {
  return [...svg.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`)]
    .map((text) => text.textContent)
    .filter((text) => text !== "");
}

Deno.test("lossChart() draws one path per loss in its colour", () => {
  const svg = parse(lossChart([stepRecord(1, 1, { cl: 2 }), stepRecord(2, 0.5, { cl: 1 })]));
  const strokes = [...svg.querySelectorAll('[aria-label="line"]')].map((group) => group.getAttribute("stroke"));
  assert.deepEqual(strokes.map((stroke) => stroke?.slice(0, 7)), ["var(--t", "var(--c", "var(--m", "var(--c"]);
  assert.equal(svg.querySelectorAll('[aria-label="line"] path').length, 4);
  assert.equal(svg.querySelectorAll('[aria-label="area"]').length, 0);
  assert.equal(svg.getAttribute("role"), "img");
  assert.equal(svg.getAttribute("aria-label"), "Training losses over updates");
});

Deno.test("lossChart() shows the range of averaged updates as one band per loss", () => {
  const svg = parse(lossChart(Array.from({ length: 16 }, (_, i) => stepRecord(i + 1, 1 + i))));
  assert.equal(svg.querySelectorAll('[aria-label="line"] path').length, 3);
  assert.equal(svg.querySelectorAll('[aria-label="area"] path').length, 3);
});

Deno.test("lossChart() takes a logarithmic axis when positive losses lie far apart, else a linear one", () => {
  const labels = (first: number, last: number): string[] =>
    tickLabels(parse(lossChart([stepRecord(1, first), stepRecord(2, last)])), "y");
  assert.deepEqual(labels(1, 0.01), ["0.01", "0.1", "1"]);
  assert.deepEqual(labels(1, 0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  assert.ok(labels(1, 0.6).includes("0.8"));
});

Deno.test("psnrChart() draws the reconstruction solid and the two baselines broken", () => {
  const chart = psnrChart([validationRecord(10, PAIRS), validationRecord(1500, PAIRS)], "md");
  const svg = parse(chart);
  assert.deepEqual(
    [...svg.querySelectorAll('[aria-label="line"]')].map((group) => group.getAttribute("stroke-dasharray")),
    [null, "6,4", "1.5,3.5"],
  );
  assert.deepEqual(chart?.legend.map((entry) => entry.label), ["reconstruction", "mosaic", "mean volume"]);
  assert.deepEqual(tickLabels(svg, "x"), ["0", "200", "400", "600", "800", "1k", "1.2k", "1.4k"]);
});

Deno.test("charts show a single point as a dot", () => {
  const svg = parse(templateChangeChart([validationRecord(10, [])]));
  assert.equal(svg.querySelectorAll('[aria-label="dot"] circle').length, 2);
});

Deno.test("charts mark events by vertical rules with their numbers", () => {
  const svg = parse(lossChart([stepRecord(1, 1), eventRecord(2, "<b>"), eventRecord(4, "late")]));
  assert.equal(svg.querySelectorAll('[aria-label="rule"] line').length, 2);
  assert.deepEqual([...svg.querySelectorAll('[aria-label="text"] text')].map((text) => text.textContent), ["1", "2"]);
});

Deno.test("charts are null before there is anything to draw", () => {
  assert.equal(lossChart([eventRecord(1, "start")]), null);
  assert.equal(psnrChart([stepRecord(1, 1)], "cmr"), null);
  assert.equal(psnrChart([validationRecord(1, PAIRS.slice(0, 2))], "md"), null);
  assert.equal(templateChangeChart([]), null);
});

Deno.test("charts of the same run are the same text", () => {
  const records = [stepRecord(1, 1), stepRecord(2, 0.5), eventRecord(2, "x")];
  assert.equal(lossChart(records)?.svg, lossChart(records)?.svg);
});
