/** What the pages show, from the result files of this repository and the folders of runs and models. */
import { fileURLToPath } from "node:url";
import type { BenchResults } from "../bench/results.ts";
import { exists, listNames, readFile, readText } from "../lib/host/mod.ts";
import {
  readAblations,
  readDownstream,
  readLabelEfficiency,
  readMissingModality,
  renderScene,
  type ResultFile,
  SCENE,
  sceneKey,
  type SiteData,
} from "../site/mod.ts";
import { withoutFolders } from "./_run_data.ts";
import type { SiteFile } from "./_site_files.ts";
import { readModels } from "./_site_models.ts";
import { findRuns, readRuns } from "./_site_runs.ts";

const ROOT = new URL("../", import.meta.url);

/** Where results are committed. */
export const RESULTS = "results";

/** Where to look. */
export interface SiteSources {
  /** Folders of runs, or folders that hold some. */
  readonly runs: readonly string[];
  /** Folders that `deno task export` wrote. */
  readonly models: readonly string[];
  /** Folder of result files: `ablation/SCALE/`, `downstream/`, `label-efficiency/`, `missing-modality/`. */
  readonly results: string;
  /** The earlier build: its pictures of the phantom are used again. */
  readonly earlier: string;
  readonly print: (line: string) => void;
}

/**
 * Reads all results.
 *
 * @returns what the pages show, and the files that they refer to
 * @throws {Error} when a folder that was named is missing, or a file is damaged; the message names it
 */
export async function readSiteData(sources: SiteSources): Promise<{ data: SiteData; files: SiteFile[] }> {
  if (sources.results !== RESULTS && !await exists(sources.results)) {
    throw new Error(`Cannot read results of ${sources.results}: expected a folder, found none`);
  }
  const found = await findRuns(sources.runs);
  const { runs, templateRuns, files } = await readRuns(found, sources);
  const studies = await Promise.all(found.studies.map((run) => resultFile(`${run}/results.json`)));
  const labelEfficiency = await resultsIn(sources, "label-efficiency");
  const missingModality = await resultsIn(sources, "missing-modality");
  const models = await readModels([...sources.models, ...found.exported]);
  const bench = JSON.parse(await readText(fileURLToPath(new URL("bench/results.json", ROOT)))) as BenchResults;
  const ablationFiles = (await Promise.all(
    (await foldersIn(`${sources.results}/ablation`)).map((scale) => resultsIn(sources, `ablation/${scale}`)),
  )).flat();
  // Last, since it takes longest: what is wrong with a file is said before.
  const data = {
    version: await readVersion(),
    ablations: readAblations(ablationFiles),
    downstream: (await resultsIn(sources, "downstream")).map(readDownstream),
    labelEfficiency: [...labelEfficiency, ...studies.filter(isOf("label-efficiency"))].map(readLabelEfficiency)
      .map(withPublicOrigin),
    missingModality: [...missingModality, ...studies.filter(isOf("missing-modality"))].map(readMissingModality)
      .map(withPublicOrigin),
    bench,
    runs,
    templateRuns,
    models,
  };
  const { scene, pictures } = await phantomPictures(sources);
  return { data: { ...data, phantom: scene }, files: [...files, ...pictures] };
}

function withPublicOrigin<T extends { readonly origin: string }>(study: T): T {
  return { ...study, origin: withoutFolders(study.origin) };
}

async function readVersion(): Promise<string> {
  return JSON.parse(await readText(fileURLToPath(new URL("deno.json", ROOT)))).version;
}

async function resultFile(path: string): Promise<ResultFile> {
  return { path, text: await readText(path) };
}

/** The `.json` files of a folder of results; none where there is no such folder. */
async function resultsIn({ results }: SiteSources, folder: string): Promise<ResultFile[]> {
  const path = `${results}/${folder}`;
  if (!await exists(path)) return [];
  return Promise.all((await listNames(path, /\.json$/)).map((name) => resultFile(`${path}/${name}`)));
}

async function foldersIn(path: string): Promise<string[]> {
  return await exists(path) ? await listNames(path, /^[^.]+$/) : [];
}

/** Studies are told apart by what they say of themselves; damaged ones count for both, and are refused by the reader. */
function isOf(kind: string): (file: ResultFile) => boolean {
  return ({ text }) => text.includes(`"kind": "${kind}"`);
}

const SCENE_FILE = "data/phantom/scene.json";

/** The pictures of the first page, from the earlier build where they are the same: drawing takes seconds. */
async function phantomPictures(
  { earlier }: SiteSources,
): Promise<{ scene: SiteData["phantom"]; pictures: SiteFile[] }> {
  const key = sceneKey(SCENE);
  const known = `${earlier}/${SCENE_FILE}`;
  const before = await exists(known) ? JSON.parse(await readText(known)) : null;
  const finish = (scene: SiteData["phantom"], pictures: SiteFile[]): ReturnType<typeof phantomPictures> =>
    Promise.resolve({ scene, pictures: [...pictures, { path: SCENE_FILE, content: JSON.stringify({ key, scene }) }] });
  if (before?.key === key) {
    const { scene } = before as { scene: SiteData["phantom"] };
    const paths = [...scene.sequences, ...scene.templates].map(({ file }) => file.slice(1));
    return finish(
      scene,
      await Promise.all(paths.map(async (path) => ({ path, content: await readFile(`${earlier}/${path}`) }))),
    );
  }
  const { scene, pictures } = renderScene(SCENE);
  return finish(scene, pictures.map(({ file, png }) => ({ path: file.slice(1), content: png })));
}
