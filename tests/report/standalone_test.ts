import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { standaloneSvg } from "../../lib/report/mod.ts";

const CHART = {
  svg: '<svg width="200" height="100"><style>svg { height: auto }</style><path stroke="var(--cmr, #0072b2)"/></svg>',
  legend: [{ label: "a < b", color: "var(--cmr, #0072b2)" }, { label: "dashed", color: "#000", dash: "4 2" }],
};

Deno.test("standaloneSvg() stacks charts under their titles, with one legend and no variables of a page", () => {
  const text = standaloneSvg([{ title: "first & best", chart: CHART }, { title: "second", chart: CHART }]);
  const svg = parseHTML(`<html><body>${text}</body></html>`).document.querySelector("svg")!;
  assert.deepEqual([...svg.querySelectorAll("text")].map(({ textContent }) => textContent), [
    "a < b",
    "dashed",
    "first & best",
    "second",
  ]);
  const tops = [...svg.querySelectorAll("svg")].map((inner) => Number(inner.getAttribute("y")));
  assert.ok(tops[1] >= tops[0] + 100 && Number(svg.getAttribute("height")) >= tops[1] + 100);
  assert.equal(svg.querySelectorAll("line[stroke-dasharray]").length, 1);
  assert.doesNotMatch(text, /var\(|<style>/);
  assert.match(text, /stroke="#0072b2"/);
});
