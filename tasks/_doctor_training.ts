/** Two updates of pre-training on phantoms in memory, on the backend under test and on the reference backend. */
import { resolveConfig } from "../lib/config.ts";
import {
  centreSample,
  generatePhantomSubject,
  MODALITIES,
  preprocessSubject,
  type Sample,
} from "../lib/dataset/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../lib/model/mod.ts";
import type { StepRecord } from "../lib/results.ts";
import { Templates } from "../lib/templates/mod.ts";
import { type BackendInfo, selectBackend } from "../lib/tensor/mod.ts";
import { pretrain, type SubjectSource } from "../lib/trainer/mod.ts";
import { RECIPES, recipeSchema, type ResolvedRecipe } from "../recipes/mod.ts";

/** Numbers of an update that are compared. */
export type StepNumbers = Pick<StepRecord, "loss" | "cmr" | "md" | "cl" | "gradientNorm">;

/** The updates on both backends. */
export interface TrainingFacts {
  readonly backend: BackendInfo["name"];
  readonly updates: readonly StepNumbers[];
  readonly reference: readonly StepNumbers[];
}

/** Updates of the check: the losses of the second one depend on the gradients and the optimiser of the first. */
export const UPDATES = 2;
const SUBJECTS = 2;
/** Network, crop and masks are those of the quick recipe; all three losses from the start, an update an epoch. */
const CHANGES = [
  `run.epochs=${UPDATES}`,
  `run.batchSize=${SUBJECTS}`,
  "method.clStartEpoch=0",
  "optimizer.warmupSteps=0",
];

/** Trains on both backends; the one under test is the current one afterwards. */
export async function compareTraining(backend: BackendInfo["name"]): Promise<TrainingFacts> {
  const reference = await trainOn("reference");
  return { backend, reference, updates: backend === "reference" ? reference : await trainOn(backend) };
}

async function trainOn(backend: BackendInfo["name"]): Promise<StepNumbers[]> {
  await selectBackend(backend);
  const options = resolveConfig(recipeSchema, RECIPES.quick.recipe, { assignments: CHANGES });
  const samples = Array.from({ length: SUBJECTS }, (_, index) => phantomSample(index, options));
  const model = buildPretrainModel(MODEL_PRESETS[options.model], { seed: options.seed });
  const templates = new Templates({ modalities: MODALITIES, ...options.templates });
  const updates: StepNumbers[] = [];
  try {
    await pretrain({
      model,
      templates,
      training: sourceOf(samples),
      trainingCentres: sourceOf([]),
      validation: sourceOf([]),
      store: NO_STORE,
      onProgress: ({ record: { loss, cmr, md, cl, gradientNorm } }) =>
        updates.push({ loss, cmr, md, cl, gradientNorm }),
    }, options);
  } finally {
    model.dispose();
    templates.dispose();
  }
  return updates;
}

const NO_STORE = {
  appendRecord: (): Promise<void> => Promise.resolve(),
  truncateRecords: (): Promise<void> => Promise.resolve(),
  saveCheckpoint: (): Promise<void> => Promise.resolve(),
};

function sourceOf(samples: readonly Sample[]): SubjectSource {
  const load = ({ subject }: { subject: number }): Promise<Sample> => Promise.resolve(samples[subject]);
  return { count: samples.length, source: { load, close: () => {} } };
}

function phantomSample(
  index: number,
  { cropSize, templates, preprocess }: Pick<ResolvedRecipe, "cropSize" | "templates" | "preprocess">,
): Sample {
  const subject = `phantom ${index}`;
  const size = templates.size[0];
  const { images } = generatePhantomSubject({ seed: 0, index, size, modalities: ["t1", "flair"], lesion: "tumour" });
  const scans = images.map(({ modality, volume }) => ({ modality, volume, file: `${subject} ${modality}` }));
  return centreSample(preprocessSubject(scans, preprocess), { subject, cropSize, templateSize: templates.size });
}
