import assert from "node:assert/strict";
import { renderMarkdown } from "../../site/render/markdown.ts";

Deno.test("renderMarkdown() renders what model cards have", () => {
  const html = renderMarkdown("# A\n\nText `code` **bold**\n\n| | b |\n|---|--:|\n| 1 | 2 |\n");
  assert.match(html, /<h1>A<\/h1>/);
  assert.match(html, /<code>code<\/code> <strong>bold<\/strong>/);
  assert.match(html, /<div class="scroll" role="region" aria-label="Table 1" tabindex="0"><table>/);
  assert.match(html, /<td align="right">2<\/td>/);
  // A heading without text is none.
  assert(!/<th[^>]*><\/th>/.test(html));
});

Deno.test("renderMarkdown() neither runs nor loads anything that a card brings along", () => {
  const html = renderMarkdown(
    "<script>alert(1)</script>\n\n![picture](https://elsewhere/a.png) [a](javascript:alert(1)) <img src=x onerror=y>\n\n" +
      "```html\n<b>\n```\n",
  );
  assert(!/<script|<img|<b>|javascript:/.test(html), html);
  assert.match(html, /&lt;script&gt;alert\(1\)/);
  assert.match(html, /<pre tabindex="0"><code>&lt;b&gt;/);
  assert.match(renderMarkdown("[a](https://arxiv.org/abs/1)"), /<a href="https:\/\/arxiv\.org\/abs\/1">a<\/a>/);
});
