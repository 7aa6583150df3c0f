/** The pre-training run that was finished last. */
import { exists, listNames, RunFolder } from "../lib/host/mod.ts";

/** What is looked at in a run.json. */
interface Description {
  readonly recipe?: unknown;
  readonly kind?: unknown;
  readonly options?: { readonly model?: unknown };
}

/**
 * The newest run of a recipe that has a report, which is written when it is done; undefined when there is none.
 *
 * @param options `model`: runs of this model only
 */
export async function newestPretraining(
  folder: string,
  recipe: string,
  { model }: { model?: string } = {},
): Promise<string | undefined> {
  if (!await exists(folder)) return undefined;
  let newest: { path: string; time: number } | undefined;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (!isDirectory || !await exists(`${path}/run.json`) || !await exists(`${path}/report.html`)) continue;
    const found = await RunFolder.readDescription(path) as Description;
    if (found.kind !== undefined || found.recipe !== recipe) continue;
    if (model !== undefined && found.options?.model !== model) continue;
    if ((await listNames(`${path}/checkpoints`, /^step-\d+\.json$/)).length === 0) continue;
    const time = (await Deno.stat(`${path}/report.html`)).mtime?.getTime() ?? 0;
    if (newest === undefined || time > newest.time) newest = { path, time };
  }
  return newest?.path;
}
