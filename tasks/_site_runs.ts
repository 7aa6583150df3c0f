/** Runs as the site shows them, from their folders. */
import { flattenConfig } from "../lib/config.ts";
import { readNifti } from "../lib/dataset/mod.ts";
import { exists, listNames, readFile, readText, RunFolder } from "../lib/host/mod.ts";
import type { FinetuneRecord, MetricsRecord, TemplateImage } from "../lib/results.ts";
import { parseRecords, type Run, type SiteData, type TemplateFrame, type TemplateRun } from "../site/mod.ts";
import { readFinetuneDescription } from "./_finetune_description.ts";
import { readRunDescription, type RunDescription } from "./_run_description.ts";
import { isSynthetic, withoutFolders } from "./_run_data.ts";
import type { SiteFile } from "./_site_files.ts";

/** Folders by what they hold. */
export interface FoundRuns {
  readonly pretraining: readonly string[];
  readonly finetuning: readonly string[];
  /** Studies that are done. */
  readonly studies: readonly string[];
  /** Exported models inside runs. */
  readonly exported: readonly string[];
}

/**
 * Finds the runs in folders, each of which is a run or holds some.
 *
 * @throws {Error} when a folder is missing or holds no run, or a run.json is damaged
 */
export async function findRuns(folders: readonly string[]): Promise<FoundRuns> {
  const found = { pretraining: [], finetuning: [], studies: [], exported: [] } as Record<keyof FoundRuns, string[]>;
  for (const folder of folders) {
    const runs = await runsIn(folder);
    if (runs.length === 0) {
      throw new Error(`Cannot show runs of ${folder}: expected a run or a folder of runs, found no run.json`);
    }
    for (const run of runs) await sortRun(run, found);
  }
  return found;
}

async function runsIn(folder: string): Promise<string[]> {
  if (!await exists(folder)) throw new Error(`Cannot show runs of ${folder}: expected a folder, found none`);
  const path = folder.replace(/(?<=.)[/\\]+$/, "");
  if (await exists(`${path}/run.json`)) return [path];
  const names = await listNames(path, /^[\w.-]+$/);
  const isRun = await Promise.all(names.map((name) => exists(`${path}/${name}/run.json`)));
  return names.filter((_, i) => isRun[i]).map((name) => `${path}/${name}`);
}

async function sortRun(run: string, found: Record<keyof FoundRuns, string[]>): Promise<void> {
  const { kind } = (await RunFolder.readDescription(run, { verb: "show" }) ?? {}) as { kind?: unknown };
  if (kind === undefined) found.pretraining.push(run);
  if (kind === "finetune") found.finetuning.push(run);
  if ((kind === "label-efficiency" || kind === "missing-modality") && await exists(`${run}/results.json`)) {
    found.studies.push(run);
  }
  if (await exists(`${run}/export/README.md`)) found.exported.push(`${run}/export`);
}

/** Reads the runs, and copies what their pages refer to. */
export async function readRuns(
  { pretraining, finetuning }: Pick<FoundRuns, "pretraining" | "finetuning">,
  { print }: { print: (line: string) => void },
): Promise<Pick<SiteData, "runs" | "templateRuns"> & { files: SiteFile[] }> {
  checkNames([...pretraining, ...finetuning]);
  const files: SiteFile[] = [];
  const runs: Run[] = [];
  const templateRuns: TemplateRun[] = [];
  for (const folder of pretraining) {
    const description = await readRunDescription(folder, { verb: "show" });
    const run = await readPretraining(folder, { description, files, print });
    runs.push(run);
    const templates = await copyTemplates(folder, { description, files, records: run.records as MetricsRecord[] });
    if (templates !== undefined) templateRuns.push(templates);
  }
  for (const folder of finetuning) runs.push(await readFinetuning(folder));
  return { runs, templateRuns, files };
}

/** Names become addresses. */
function checkNames(folders: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const folder of folders) {
    const name = nameOfRun(folder);
    const other = seen.get(name);
    if (other !== undefined) {
      throw new Error(
        `Cannot show runs ${other} and ${folder}: expected folders of different names, got "${name}" twice`,
      );
    }
    seen.set(name, folder);
  }
}

function nameOfRun(folder: string): string {
  return folder.slice(Math.max(folder.lastIndexOf("/"), folder.lastIndexOf("\\")) + 1);
}

async function readRecords<R>(folder: string): Promise<R[]> {
  const path = `${folder}/metrics.jsonl`;
  return await exists(path) ? parseRecords<R>({ path, text: await readText(path) }) : [];
}

