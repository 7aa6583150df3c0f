/** `deno task site:screenshots`: the pictures of the README, from the site as it was built last. */
import type { Browser } from "playwright-core";
import { exists, makeFolder, writeFileAtomic } from "../lib/host/mod.ts";
import { statusOf } from "./_command_line.ts";
import { serveFolder } from "./_site_server.ts";

const SITE = "site/_site";
const CHROMIUM = "/usr/bin/chromium";
const WINDOW = { width: 1120, height: 820 };

/** Pages, and the pictures of their upper part. */
const PICTURES = [["", "docs/site-home.png"], ["ablation/", "docs/site-ablation.png"]] as const;

/** Runs the task; returns the exit status. */
async function main(): Promise<number> {
  try {
    if (!await exists(SITE)) throw new Error(`Cannot draw ${SITE}: expected a built site; see deno task site:build`);
    await makeFolder("docs");
    const browser = await launch();
    const server = serveFolder(SITE, { base: "/", port: 0 });
    const page = await browser.newPage({ viewport: WINDOW, colorScheme: "light" });
    for (const [path, file] of PICTURES) {
      await page.goto(`http://localhost:${server.addr.port}/${path}`, { waitUntil: "networkidle" });
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
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false });
}

if (import.meta.main) Deno.exit(await main());
