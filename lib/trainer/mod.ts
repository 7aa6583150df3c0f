/** Pre-training: the loop and what it is made of. */
export { modelOfCheckpoint, parseState } from "./checkpoint.ts";
export type { Checkpoint, CheckpointModel, TrainerState } from "./checkpoint.ts";
export { methodSchema, optimizerSchema, runSchema } from "./options.ts";
export type { MethodOptions, OptimizerOptions, RunOptions, TrainerOptions } from "./options.ts";
export { learningRateAt } from "./schedule.ts";
export type { ScheduleOptions } from "./schedule.ts";
export { pretrain } from "./trainer.ts";
export type { RunStore, SubjectSource, TrainerParts, TrainerProgress, TrainerResult } from "./trainer.ts";
export type { HeldOutSample, Validation } from "./validation.ts";
