/** What the pages show, from the files of this repository and the folders of runs. */
import { fileURLToPath } from "node:url";
import { readText } from "../lib/host/mod.ts";
import type { SiteData } from "../site/mod.ts";
import type { SiteFile } from "./_site_files.ts";

const ROOT = new URL("../", import.meta.url);

/** Reads all results. */
export async function readSiteData(
  { runs: _runs }: { runs: readonly string[]; print: (line: string) => void },
): Promise<{ data: SiteData; files: SiteFile[] }> {
  const { version } = JSON.parse(await readText(fileURLToPath(new URL("deno.json", ROOT))));
  return { data: { version, templateRuns: [] }, files: [] };
}
