/** Pre-training: the loop and what it is made of. */
export { parseState } from "./checkpoint.ts";
export type { Checkpoint, TrainerState } from "./checkpoint.ts";
export { methodSchema, optimizerSchema, runSchema } from "./options.ts";
export type { MethodOptions, OptimizerOptions, RunOptions, TrainerOptions } from "./options.ts";
export { learningRateAt } from "./schedule.ts";
export type { ScheduleOptions } from "./schedule.ts";
export { pretrain } from "./trainer.ts";
export type { RunStore, SubjectSource, TrainerParts, TrainerProgress, TrainerResult } from "./trainer.ts";
export type { HeldOutSample, Validation } from "./validation.ts";
