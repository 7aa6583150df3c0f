/** The parts that the trainer of a run is given: model, templates and sources of crops. */
import { MODALITIES, type SamplePlan, type Subject } from "../lib/dataset/mod.ts";
import { openSampleSource } from "../lib/host/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../lib/model/mod.ts";
import { Templates } from "../lib/templates/mod.ts";
import type { SubjectSource, TrainerParts } from "../lib/trainer/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import type { RunData } from "./_run_data.ts";

/** Parts, and how to let go of them. */
export type RunParts = Pick<TrainerParts, "model" | "templates" | "training" | "trainingCentres" | "validation"> & {
  /** Ends the loader's threads and frees model and templates. */
  close(): void;
};

/** Share of the cache for random crops; centre crops are taken once. */
const TRAINING_CACHE = 0.9;

/**
 * Builds everything from the options.
 *
 * @param local ranks on this machine, which share its memory and the threads that load
 */
export function openParts(
  options: ResolvedRecipe,
  data: RunData,
  local: { readonly size: number } = { size: 1 },
): RunParts {
  const { seed, preprocess, cropSize, templates: { size, epsilon } } = options;
  const loader = {
    workers: Math.ceil(options.loader.workers / local.size),
    cacheMiB: options.loader.cacheMiB / local.size,
  };
  const open = (subjects: readonly Subject[], crop: SamplePlan["crop"]): SubjectSource => {
    const random = crop === "random";
    const plan: SamplePlan = {
      root: data.root,
      prepared: data.prepared !== undefined,
      subjects,
      preprocess,
      seed,
      crop,
      cropSize,
      templateSize: size,
      sequences: options.method.sequences,
      shuffleOrder: options.shuffleSequences,
    };
    const cacheBytes = loader.cacheMiB * 2 ** 20 * (random ? TRAINING_CACHE : (1 - TRAINING_CACHE) / 2);
    return {
      source: openSampleSource(plan, { workers: random ? loader.workers : 0, cacheBytes }),
      count: subjects.length,
    };
  };
  const training = open(data.training, "random");
  const trainingCentres = open(data.training, "centre");
  const validation = open(data.validation, "centre");
  const model = buildPretrainModel(MODEL_PRESETS[options.model], { seed });
  const templates = new Templates({ modalities: MODALITIES, size, epsilon });
  return {
    model,
    templates,
    training,
    trainingCentres,
    validation,
    close: () => {
      [training, trainingCentres, validation].forEach(({ source }) => source.close());
      model.dispose();
      templates.dispose();
    },
  };
}
