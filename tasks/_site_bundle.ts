/** Scripts of the site: islands share chunks, workers are files of their own. */
/// <reference lib="deno.unstable" />
import { fileURLToPath } from "node:url";
import type { SiteFile } from "./_site_files.ts";

/** What is bundled into one folder. */
export interface BundleOptions {
  /** Addresses of the sources. */
  readonly entries: readonly URL[];
  /** Folder whose tree the bundles keep: `site/islands/A.tsx` below `site/` becomes `islands/A.js`. */
  readonly root: URL;
  /** Left as they are for people who read scripts. */
  readonly minify: boolean;
}

/**
 * Bundles sources with what they import; code that several of them import, or one loads later, goes into chunks.
 *
 * @throws {Error} when a source cannot be bundled; the message names file and line
 */
export async function bundle({ entries, root, minify }: BundleOptions): Promise<SiteFile[]> {
  if (entries.length === 0) return [];
  const folder = fileURLToPath(root);
  // A single entry lands at the top of the output folder: the other ones keep it in place.
  const anchor = new URL("client.ts", root);
  const result = await Deno.bundle({
    entrypoints: [...new Set([anchor.href, ...entries.map(({ href }) => href)])].map((href) =>
      fileURLToPath(new URL(href))
    ),
    outputDir: folder,
    platform: "browser",
    format: "esm",
    codeSplitting: true,
    minify,
    write: false,
  });
  if (!result.success || result.outputFiles === undefined) throw new Error(problemsOf(result));
  return result.outputFiles.map(({ path, contents }) => ({
    path: relative(folder, path),
    content: contents ?? new Uint8Array(),
  }));
}

function relative(folder: string, path: string): string {
  return path.replaceAll("\\", "/").slice(folder.replaceAll("\\", "/").length);
}

function problemsOf({ errors }: Deno.bundle.Result): string {
  const lines = errors.map(({ text, location }) => location ? `${location.file}:${location.line}: ${text}` : text);
  return `Cannot bundle the site's scripts: ${lines.join("\n")}`;
}
