/** Every page in a browser: no errors, nothing from elsewhere, accessible in both colours, and no wider than a phone. */
import assert from "node:assert/strict";
import type { Page } from "../../tasks/_playwright.ts";
import { assertAccessible } from "./_axe.ts";
import { assertNoProblems, browserTest, closeBrowser, HAS_CHROMIUM, openSite } from "./_browser.ts";
import { filesUnder, runTask, writeResults } from "./_built_site.ts";

const FOLDER = `runs/test-site-${crypto.randomUUID()}`;
const SITE = `${FOLDER}/built`;
/** Bytes of script that a page may load before a viewer is opened. */
const SCRIPT_LIMIT = 300_000;

Deno.test.beforeAll(async () => {
  Deno.mkdirSync(FOLDER, { recursive: true });
  if (!HAS_CHROMIUM) return;
  writeResults(`${FOLDER}/results`);
  await runTask("pretrain", ["--quick-check", "--out", `${FOLDER}/runs/first`]);
  await runTask("export", ["--run", `${FOLDER}/runs/first`]);
  await runTask("site:build", [
    "--base",
    "/brainmvp/",
    "--out",
    SITE,
    "--results",
    `${FOLDER}/results`,
    "--runs",
    `${FOLDER}/runs`,
  ]);
});
Deno.test.afterAll(async () => {
  await closeBrowser();
  Deno.removeSync(FOLDER, { recursive: true });
});

/** Addresses of all pages but the copied reports. */
function pagePaths(): string[] {
  return filesUnder(SITE).filter((file) => file.endsWith("index.html")).map((file) => file.replace(/index\.html$/, ""));
}

browserTest("every page renders without errors and asks for nothing outside the site", async () => {
  await using site = await openSite(SITE);
  const paths = pagePaths();
  for (const page of ["", "ablation/", "runs/first/", "models/first/"]) assert(paths.includes(page), page);
  for (const path of paths) {
    const page = await site.open(path);
    assert.equal(await page.locator("h1").count(), 1, `headings of ${path}`);
    await page.close();
  }
  assertNoProblems(site);
});

/** What changes when a picture does. */
async function canvasHash(page: Page): Promise<string> {
  return await page.locator(".mosaic canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

browserTest(
  "the first page mixes another mosaic when ratio, fill or blocks change, with the keyboard too",
  async () => {
    await using site = await openSite(SITE);
    const page = await site.open("");
    const facts = page.locator(".explorer-facts");
    await facts.getByText("44 of 357").waitFor();
    const first = await canvasHash(page);
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    await facts.getByText("46 of 357").waitFor();
    const second = await canvasHash(page);
    assert.notEqual(second, first);
    await page.keyboard.press("ArrowRight");
    await facts.getByText("44 of 357").waitFor();
    assert.equal(await canvasHash(page), first);
    const psnr = await facts.locator("dd").nth(1).textContent();
    await page.getByRole("radio", { name: "Template" }).check({ force: true });
    await page.waitForFunction(
      (before) => document.querySelectorAll(".explorer-facts dd")[1].textContent !== before,
      psnr,
    );
    const filled = await canvasHash(page);
    assert.notEqual(filled, first);
    await page.getByRole("button", { name: "Draw other blocks" }).click();
    await page.waitForFunction((before) => {
      return (document.querySelector(".mosaic canvas") as HTMLCanvasElement).toDataURL() !== before;
    }, filled);
    assert.notEqual(await canvasHash(page), filled);
    await page.getByRole("slider").fill("0");
    await facts.getByText("357 of 357").waitFor();
    assert.equal(await facts.locator("dd").nth(1).textContent(), "nothing hidden");
    assertNoProblems(site);
  },
);

browserTest(
  "the colours follow the system until the reader chooses, and the choice holds on the next page",
  async () => {
    await using site = await openSite(SITE, { colorScheme: "dark" });
    const page = await site.open("about/");
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    const toggle = page.getByRole("button", { name: "Dark colours" });
    assert.equal(await toggle.getAttribute("aria-pressed"), "true");
    await toggle.click();
    const light = await paper();
    assert.notEqual(light, dark);
    await page.goto(`${site.root}ablation/`);
    assert.equal(await paper(), light);
    assertNoProblems(site);
  },
);

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(`axe finds no violation on any page in ${colorScheme} colours`, async () => {
    await using site = await openSite(SITE, { colorScheme, bypassCSP: true });
    for (const path of pagePaths()) {
      const page = await site.open(path);
      await assertAccessible(page, `${path || "/"} in ${colorScheme}`);
      await page.close();
    }
  });
}

browserTest("links between pages resolve under another path, from every page", async () => {
  await using site = await openSite(SITE, { base: "/a/b/" });
  const links = new Set<string>();
  for (const path of pagePaths()) {
    const page = await site.open(path);
    const found = await page.locator("a[href]").evaluateAll((all) =>
      all.map((link) => (link as HTMLAnchorElement).href)
    );
    for (const link of found) if (!link.startsWith("https:")) links.add(link.replace(/#.*$/, ""));
    await page.close();
  }
  assert(links.size > 12);
  for (const link of links) {
    assert(link.startsWith(site.root), link);
    const response = await fetch(link);
    await response.body?.cancel();
    assert.equal(response.status, 200, link);
  }
});

browserTest("the page of errors finds its style and the way back at any depth", async () => {
  await using site = await openSite(SITE);
  const page = await site.open("no/such/page");
  assert.equal(await page.textContent("h1"), "Page not found");
  await page.getByRole("link", { name: "Go to the first page" }).click();
  await page.getByRole("heading", { name: "Learn a brain scan" }).waitFor();
  assert.deepEqual(site.problems.filter((problem) => !problem.includes("404")), []);
});

browserTest(`a page loads less than ${SCRIPT_LIMIT / 1000} kB of script`, async () => {
  await using site = await openSite(SITE);
  for (const path of pagePaths()) {
    const page = await site.open(path);
    const bytes = await page.evaluate(() => {
      const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
      return entries.filter(({ name }) => name.endsWith(".js")).reduce(
        (sum, { decodedBodySize }) => sum + decodedBodySize,
        0,
      );
    });
    assert(bytes > 1000 && bytes < SCRIPT_LIMIT, `${path || "/"} loads ${bytes} bytes`);
    await page.close();
  }
});

browserTest("no page is wider than a phone of 360 pixels", async () => {
  await using site = await openSite(SITE, { viewport: { width: 360, height: 740 } });
  for (const path of pagePaths()) {
    const page = await site.open(path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(width <= 360, `${path || "/"} is ${width} pixels wide`);
    await page.close();
  }
});
