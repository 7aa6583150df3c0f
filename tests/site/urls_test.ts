import assert from "node:assert/strict";
import { fileOfPage, siteUrl, urlFrom } from "../../site/urls.ts";

Deno.test("urlFrom() goes up to the root and down again", () => {
  const cases = [
    ["/", "/", "./"],
    ["/ablation", "/", "ablation/"],
    ["/", "/ablation", "../"],
    ["/downstream", "/ablation", "../downstream/"],
    ["/runs/first", "/runs/second", "../../runs/first/"],
    ["/style.css", "/runs/second", "../../style.css"],
    ["/ablation#paper", "/", "ablation/#paper"],
    ["/data/a.json?x=1", "/", "data/a.json?x=1"],
  ] as const;
  for (const [target, page, expected] of cases) assert.equal(urlFrom(target, { page }), expected, `${target} ${page}`);
});

Deno.test("urlFrom() leaves addresses elsewhere and parts of the page as they are", () => {
  for (
    const target of ["https://arxiv.org/abs/2410.10604", "//host/a", "#content", "data:image/png;base64,AA", "a/b"]
  ) {
    assert.equal(urlFrom(target, { page: "/ablation" }), target);
  }
});

Deno.test("urlFrom() puts the base in front for a page without a place", () => {
  assert.equal(urlFrom("/", { base: "/brainmvp/" }), "/brainmvp/");
  assert.equal(urlFrom("/runs", { base: "/brainmvp/" }), "/brainmvp/runs/");
  assert.equal(urlFrom("/style.css", { base: "/" }), "/style.css");
});

Deno.test("fileOfPage() is an index in the page's folder", () => {
  assert.equal(fileOfPage("/"), "index.html");
  assert.equal(fileOfPage("/runs/first"), "runs/first/index.html");
});

Deno.test("siteUrl() leaves the path to the renderer while there is no document", () => {
  assert.equal(siteUrl("/data/a.png"), "/data/a.png");
});
