import assert from "node:assert/strict";
import { type Chart, standaloneSvg } from "../../lib/report/mod.ts";

function chart(...labels: string[]): Chart {
  const svg =
    '<svg class="plot" width="100" height="50"><style>.plot { height: auto }</style><circle fill="var(--cmr, #0072b2)"/></svg>';
  return { svg, legend: labels.map((label) => ({ label, color: "var(--md, #d55e00)", dash: "6,3" })) };
}

Deno.test("standaloneSvg() needs no page: variables become colours, style sheets go, text is escaped", () => {
  const svg = standaloneSvg([{ title: "a < b & c", chart: chart("one") }]);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="132" height="128" /);
  assert.doesNotMatch(svg, /var\(|<style/);
  assert.match(svg, /fill="#0072b2"/);
  assert.match(svg, /stroke="#d55e00" stroke-width="3" stroke-dasharray="6,3"/);
  assert.match(svg, />a &lt; b &amp; c</);
});

Deno.test("standaloneSvg() has one legend where all charts share it, and one each where they differ", () => {
  const count = (...charts: Chart[]): number =>
    standaloneSvg(charts.map((chart) => ({ title: "t", chart }))).match(/>one<|>two</g)!.length;
  assert.equal(count(chart("one", "two"), chart("one", "two")), 2);
  assert.equal(count(chart("one"), chart("one", "two")), 3);
});

Deno.test("standaloneSvg() puts charts below one another", () => {
  const svg = standaloneSvg([{ title: "first", chart: chart("one") }, { title: "second", chart: chart("one") }]);
  const places = [...svg.matchAll(/<svg x="16" y="(\d+)"/g)].map(([, y]) => Number(y));
  assert.equal(places.length, 2);
  assert.ok(places[1] >= places[0] + 50);
});
