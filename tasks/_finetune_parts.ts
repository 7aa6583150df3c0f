/** The parts that a fine-tuning run is given: model, objective and sources of crops. */
import type { LabelledPlan, Subject, TemplateVolume } from "../lib/dataset/mod.ts";
import { openLabelledSource } from "../lib/host/mod.ts";
import { buildClassificationModel, buildSegmentationModel, MODEL_PRESETS } from "../lib/model/mod.ts";
import type { ModelConfig } from "../lib/model/mod.ts";
import { balancedWeights, channelCount, ClassificationObjective, SegmentationObjective } from "../lib/trainer/mod.ts";
import type { LabelledSubjects, Objective } from "../lib/trainer/mod.ts";
import { labelScheme } from "./_finetune_data.ts";
import type { FinetuneDescription } from "./_finetune_description.ts";

/** What parts are made of. */
export type FinetunePlan = Pick<FinetuneDescription, "task" | "options" | "data"> & {
  /** For substitution, normalised or raw as the options say; empty = no channel is replaced. */
  readonly templates: readonly TemplateVolume[];
};

/** Parts, and how to let go of them. */
export interface FinetuneRunParts {
  readonly objective: Objective;
  readonly training: LabelledSubjects;
  readonly validation: LabelledSubjects;
  /** Ends the loader's threads and frees the model. */
  close(): void;
}

/** Share of the cache for training subjects. */
const TRAINING_CACHE = 0.8;

/** Builds everything from the options. */
export function openFinetuneParts(plan: FinetunePlan): FinetuneRunParts {
  const { objective, dispose } = buildObjective(plan);
  const training = openSubjects(plan, "training");
  const validation = openSubjects(plan, "validation");
  return {
    objective,
    training,
    validation,
    close: () => {
      [training, validation].forEach(({ source }) => source.close());
      dispose();
    },
  };
}

function buildObjective(plan: FinetunePlan): { objective: Objective; dispose: () => void } {
  const { task, options, data, templates } = plan;
  const { seed, cropSize, loss, head, run } = options;
  const augment = {
    ...options.augment,
    templateChannels: templates.length === 0 ? 0 : options.augment.templateChannels,
  };
  const sizes: ModelConfig = { ...MODEL_PRESETS[options.model], inChannels: task.modalities.length };
  if (task.kind === "classification") {
    const classes = task.classes.length;
    const model = buildClassificationModel({ ...sizes, classes, head: head.kind, hidden: head.hidden }, { seed });
    const classWeights = head.classWeights === "balanced"
      ? balancedWeights(data.classes!.training, classes)
      : task.classes.map(() => 1);
    const { freezeEncoder } = head;
    const { recomputeBlocks } = run;
    const parts = { model, classes, classWeights, freezeEncoder, templates, augment, recomputeBlocks };
    return { objective: new ClassificationObjective(parts), dispose: model.dispose };
  }
  const model = buildSegmentationModel({ ...sizes, classes: channelCount(task) }, { seed });
  const objective = new SegmentationObjective({ model, target: task, templates }, {
    ...loss,
    ...run,
    cropSize,
    augment,
  });
  return { objective, dispose: model.dispose };
}

function openSubjects({ task, options, data }: FinetunePlan, side: "training" | "validation"): LabelledSubjects {
  const { seed, preprocess, cropSize, loader, run, templates, augment } = options;
  const subjects: readonly Subject[] = data[side];
  const isTraining = side === "training";
  const isWhole = task.kind === "segmentation" && run.validation === "sliding";
  const plan: LabelledPlan = {
    root: data.root,
    prepared: data.prepared !== undefined,
    subjects,
    modalities: task.modalities,
    scheme: task.kind === "segmentation" ? labelScheme(task, options.labelSet) : null,
    classes: data.classes?.[side] ?? null,
    preprocess,
    seed,
    crop: isTraining ? "random" : isWhole ? "whole" : "centre",
    cropSize,
    templateSize: templates.size,
    labelCentred: augment.labelCentred,
  };
  const cacheBytes = loader.cacheMiB * 2 ** 20 * (isTraining ? TRAINING_CACHE : 1 - TRAINING_CACHE);
  return {
    source: openLabelledSource(plan, { workers: isTraining ? loader.workers : 0, cacheBytes }),
    count: subjects.length,
  };
}
