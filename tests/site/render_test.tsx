import assert from "node:assert/strict";
import type { ComponentChildren, VNode } from "preact";
import { parseHTML } from "linkedom";
import { type PageRequest, type Renderer, renderPage, type RouteModule, type State } from "../../site/mod.ts";

function Counter({ start }: { start: number }): VNode {
  return <button type="button">{start}</button>;
}

function Outer({ start }: { start: number }): VNode {
  return (
    <div>
      <Counter start={start} />
    </div>
  );
}

const APP: RouteModule = {
  default: ({ Component, state }) => (
    <html lang="en">
      <head>
        <title>{state.title}</title>
      </head>
      <body>
        <a href="/about">About</a>
        <Component />
      </body>
    </html>
  ),
};

const RENDERER: Renderer = { app: APP, islands: new Map<unknown, string>([[Counter, "Counter"], [Outer, "Outer"]]) };

function route(content: ComponentChildren | (() => ComponentChildren), handler?: RouteModule["handler"]): RouteModule {
  return { default: () => typeof content === "function" ? content() : content, handler };
}

async function render(
  module: RouteModule,
  request: Partial<PageRequest> = {},
): Promise<{ html: string; document: Document }> {
  const state = { title: "", description: "", site: {} } as State;
  const html = await renderPage(module, {
    request: { page: "/runs/a", params: {}, state, ...request },
    renderer: RENDERER,
  });
  return { html, document: parseHTML(html).document as unknown as Document };
}

Deno.test("renderPage() wraps the page in the frame, with the title of its handler and relative addresses", async () => {
  const module: RouteModule = {
    handler: {
      GET({ state, params }) {
        state.title = `Run ${params.name}`;
        return { data: 7 };
      },
    },
    default: ({ data }) => (
      <p>
        {data as number} <img src="/a.png" alt="" />
      </p>
    ),
  };
  const { html, document } = await render(module, { params: { name: "a" } });
  assert.match(html, /^<!doctype html>\n<html/);
  assert.equal(document.querySelector("title")!.textContent, "Run a");
  assert.equal(document.querySelector("p")!.textContent, "7 ");
  assert.equal(document.querySelector("a")!.getAttribute("href"), "../../about/");
  assert.equal(document.querySelector("img")!.getAttribute("src"), "../../a.png");
});

Deno.test("renderPage() marks an island with its properties, and loads only the islands of the page", async () => {
  const { document } = await render(route(() => <Counter start={3} />));
  const island = document.querySelector("[data-island]")!;
  assert.equal(island.getAttribute("data-island"), "Counter");
  assert.deepEqual(JSON.parse(island.getAttribute("data-props")!), { start: 3 });
  assert.equal(island.innerHTML, '<button type="button">3</button>');
  const preloads = [...document.querySelectorAll('link[rel="modulepreload"]')].map((link) => link.getAttribute("href"));
  assert.deepEqual(preloads, ["../../islands/Counter.js"]);
  assert.equal(document.querySelector("script")!.getAttribute("src"), "../../client.js");
  assert.equal(document.documentElement.getAttribute("data-root"), "../../");
});

Deno.test("renderPage() does not mark an island inside another one: they wake together", async () => {
  const { document } = await render(route(() => <Outer start={1} />));
  assert.deepEqual([...document.querySelectorAll("[data-island]")].map((el) => el.getAttribute("data-island")), [
    "Outer",
  ]);
  assert.equal(document.querySelectorAll("button").length, 1);
});

Deno.test("renderPage() loads no script for a page without islands", async () => {
  const { document } = await render(route(<p>Text</p>));
  assert.equal(document.querySelectorAll("script, link").length, 0);
});

Deno.test("renderPage() puts the base in front of the addresses of the page of errors", async () => {
  const { document } = await render(route(() => <Counter start={0} />), { base: "/brainmvp/" });
  assert.equal(document.querySelector("a")!.getAttribute("href"), "/brainmvp/about/");
  assert.equal(document.querySelector("script")!.getAttribute("src"), "/brainmvp/client.js");
});

Deno.test("renderPage() escapes properties that look like markup", async () => {
  const text = `"'><script>alert(1)</script>` as unknown as number;
  const { html, document } = await render(route(() => <Counter start={text} />));
  assert(!html.includes("<script>alert"));
  assert.deepEqual(JSON.parse(document.querySelector("[data-island]")!.getAttribute("data-props")!), { start: text });
});

Deno.test("renderPage() throws for properties that JSON does not carry", async () => {
  const lost: readonly [unknown, string][] = [[() => 1, "start"], [NaN, "start"], [new Float32Array(2), "start"], [{
    a: 1n,
  }, "a"]];
  for (const [value, key] of lost) {
    await assert.rejects(() => render(route(() => <Counter start={value as number} />)), {
      name: "TypeError",
      message: `Cannot render island Counter: expected properties that JSON carries, got another in "${key}"`,
    });
  }
  // The hook that marks islands is gone after an error.
  const { document } = await render(route(<p>Text</p>));
  assert.equal(document.querySelector("p")!.textContent, "Text");
});
