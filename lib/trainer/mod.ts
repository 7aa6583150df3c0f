/** Pre-training and fine-tuning: the loops and what they are made of. */
export { modelOfCheckpoint, officialState, parseState } from "./checkpoint.ts";
export type { Checkpoint, CheckpointModel, TrainerState } from "./checkpoint.ts";
export { balancedWeights, ClassificationObjective } from "./classification_objective.ts";
export type { ClassificationParts } from "./classification_objective.ts";
export { finetune } from "./finetune.ts";
export type {
  BatchOutcome,
  FinetuneOptions,
  FinetuneParts,
  FinetunePlace,
  FinetuneProgress,
  FinetuneResult,
  FinetuneStore,
  LabelledSubjects,
  Objective,
  ObjectiveScore,
} from "./finetune.ts";
export { channelCount } from "./_region_targets.ts";
export { SegmentationObjective } from "./segmentation_objective.ts";
export type { SegmentationOptions, SegmentationParts, SegmentationTarget } from "./segmentation_objective.ts";
export {
  checkpointMinutesSchema,
  methodSchema,
  optimizerSchema,
  precisionSchema,
  runSchema,
  trainsTemplates,
} from "./options.ts";
export type { MethodOptions, OptimizerOptions, Precision, RunOptions, TrainerOptions } from "./options.ts";
export { learningRateAt } from "./schedule.ts";
export type { ScheduleOptions } from "./schedule.ts";
export { pretrain } from "./trainer.ts";
export type { RunStore, SubjectSource, TrainerParts, TrainerProgress, TrainerResult } from "./trainer.ts";
export type { HeldOutSample, Validation } from "./validation.ts";
