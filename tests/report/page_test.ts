import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { renderReport } from "../../lib/report/mod.ts";
import { eventRecord, example, PAIRS, report, stepRecord, validationRecord } from "./_fixtures.ts";

/** A run with something in every section, and markup in every text that a user controls. */
const FULL = report({
  title: "Run <1> & more",
  config: { "mask.ratio<": "0.875 & <i>" },
  environment: { "backend<": "<simd>" },
  data: { "subjects<": "<3>" },
  records: [stepRecord(1, 1), eventRecord(1, "start <b>now</b> & here"), validationRecord(1, PAIRS)],
  templates: [{ modality: "t<1>", size: [1, 1, 1], data: Float32Array.of(1) }],
  examples: [
    example({ subject: '"><script>alert(1)</script>' }),
    example({ subject: "b", target: "<t2>", source: "template" }),
  ],
});

function parse(html: string): Document {
  return parseHTML(html).document;
}

Deno.test("renderReport() refers to nothing outside the page and runs no script", () => {
  const html = renderReport(FULL);
  assert.doesNotMatch(html, /https?:|\/\/|@import|url\(|<script|<link|<iframe| on\w+=/i);
  const document = parse(html);
  const sources = [...document.querySelectorAll("[src]")].map((element) => element.getAttribute("src") ?? "");
  assert.ok(sources.length > 0 && sources.every((source) => source.startsWith("data:image/png;base64,")));
  const links = [...document.querySelectorAll("[href]")].map((element) => element.getAttribute("href") ?? "");
  assert.ok(links.length > 0 && links.every((link) => document.getElementById(link.slice(1)) !== null));
});

Deno.test("renderReport() forbids all but inline style and carried pictures", () => {
  const policy = parse(renderReport(FULL)).querySelector('meta[http-equiv="Content-Security-Policy"]');
  assert.equal(
    policy?.getAttribute("content"),
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
  );
});

Deno.test("renderReport() shows markup in names as text", () => {
  const document = parse(renderReport(FULL));
  const text = document.body.textContent ?? "";
  for (
    const shown of [
      "Run <1> & more",
      "mask.ratio<",
      "0.875 & <i>",
      "<simd>",
      "<3>",
      "start <b>now</b> & here",
      "t<1>",
      't1 of "><script>alert(1)</script> (CMR, filled from t2)',
      "<t2> of b (MD, filled from the template)",
    ]
  ) assert.ok(text.includes(shown), shown);
  assert.equal(document.querySelectorAll("script, i").length, 0);
  assert.equal(document.title, "Run <1> & more");
});

Deno.test("renderReport() marks the best PSNR of each pair, be it a baseline", () => {
  const document = parse(renderReport(FULL));
  const rows = [...document.querySelectorAll("tbody.cmr tr, tbody.md tr")];
  const best = rows.map((row) => [row.querySelector("th")?.textContent, row.querySelector(".win")?.textContent]);
  assert.deepEqual(best, [
    ["CMR: filled from another modality", undefined],
    ["t1", "24.25"],
    ["t2", "21.50"],
    ["mean", "22.13"],
    ["MD: filled from the learned template", undefined],
    ["t1", "19.00"],
    ["mean", "19.00"],
  ]);
});

Deno.test("renderReport() gives an overview target by source that names the baselines which win", () => {
  const table = parse(renderReport(FULL)).querySelector("#pairs table");
  const rows = [...table?.querySelectorAll("tr") ?? []].map((row) => [...row.children].map((cell) => cell.textContent));
  assert.deepEqual(rows, [
    ["target", "t1", "t2", "template"],
    ["t1", "–", "24.25", "18.00< mosaic"],
    ["t2", "20.00< mean volume", "–", "–"],
  ]);
});

Deno.test("renderReport() is accessible: language, one h1, named sections, alt texts, scoped headers", () => {
  const document = parse(renderReport(FULL));
  assert.equal(document.documentElement.getAttribute("lang"), "en");
  assert.equal(document.querySelectorAll("h1").length, 1);
  for (const section of document.querySelectorAll("section")) {
    assert.ok(document.getElementById(section.getAttribute("aria-labelledby") ?? "")?.textContent);
  }
  assert.ok([...document.querySelectorAll("img")].every((image) => image.getAttribute("alt")));
  assert.ok([...document.querySelectorAll("th")].every((header) => header.getAttribute("scope")));
  assert.ok([...document.querySelectorAll("table")].every((table) => table.querySelector("caption")));
  assert.equal(document.querySelectorAll('svg[role="img"][aria-label]').length, 4);
});

Deno.test("renderReport() renders a run without any record and says what is missing", () => {
  const document = parse(renderReport(report()));
  assert.deepEqual([...document.querySelectorAll(".empty")].map((element) => element.textContent), [
    "Nothing is recorded about the data.",
    "No update has been made yet.",
    "No change is recorded yet.",
    "No validation has scored such pairs yet.",
    "No validation has scored such pairs yet.",
    "No template has been saved yet.",
    "No reconstruction has been saved yet.",
    "No pair has been scored yet.",
    "No option is recorded.",
    "Nothing is recorded about the environment.",
  ]);
  assert.equal(document.querySelectorAll("figure svg, img, table").length, 0);
});

Deno.test("renderReport() renders a run whose losses are known and whose scores are not", () => {
  const document = parse(renderReport(report({ records: [stepRecord(1, 1), stepRecord(2, 0.5)] })));
  assert.equal(document.querySelectorAll("figure > div > svg").length, 1);
  assert.equal(document.querySelectorAll(".tile").length, 0);
});

Deno.test("renderReport() says how many updates were averaged into a point", () => {
  const records = Array.from({ length: 16 }, (_, i) => stepRecord(i + 1, i));
  const text = parse(renderReport(report({ records }))).querySelector("#curves")?.textContent ?? "";
  assert.ok(text.includes("Each point of a training loss is the mean of 2 consecutive updates"));
});

Deno.test("renderReport() gives the same text for the same run", () => {
  assert.equal(renderReport(FULL), renderReport(FULL));
});
