/** All downstream tasks by name, and how others are read from files. */
import { parseConfigFile, resolveConfig } from "../../lib/config.ts";
import { ConfigError } from "../../lib/errors.ts";
import { abide1 } from "./abide1.ts";
import { adhd200 } from "./adhd200.ts";
import { adni } from "./adni.ts";
import { brats2018Hgg } from "./brats2018_hgg.ts";
import { brats2023Met } from "./brats2023_met.ts";
import { brats2023Ped } from "./brats2023_ped.ts";
import { isles22 } from "./isles22.ts";
import { mrbrains13 } from "./mrbrains13.ts";
import { phantomClass } from "./phantom_class.ts";
import { phantomTumour } from "./phantom_tumour.ts";
import { type Task, type TaskInput, taskSchema } from "./schema.ts";
import { upennGbm } from "./upenn_gbm.ts";
import { vsseg } from "./vsseg.ts";

export { taskSchema } from "./schema.ts";
export type { ClassificationTask, SegmentationTask, Task, TaskInput } from "./schema.ts";

/** The table of tasks, one line each. */
export const TASKS: Readonly<Record<string, TaskInput>> = Object.fromEntries(
  [
    brats2023Ped,
    brats2023Met,
    isles22,
    mrbrains13,
    vsseg,
    upennGbm,
    brats2018Hgg,
    adni,
    adhd200,
    abide1,
    phantomTumour,
    phantomClass,
  ].map((task) => [task.name, task]),
);

/** A commented task file to copy. */
export const CUSTOM_TASK_FILE = "recipes/tasks/custom.yaml";

/** True for the name of a file rather than of a task. */
export function isTaskFile(nameOrFile: string): boolean {
  return /\.(ya?ml|json)$/i.test(nameOrFile);
}

/**
 * Finds a task of the table.
 *
 * @throws {ConfigError} when there is none of the name
 */
export function findTask(name: string): Task {
  if (!Object.hasOwn(TASKS, name)) {
    throw new ConfigError(
      `Cannot find task: expected one of ${Object.keys(TASKS).join(", ")}, or a file such as my-task.yaml ` +
        `(copy ${CUSTOM_TASK_FILE}), got "${name}"`,
    );
  }
  return taskSchema.parse(TASKS[name]);
}

/**
 * Reads a task from YAML (or JSON).
 *
 * @param file path of the file, for messages
 * @throws {ConfigError} with one line per problem
 */
export function parseTask(text: string, file: string): Task {
  const { values } = parseConfigFile(text, file);
  if (!("kind" in values)) {
    throw new ConfigError(`Cannot use task ${file}: expected kind: segmentation or kind: classification, got neither`);
  }
  return resolveConfig(taskSchema, {} as TaskInput, { file: { name: file, values }, recipe: "" });
}
