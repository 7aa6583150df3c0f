/** Files of the site: its sources, and what is written. */
import { fileURLToPath } from "node:url";
import { exists, listNames, makeFolder, readFile, remove } from "../lib/host/mod.ts";

/** Folder of the sources. */
export const SITE = new URL("../site/", import.meta.url);

/** One file of the built site. */
export interface SiteFile {
  /** Path from the root of the site, separated by `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Paths of the files under a folder of the sources, relative to it, sorted; none where it is missing. */
export async function sourcesUnder(folder: string, matching: RegExp): Promise<string[]> {
  const files: string[] = [];
  if (!await exists(fileURLToPath(new URL(folder, SITE)))) return files;
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, SITE))) {
    if (isDirectory) files.push(...(await sourcesUnder(`${folder}${name}/`, /./)).map((file) => `${name}/${file}`));
    else files.push(name);
  }
  return files.filter((file) => matching.test(file)).sort();
}

/** The files of static/, as they are. */
export async function staticFiles(): Promise<SiteFile[]> {
  const paths = await sourcesUnder("static/", /./);
  return Promise.all(paths.map(async (path) => {
    return { path, content: await readFile(fileURLToPath(new URL(`static/${path}`, SITE))) };
  }));
}

const KERNELS = new URL("../lib/tensor/simd/", import.meta.url);

/** The kernels, where bundled code looks for them: beside the chunks, and beside workers that are a single file. */
export async function kernelFiles(): Promise<SiteFile[]> {
  const names = await listNames(fileURLToPath(KERNELS), /^kernels.*\.wasm$/);
  return (await Promise.all(names.map(async (name) => {
    const content = await readFile(fileURLToPath(new URL(name, KERNELS)));
    return [{ path: name, content }, { path: `workers/${name}`, content }];
  }))).flat();
}

/** Says that a folder is a build of this site and may be replaced. */
const MARKER = ".site-build";

/**
 * Refuses a folder that holds anything but an earlier build.
 *
 * @throws {Error} when replacing the folder would lose files of another kind
 */
export async function checkOutput(folder: string): Promise<void> {
  if (!await exists(folder) || await exists(`${folder}/${MARKER}`)) return;
  const names = await listNames(folder, /./);
  if (names.length === 0) return;
  throw new Error(
    `Cannot build the site into ${folder}: expected an empty folder or an earlier build, found ${names[0]}`,
  );
}

/** Writes the site beside the folder, then puts it in its place, so that a failed build leaves the earlier one. */
export async function writeSite(folder: string, files: readonly SiteFile[]): Promise<void> {
  const next = `${folder}.next`;
  await remove(next);
  await makeFolder(next);
  for (const { path, content } of [{ path: MARKER, content: "" }, ...files]) {
    const target = `${next}/${path}`;
    await makeFolder(target.slice(0, target.lastIndexOf("/")));
    await (typeof content === "string" ? Deno.writeTextFile(target, content) : Deno.writeFile(target, content));
  }
  await remove(folder);
  await Deno.rename(next, folder);
}
