/** Templates and rebuilding in a browser: what they draw, the numbers they show, and that nothing leaves the machine. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decode } from "fast-png";
import type { Locator, Page } from "../../tasks/_playwright.ts";
import { generatePhantomSubject, readNifti, writeNifti } from "../../lib/dataset/mod.ts";
import { selectBackend } from "../../lib/tensor/mod.ts";
import { DEMO_MODEL } from "../../site/data/demo_model.ts";
import { type Head, headOfScans, phantomHead, Rebuilder, type RebuildRequest } from "../../site/workers/_rebuilding.ts";
import { assertAccessible } from "./_axe.ts";
import { assertNoProblems, browserTest, closeBrowser, HAS_CHROMIUM, openSite } from "./_browser.ts";
import { runTask } from "./_built_site.ts";

const FOLDER = `runs/test-viewers-${crypto.randomUUID()}`;
const SITE = `${FOLDER}/built`;
/** dB: engines differ in the last digits. */
const TOLERANCE = 0.1;

Deno.test.beforeAll(async () => {
  Deno.mkdirSync(`${FOLDER}/none`, { recursive: true });
  if (HAS_CHROMIUM) await runTask("site:build", ["--out", SITE, "--results", `${FOLDER}/none`]);
});
Deno.test.afterAll(async () => {
  await closeBrowser();
  Deno.removeSync(FOLDER, { recursive: true });
});

/** Different colours of what is seen of an element. */
async function coloursOf(element: Locator): Promise<number> {
  const { data, channels, width, height } = decode(await element.screenshot());
  const colours = new Set<number>();
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = data.slice(i * channels, i * channels + 3);
    colours.add(r * 65536 + g * 256 + b);
  }
  return colours.size;
}

/** Waits until an element shows more than a flat ground. */
async function assertDrawn(element: Locator): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (await coloursOf(element) > 20) return;
    await element.page().waitForTimeout(250);
  }
  assert.fail("expected a picture, got a flat canvas");
}

function pictureOf(page: Page, plane: string): Promise<string> {
  return page.locator(`canvas[data-plane=${plane}]`).first().evaluate((c) => (c as HTMLCanvasElement).toDataURL());
}

/** Waits until the first template of the page is drawn. */
async function openTemplates(page: Page): Promise<void> {
  await page.waitForFunction((size) => {
    return document.querySelector<HTMLCanvasElement>("canvas[data-plane=axial]")!.width === size;
  }, DEMO_MODEL.templateSize[0]);
}

