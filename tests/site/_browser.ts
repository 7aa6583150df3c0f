/** Pages in a real browser: Debian's Chromium, driven by playwright-core. */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "../../tasks/_playwright.ts";
import { serveFolder } from "../../tasks/_site_server.ts";

const CHROMIUM = "/usr/bin/chromium";
/** WebGL and WebGPU computed by the CPU: the same pictures and numbers on every machine. */
const SOFTWARE_GRAPHICS = [
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

/** Whether there is a browser on this machine. */
export const HAS_CHROMIUM = exists(CHROMIUM);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A test that needs a browser: its name says so where there is none. */
export function browserTest(name: string, test: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({
    name: HAS_CHROMIUM ? name : `${name} (no Chromium)`,
    ignore: !HAS_CHROMIUM,
    // The browser's process and pipes belong to the file, not to one test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: test,
  });
}

let browser: Promise<Browser> | undefined;

async function launch(): Promise<Browser> {
  // Its start looks for traces of Windows in /proc, which Deno only shows with all permissions.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("../../tasks/_playwright.ts");
  return await chromium.launch({ executablePath: CHROMIUM, chromiumSandbox: false, args: SOFTWARE_GRAPHICS });
}

/** Ends the browser, if one was started; for `Deno.test.afterAll`. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** A built site under a path, with what went wrong on its pages. */
export interface OpenSite extends AsyncDisposable {
  /** Address of the first page. */
  readonly root: string;
  readonly context: BrowserContext;
  /** Errors on the console, exceptions, failed requests and requests to elsewhere. */
  readonly problems: string[];
  /** Opens a page and waits until its islands are awake. */
  open(path: string): Promise<Page>;
}

/** Serves a folder and opens a browser window on it. */
export async function openSite(
  folder: string,
  options: BrowserContextOptions & { base?: string } = {},
): Promise<OpenSite> {
  const { base = "/brainmvp/", ...contextOptions } = options;
  const server = serveFolder(folder, { base, port: 0 });
  const context = await (await (browser ??= launch())).newContext(contextOptions);
  context.setDefaultTimeout(30_000);
  const origin = `http://localhost:${server.addr.port}`;
  const problems: string[] = [];
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith(`${origin}${base}`) || /^(data|blob):/.test(url)) return route.continue();
    problems.push(`request to ${url}`);
    return route.abort();
  });
  context.on("page", (page) => {
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
    page.on("response", (response) => {
      if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
    });
  });
  return {
    root: `${origin}${base}`,
    context,
    problems,
    open: async (path) => {
      const page = await context.newPage();
      await page.goto(`${origin}${base}${path.replace(/^\//, "")}`);
      await page.waitForFunction(() => {
        return [...document.querySelectorAll("[data-island]")].every((island) => island.hasAttribute("data-awake"));
      });
      return page;
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await server.shutdown();
    },
  };
}

/** Fails when something went wrong on a page. */
export function assertNoProblems({ problems }: OpenSite): void {
  assert.deepEqual(problems, []);
}
