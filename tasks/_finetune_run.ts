/** A fine-tuning run that is open: new or old, with its folder, weights and parts, and how it is trained. */
import type { TemplateVolume } from "../lib/dataset/mod.ts";
import { RunFolder } from "../lib/host/mod.ts";
import type { SavedCheckpoint } from "../lib/host/mod.ts";
import type { FinetuneRecord } from "../lib/results.ts";
import type { BackendInfo } from "../lib/tensor/mod.ts";
import { finetune } from "../lib/trainer/mod.ts";
import type { FinetuneParts, FinetuneStore } from "../lib/trainer/mod.ts";
import type { FinetuneDescription } from "./_finetune_description.ts";
import { type FinetuneRunParts, openFinetuneParts } from "./_finetune_parts.ts";
import { encodeTemplates, loadFinetuneWeights, readSavedTemplates, type WeightsSource } from "./_finetune_weights.ts";
import { describeEnvironment } from "./_run_description.ts";

const TEMPLATES_FILE = "templates.safetensors";
/** What a new run is made of. */
export type NewRun = Pick<FinetuneDescription, "recipe" | "task" | "options" | "data"> & {
  /** Replace channels; none = no channel is replaced. */
  readonly templates: readonly TemplateVolume[];
  /** Where the weights come from; undefined = random ones. */
  readonly source: WeightsSource | undefined;
  readonly out: string;
};

/** Works with an open run. */
export type UseRun<T> = (description: FinetuneDescription, session: FinetuneSession) => Promise<T>;

/** Opens a new run, with its folder and weights, for as long as it is used. */
export async function withNewRun<T>(
  { source, templates, out, ...plan }: NewRun,
  { backend, print, use }: { backend: BackendInfo; print: (line: string) => void; use: UseRun<T> },
): Promise<T> {
  const { options } = plan;
  const parts = openFinetuneParts({ ...plan, templates });
  try {
    const { parameters } = parts.objective;
    const weights = source &&
      await loadFinetuneWeights(source.file, { parameters, firstConv: options.firstConv, print });
    const description: FinetuneDescription = {
      kind: "finetune",
      ...plan,
      model: options.model,
      backend: backend.name,
      environment: describeEnvironment(backend),
      ...(weights ? { weights } : {}),
    };
    const folder = await RunFolder.create(out, { description, keep: options.run.keepCheckpoints });
    if (templates.length > 0) await folder.write(TEMPLATES_FILE, encodeTemplates(templates));
    return await use(description, { folder, resume: undefined, parts });
  } finally {
    parts.close();
  }
}

/** Opens a run that was started before, on the backend in use, where its newest checkpoint left it. */
export async function withOldRun<T>(
  run: string,
  { description, print, use }: { description: FinetuneDescription; print: (line: string) => void; use: UseRun<T> },
): Promise<T> {
  const { task, options, data, weights } = description;
  const folder = RunFolder.open(run, { keep: options.run.keepCheckpoints });
  const templates = await readSavedTemplates(`${run}/${TEMPLATES_FILE}`);
  const parts = openFinetuneParts({ task, options, data, templates });
  try {
    const resume = await folder.latestCheckpoint();
    // Stopped before its first checkpoint, a run starts again, from where it started.
    if (resume === undefined && weights !== undefined) {
      const { parameters } = parts.objective;
      await loadFinetuneWeights(weights.file, { parameters, firstConv: options.firstConv, print });
    }
    return await use(description, { folder, resume, parts });
  } finally {
    parts.close();
  }
}

/** A run that is open. */
export interface FinetuneSession {
  readonly folder: RunFolder;
  readonly resume: SavedCheckpoint | undefined;
  readonly parts: FinetuneRunParts;
}

/** Trains an open run to its end, or until it is interrupted and saved. */
export async function trainRun(
  description: FinetuneDescription,
  { folder, resume, parts, ...watch }: FinetuneSession & FinetuneWatch,
): Promise<{ readonly finished: boolean; readonly records: readonly FinetuneRecord[] }> {
  const { task, options } = description;
  const clock = (): number => performance.now();
  const { finished } = await finetune({ ...parts, ...watch, resume, store: storeOf(folder), clock }, {
    ...options,
    fingerprint: fingerprint(description),
    metadata: { model: options.model, task: task.name, modalities: task.modalities.join(" ") },
  });
  return { finished, records: await folder.readRecords<FinetuneRecord>() };
}

/** Follows a training, and ends it early; what is to be recorded before it goes on. */
export type FinetuneWatch = Pick<FinetuneParts, "interrupted" | "onProgress" | "event">;

function storeOf(folder: RunFolder): FinetuneStore {
  return {
    appendRecord: (record) => folder.appendRecord(record),
    truncateRecords: (count) => folder.truncateRecords(count),
    saveCheckpoint: (updates, checkpoint) => folder.saveCheckpoint(updates, checkpoint),
    saveWeights: (chunks) => folder.write("weights.safetensors", chunks),
  };
}

/** Options that shape the numbers and are not the loop's own: a resumed run must have the same. */
function fingerprint({ task, options, data }: FinetuneDescription): string {
  const { loader: _, optimizer: __, run, phantom: ___, ...shaping } = options;
  const { validation, overlap } = run;
  const subjects = [data.training, data.validation].map((side) => side.map(({ id }) => id));
  return JSON.stringify({ task, shaping, validation, overlap, subjects });
}