browserTest("templates are drawn, change over the epochs and from sequence to sequence, by keyboard too", async () => {
  await using site = await openSite(SITE);
  const page = await site.open("templates/");
  await openTemplates(page);
  const last = await pictureOf(page, "axial");
  const epoch = page.getByRole("slider", { name: /Epoch/ });
  await epoch.focus();
  await page.keyboard.press("Home");
  await page.getByText("after 5 epochs (75 updates)").waitFor();
  await page.waitForFunction((before) => {
    return document.querySelector<HTMLCanvasElement>("canvas[data-plane=axial]")!.toDataURL() !== before;
  }, last);
  await page.getByRole("button", { name: "Play" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.getByText("after 120 epochs (1800 updates)").waitFor();
  await page.waitForFunction((before) => {
    return document.querySelector<HTMLCanvasElement>("canvas[data-plane=axial]")!.toDataURL() === before;
  }, last);
  await page.getByRole("radio", { name: "ADC" }).check({ force: true });
  await page.getByText("Template of ADC").waitFor();
  await page.waitForFunction((before) => {
    return document.querySelector<HTMLCanvasElement>("canvas[data-plane=axial]")!.toDataURL() !== before;
  }, last);
  assertNoProblems(site);
});

browserTest("NiiVue draws the template and the phantom beside it, and the next template after it", async () => {
  await using site = await openSite(SITE);
  const page = await site.open("templates/");
  await openTemplates(page);
  await page.getByRole("button", { name: "Look around in NiiVue" }).click();
  for (const view of ["template", "subject"]) await assertDrawn(page.locator(`canvas[data-view=${view}]`));
  const before = await page.locator("canvas[data-view=template]").screenshot();
  await page.getByRole("radio", { name: "PD" }).check({ force: true });
  await page.getByText("Template of PD").waitFor();
  let after = before;
  for (let attempt = 0; attempt < 60 && String(after) === String(before); attempt++) {
    await page.waitForTimeout(250);
    after = await page.locator("canvas[data-view=template]").screenshot();
  }
  assert.notDeepEqual(after, before);
  await assertDrawn(page.locator("canvas[data-view=template]"));
  assertNoProblems(site);
});

/** The command line's numbers: the same library in Deno. */
async function scoresInDeno(head: Head, requests: readonly RebuildRequest[]): Promise<[number, number][]> {
  await selectBackend("simd", { threads: 1 });
  const read = (path: string): Uint8Array => Deno.readFileSync(new URL(`../../site/static${path}`, import.meta.url));
  const { weights, templates } = DEMO_MODEL.files;
  const volumes = Object.fromEntries(Object.entries(templates).map(([name, path]) => [name, read(path)]));
  const rebuilder = await Rebuilder.open(DEMO_MODEL, { weights: read(weights), templates: volumes });
  const scores: [number, number][] = [];
  for (const request of requests) {
    const { psnr, mosaicPsnr } = await rebuilder.rebuild(head, request);
    scores.push([psnr, mosaicPsnr]);
  }
  rebuilder.dispose();
  return scores;
}

function assertScores(got: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of got.entries()) {
    assert(Math.abs(value - expected[i]) <= TOLERANCE, `expected ${expected} dB within ${TOLERANCE}, got ${got}`);
  }
}

/** A file as it is given to a page. */
type FilePayload = { name: string; mimeType: string; buffer: Buffer };

/** What the page shows; after `other`, once it has changed. */
async function shownScores(page: Page, other: readonly number[] = []): Promise<number[]> {
  await page.locator("[data-score=rebuilt]").waitFor();
  await page.waitForFunction((before) => {
    return document.querySelector("[data-score=rebuilt]")!.textContent !== before;
  }, other.length === 0 ? "" : `${other[0].toFixed(2)} dB`);
  const texts = await page.locator("[data-score]").allTextContents();
  return texts.map((text) => parseFloat(text));
}

browserTest(
  "the page rebuilds the phantom to the scores that the library has in Deno, and asks for nothing meanwhile",
  async () => {
    const common = { seed: DEMO_MODEL.seed, maskRatio: DEMO_MODEL.maskRatio };
    const expected = await scoresInDeno(phantomHead(DEMO_MODEL), [
      { ...common, target: "t1", fill: "t2" },
      { ...common, target: "t1", fill: "template" },
      { ...common, target: "t1", fill: "template", maskRatio: 0.55 },
    ]);
    await using site = await openSite(SITE);
    const page = await site.open("try/");
    const requests: string[] = [];
    site.context.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
    await page.getByRole("button", { name: "Try a synthetic head" }).click();
    const first = await shownScores(page);
    assertScores(first, expected[0]);
    // The worker, the kernels, the network and the templates: files of the site, and all there is.
    assert(requests.length >= 10, String(requests));
    const files = /\/(workers\/rebuild\.js|(chunk|mod|backend)-\w+\.js|kernels\w*\.wasm|models\/quick\/.+)$/;
    assert.deepEqual(requests.filter((request) => !request.startsWith(`GET ${site.root}`) || !files.test(request)), []);
    requests.length = 0;
    await page.getByRole("radio", { name: "template of T1" }).check({ force: true });
    const second = await shownScores(page, first);
    assertScores(second, expected[1]);
    await page.getByRole("slider", { name: /Hidden blocks/ }).focus();
    await page.keyboard.press("ArrowRight");
    assertScores(await shownScores(page, second), expected[2]);
    await page.getByRole("slider", { name: /Slice/ }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("18 of 32").waitFor();
    for (const name of ["truth", "mosaic", "rebuilt", "error"]) {
      await assertDrawn(
        page.locator(`canvas[data-volume=${name}]`),
      );
    }
    assert.deepEqual(requests, []);
    assertNoProblems(site);
  },
);

browserTest("the page rebuilds the phantom through WebGPU to the same scores", async () => {
  const request = { seed: DEMO_MODEL.seed, maskRatio: DEMO_MODEL.maskRatio, target: "t1", fill: "t2" };
  const [expected] = await scoresInDeno(phantomHead(DEMO_MODEL), [request]);
  await using site = await openSite(SITE);
  const page = await site.open("try/");
  await page.getByRole("radio", { name: "GPU, WebGPU" }).check({ force: true });
  await page.getByRole("button", { name: "Try a synthetic head" }).click();
  assertScores(await shownScores(page), expected);
  await page.getByText(/ms on webgpu \(/).waitFor();
});

/** Files of a head that no run has seen, as somebody would drop them. */
async function scanFiles(): Promise<{ name: string; mimeType: string; buffer: Uint8Array }[]> {
  const options = { seed: 99, index: 0, size: 64, modalities: ["t1", "t2"], lesion: "none" } as const;
  return await Promise.all(
    generatePhantomSubject(options).images.map(async ({ modality, volume }) => {
      return { name: `sub-01_${modality}.nii.gz`, mimeType: "application/gzip", buffer: await writeNifti(volume) };
    }),
  );
}

/** As playwright takes files. */
function payload(files: readonly { name: string; mimeType: string; buffer: Uint8Array }[]): FilePayload[] {
  return files.map((file) => ({ ...file, buffer: Buffer.from(file.buffer) }));
}

browserTest("scans are named by their files, prepared and rebuilt like in Deno, with a warning", async () => {
  const files = await scanFiles();
  const scans = files.map(({ name, buffer }) => ({ name, bytes: buffer, modality: name.slice(7, 9) }));
  const head = await headOfScans(scans, DEMO_MODEL);
  const request = { target: "t1", fill: "t2", seed: DEMO_MODEL.seed, maskRatio: DEMO_MODEL.maskRatio };
  const [expected] = await scoresInDeno(head, [request]);
  await using site = await openSite(SITE);
  const page = await site.open("try/");
  await page.locator("input[type=file]").setInputFiles(payload(files));
  await page.getByLabel("sub-01_t2.nii.gz").waitFor();
  await page.getByRole("button", { name: "Prepare these 2 scans" }).click();
  assertScores(await shownScores(page), expected);
  await page.getByText("This network has seen synthetic phantoms only").waitFor();
  assertNoProblems(site);
});

browserTest(
  "a bad file gives the library's one line, before the network is loaded, and another can be tried",
  async () => {
    await using site = await openSite(SITE);
    const page = await site.open("try/");
    const text = {
      name: "notes_t1.nii",
      mimeType: "text/plain",
      buffer: new TextEncoder().encode("no scan".repeat(99)),
    };
    const expected = await readNifti(text.buffer, text.name).then(() => "", ({ message }: Error) => message);
    assert.match(expected, /^[^\n]*notes_t1\.nii[^\n]+$/);
    await page.locator("input[type=file]").setInputFiles(payload([text]));
    const requests: string[] = [];
    site.context.on("request", (request) => requests.push(request.url()));
    await page.getByRole("button", { name: "Prepare this scan" }).click();
    const alert = page.getByRole("alert");
    await alert.waitFor();
    assert.equal(await alert.innerText(), expected);
    assert.deepEqual(requests.filter((url) => /models|wasm/.test(url)), []);
    await page.getByRole("button", { name: "Try a synthetic head" }).click();
    await shownScores(page);
    assert.equal(await alert.count(), 0);
    assertNoProblems(site);
  },
);

browserTest("a file without a known name must be named before it is prepared", async () => {
  await using site = await openSite(SITE);
  const page = await site.open("try/");
  const [file] = await scanFiles();
  await page.locator("input[type=file]").setInputFiles(payload([{ ...file, name: "scan.nii.gz" }]));
  const prepare = page.getByRole("button", { name: "Prepare this scan" });
  await prepare.waitFor();
  assert(await prepare.isDisabled());
  await page.getByLabel("scan.nii.gz").selectOption("t1");
  await prepare.click();
  await shownScores(page);
  assertNoProblems(site);
});

browserTest("what the reader says of a file stays, however late the guess from its name comes", async () => {
  await using site = await openSite(SITE);
  const page = await site.open("try/");
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route("**/workers/rebuild.js", async (route) => {
    await promise;
    await route.fallback();
  });
  const [file] = await scanFiles();
  await page.locator("input[type=file]").setInputFiles(payload([{ ...file, name: "scan.nii.gz" }]));
  await page.getByLabel("scan.nii.gz").selectOption("t1");
  resolve();
  await page.getByRole("button", { name: "Prepare this scan" }).click();
  await shownScores(page);
  assert.equal(await page.getByLabel("scan.nii.gz").inputValue(), "t1");
  assertNoProblems(site);
});

browserTest("Cancel stops the worker, and the page can start again", async () => {
  await using site = await openSite(SITE);
  const page = await site.open("try/");
  await page.getByRole("button", { name: "Try a synthetic head" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("progressbar").waitFor({ state: "detached" });
  assert.equal(await page.locator("[data-score]").count(), 0);
  await page.getByRole("button", { name: "Try a synthetic head" }).click();
  await shownScores(page);
  assertNoProblems(site);
});

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(`axe finds no violation in opened viewers in ${colorScheme} colours, which fit a phone`, async () => {
    await using site = await openSite(SITE, { colorScheme, bypassCSP: true, viewport: { width: 390, height: 800 } });
    const check = async (page: Page): Promise<void> => {
      await page.getByRole("button", { name: "Look around in NiiVue" }).click();
      await assertDrawn(page.locator("canvas[data-view]").first());
      await assertAccessible(page, `${page.url()} in ${colorScheme}`);
      assert(await page.evaluate(() => document.documentElement.scrollWidth) <= 390, page.url());
      await page.close();
    };
    const tryPage = await site.open("try/");
    await tryPage.locator("input[type=file]").setInputFiles(payload(await scanFiles()));
    await tryPage.getByRole("button", { name: "Prepare these 2 scans" }).click();
    await shownScores(tryPage);
    await check(tryPage);
    const templates = await site.open("templates/");
    await openTemplates(templates);
    await check(templates);
    assertNoProblems(site);
  });
}