interface Reading {
  readonly description: RunDescription;
  readonly files: SiteFile[];
  readonly print: (line: string) => void;
}

async function readPretraining(folder: string, { description, files, print }: Reading): Promise<Run> {
  const name = nameOfRun(folder);
  const { recipe, options, data, environment } = description;
  const report = `runs/${name}/report.html`;
  const hasReport = await exists(`${folder}/report.html`);
  const isPublic = isSynthetic(data.origin);
  if (hasReport && isPublic) files.push({ path: report, content: await readFile(`${folder}/report.html`) });
  if (hasReport && !isPublic) print(`${name}: its report shows slices of scans and is left out`);
  return {
    kind: "pretraining",
    name,
    recipe,
    origin: withoutFolders(data.origin),
    trainingSubjects: data.training.length,
    heldOutSubjects: data.validation.length,
    options: flattenConfig(options),
    environment,
    records: await readRecords<MetricsRecord>(folder),
    templates: await readTemplates(folder),
    report: hasReport && isPublic ? `/${report}` : null,
  };
}

async function readFinetuning(folder: string): Promise<Run> {
  const { recipe, task, options, data, weights, environment } = await readFinetuneDescription(folder, { verb: "show" });
  return {
    kind: "fine-tuning",
    name: nameOfRun(folder),
    recipe,
    task: task.title,
    weights: weights === undefined ? null : weights.file.split(/[/\\]/).slice(-3).join("/"),
    origin: withoutFolders(data.origin),
    trainingSubjects: data.training.length,
    heldOutSubjects: data.validation.length,
    options: flattenConfig(options),
    environment,
    records: await readRecords<FinetuneRecord>(folder),
  };
}

const TEMPLATE = /^[a-z0-9]+\.nii\.gz$/;

async function readTemplates(folder: string): Promise<TemplateImage[]> {
  const path = `${folder}/templates`;
  if (!await exists(path)) return [];
  return Promise.all((await listNames(path, TEMPLATE)).map(async (name) => {
    const { data, size } = await readNifti(await readFile(`${path}/${name}`), `${path}/${name}`);
    return { modality: name.replace(".nii.gz", ""), data, size };
  }));
}

/** Puts a run's templates into the site: those kept while it went on, under `templates/epoch-N/`, and the last ones. */
async function copyTemplates(
  folder: string,
  { description, files, records }: Pick<Reading, "description" | "files"> & { records: readonly MetricsRecord[] },
): Promise<TemplateRun | undefined> {
  const name = nameOfRun(folder);
  const path = `${folder}/templates`;
  if (!await exists(path)) return undefined;
  const epochs = (await listNames(path, /^epoch-\d+$/)).map((kept) => Number(kept.slice("epoch-".length)));
  const ordered = epochs.sort((a, b) => a - b);
  const last = records.at(-1);
  const folders = await listNames(path, TEMPLATE);
  const end = folders.length === 0 || last === undefined ? [] : [{ source: path, epoch: last.epoch + 1 }];
  const kept = ordered.filter((epoch) => end.length === 0 || epoch < end[0].epoch);
  const names = await listNames(path, /^epoch-\d+$/);
  const moments = [
    ...kept.map((epoch) => ({ source: `${path}/${names.find((kept) => Number(kept.slice(6)) === epoch)}`, epoch })),
    ...end,
  ];
  const frames: TemplateFrame[] = [];
  for (const { source, epoch } of moments) {
    frames.push(await copyFrame(source, { name, epoch, records, files }));
  }
  if (frames.length === 0) return undefined;
  const [first] = Object.values(frames[frames.length - 1].files);
  const content = files.find((file) => `/${file.path}` === first)!.content as Uint8Array;
  return {
    name,
    recipe: description.recipe,
    synthetic: isSynthetic(description.data.origin),
    modalities: Object.keys(frames[frames.length - 1].files),
    size: (await readNifti(content, first)).size,
    frames,
  };
}

async function copyFrame(
  source: string,
  { name, epoch, records, files }: {
    name: string;
    epoch: number;
    records: readonly MetricsRecord[];
    files: SiteFile[];
  },
): Promise<TemplateFrame> {
  const addresses: Record<string, string> = {};
  for (const file of await listNames(source, TEMPLATE)) {
    const path = `data/templates/${name}/epoch-${epoch}/${file}`;
    files.push({ path, content: await readFile(`${source}/${file}`) });
    addresses[file.replace(".nii.gz", "")] = `/${path}`;
  }
  const step = records.findLast((record) => record.kind === "step" && record.epoch < epoch)?.step ?? 0;
  return { epoch, step, files: addresses };
}
