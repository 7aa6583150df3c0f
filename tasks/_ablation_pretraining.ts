/** The pre-training of an ablation's variant: from the start, or from where an interruption left it. */
import { exists, readText, RunFolder, startBackend, writeFileAtomic } from "../lib/host/mod.ts";
import type { AblationPretraining, AblationVariant } from "../lib/results.ts";
import type { BackendInfo } from "../lib/tensor/mod.ts";
import { pretrain, type TrainerParts } from "../lib/trainer/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { outliveGpuLosses, savedUpdatesIn } from "./_gpu_loss.ts";
import type { RunData } from "./_run_data.ts";
import { describeEnvironment, type RunDescription } from "./_run_description.ts";
import { openParts } from "./_run_parts.ts";
import { jsonText } from "./_study_folder.ts";

/** A variant that is pre-trained. */
export type PretrainedVariant = Exclude<AblationVariant, "scratch">;

/** What a variant changes in the recipe: the losses that it does without have no weight. */
export function variantOptions(
  { method, ...options }: ResolvedRecipe,
  { variant, seed }: { variant: PretrainedVariant; seed: number },
): ResolvedRecipe {
  const changes = {
    // Templates that fill the cross-modal views of the first epochs belong to distillation.
    "cmr": { mdWeight: 0, clWeight: 0, templateFillUntilEpoch: -1 },
    "cmr+md": { clWeight: 0 },
    "cmr+md+cl": {},
  }[variant];
  return { ...options, seed, method: { ...method, ...changes } };
}

/** What a pre-training is made of. */
export interface PretrainingPlan {
  readonly recipe: string;
  readonly options: ResolvedRecipe;
  readonly data: RunData;
  /** Folder of the run; its name tells options and data apart. */
  readonly out: string;
}

/** Follows the training, and ends it early. */
type PretrainingWatch = Pick<TrainerParts, "interrupted" | "onProgress"> & { readonly backend: BackendInfo };

const DONE_FILE = "pretraining.json";

/** Whether the run is finished. */
export function isPretrained(out: string): Promise<boolean> {
  return exists(`${out}/${DONE_FILE}`);
}

/** Sees the run through; undefined when it was interrupted and saved. */
export async function pretrainVariant(
  plan: PretrainingPlan,
  watch: PretrainingWatch,
): Promise<AblationPretraining | undefined> {
  if (await isPretrained(plan.out)) return JSON.parse(await readText(`${plan.out}/${DONE_FILE}`));
  const { backend } = watch;
  return await outliveGpuLosses((event) => pretrainOnce(plan, { ...watch, event }), {
    backend,
    reopen: () => startBackend(backend.name, { precision: plan.options.run.precision, warn: console.error }),
    savedUpdates: () => savedUpdatesIn(plan.out),
    print: (line) => console.log(line),
  });
}

async function pretrainOnce(
  { recipe, options, data, out }: PretrainingPlan,
  { backend, ...watch }: PretrainingWatch & Pick<TrainerParts, "event">,
): Promise<AblationPretraining | undefined> {
  const environment = describeEnvironment(backend);
  const description: RunDescription = { recipe, options, data, backend: backend.name, environment };
  const parts = openParts(options, data);
  try {
    const folder = await exists(`${out}/run.json`)
      ? RunFolder.open(out, { keep: 1 })
      : await RunFolder.create(out, { description, keep: 1 });
    const resume = await folder.latestCheckpoint();
    const clock = (): number => performance.now();
    const sessionParts = { ...parts, ...watch, resume, store: folder, clock };
    const { finished, updates, validation } = await pretrain(sessionParts, options);
    if (!finished) return undefined;
    const done = { updates, trainingSubjects: data.training.length, pairs: validation!.pairs };
    await writeFileAtomic(`${out}/${DONE_FILE}`, jsonText(done));
    return done;
  } finally {
    parts.close();
  }
}
