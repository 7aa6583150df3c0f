/** Builds the site: data, pages, scripts, files. */
import { bundle } from "./_site_bundle.ts";
import { readSiteData } from "./_site_data.ts";
import { checkOutput, kernelFiles, SITE, sourcesUnder, staticFiles, writeSite } from "./_site_files.ts";
import { renderPages } from "./_site_pages.ts";

/** The command line. */
export interface SiteArguments {
  /** Folder to write to. */
  readonly out: string;
  /** Path that the site will be published under; begins and ends with `/`. */
  readonly base: string;
  /** Folders of runs, or folders that hold some. */
  readonly runs: readonly string[];
  /** Folders of exported models. */
  readonly models: readonly string[];
  /** Folder of result files. */
  readonly results: string;
}

/**
 * Reads results, renders the pages and writes the site.
 *
 * @returns the number of pages
 */
export async function buildSite(args: SiteArguments, print: (line: string) => void): Promise<number> {
  const { out, base } = args;
  await checkOutput(out);
  const { data, files } = await readSiteData({ ...args, earlier: out, print });
  const pages = await renderPages(data, { base });
  const scripts = await bundle({ root: SITE, entries: await scriptEntries(), minify: true });
  await writeSite(out, [...await staticFiles(), ...await kernelFiles(), ...files, ...scripts, ...pages]);
  print(`${pages.length} pages in ${out}/`);
  return pages.length;
}

/** What the browser may load by name: the start, each island, each worker. */
async function scriptEntries(): Promise<URL[]> {
  const islands = (await sourcesUnder("islands/", /^[A-Z]\w*\.tsx$/)).map((file) => `islands/${file}`);
  const workers = (await sourcesUnder("workers/", /^[^_/]+\.ts$/)).map((file) => `workers/${file}`);
  return ["client.ts", ...islands, ...workers].map((file) => new URL(file, SITE));
}
