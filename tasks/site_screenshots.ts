/** `deno task site:screenshots`: the pictures of the README, from the site as it was built last. */
import type { Browser, Locator, Page } from "./_playwright.ts";
import { exists, makeFolder, writeFileAtomic } from "../lib/host/mod.ts";
import { statusOf } from "./_command_line.ts";
import { serveFolder } from "./_site_server.ts";

const SITE = "site/_site";
const CHROMIUM = "/usr/bin/chromium";
const WINDOW = { width: 1120, height: 820 };
/** WebGL 2 without a GPU, for NiiVue. */
const SOFTWARE_GRAPHICS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

const WAIT_MS = 60_000;
const SETTLE_MS = 5000;

/** A page and its picture. */
interface Picture {
  readonly path: string;
  readonly file: string;
  /** What is done before; the picture then begins at the element it finds, otherwise at the top. */
  readonly open?: (page: Page) => Promise<Locator>;
}

const PICTURES: readonly Picture[] = [
  { path: "", file: "docs/site-home.png" },
  { path: "ablation/", file: "docs/site-ablation.png" },
  { path: "try/", file: "docs/site-try.png", open: rebuildPhantom },
  { path: "templates/", file: "docs/site-templates.png", open: openNiivue },
];

async function rebuildPhantom(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Try a synthetic head" }).click();
  await page.locator("[data-score=rebuilt]").waitFor({ timeout: WAIT_MS });
  return page.locator("form.try-controls");
}

async function openNiivue(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Look around in NiiVue" }).click({ timeout: WAIT_MS });
  await page.locator("canvas[data-view=subject]").waitFor({ timeout: WAIT_MS });
  // It draws at its own time.
  await page.waitForTimeout(SETTLE_MS);
  return page.locator("canvas[data-view=template]");
}

/** Runs the task; returns the exit status. */
async function main(): Promise<number> {
  try {
    if (!await exists(SITE)) throw new Error(`Cannot draw ${SITE}: expected a built site; see deno task site:build`);
    await makeFolder("docs");
    const browser = await launch();
    const server = serveFolder(SITE, { base: "/", port: 0 });
    const page = await browser.newPage({ viewport: WINDOW, colorScheme: "light" });
    for (const { path, file, open } of PICTURES) {
      await page.goto(`http://localhost:${server.addr.port}/${path}`, { waitUntil: "networkidle" });
      await (await open?.(page))?.evaluate((element) => element.scrollIntoView());
      await writeFileAtomic(file, await page.screenshot());
      console.log(`wrote ${file}`);
    }
    await browser.close();
    await server.shutdown();
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

async function launch(): Promise<Browser> {
  // Its start looks for traces of Windows in /proc, which Deno only shows with all permissions.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("./_playwright.ts");
  return await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: SOFTWARE_GRAPHICS });
}

if (import.meta.main) Deno.exit(await main());
