/** The cells of an ablation: which there are, in which order they run, and who runs them. */
import { ConfigError } from "../lib/errors.ts";
import { ABLATION_VARIANTS } from "../lib/report/mod.ts";
import type { AblationVariant } from "../lib/results.ts";
import type { Task } from "../recipes/tasks/mod.ts";

/** One fine-tuning, with the pre-training before it. */
export interface CellPlan {
  readonly variant: AblationVariant;
  readonly task: Task;
  readonly seed: number;
}

/** One of several processes that share the work, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Everything of one seed first, so that an unfinished ablation has whole repetitions; tasks share a pre-training. */
export function listCells(
  { seeds, tasks }: { seeds: readonly number[]; tasks: readonly Task[] },
): CellPlan[] {
  return seeds.flatMap((seed) =>
    ABLATION_VARIANTS.flatMap((variant) => tasks.map((task): CellPlan => ({ variant, task, seed })))
  );
}

/** The cells of a shard: those that share a pre-training stay together, and the others are dealt in turn. */
export function takeShard(cells: readonly CellPlan[], { index, count }: Shard): CellPlan[] {
  const groups = [...new Set(cells.map(groupName))];
  return cells.filter((cell) => groups.indexOf(groupName(cell)) % count === index - 1);
}

/** `cmr+md-seed2`: what cells that share a pre-training have in common. */
export function groupName({ variant, seed }: Pick<CellPlan, "variant" | "seed">): string {
  return `${variant}-seed${seed}`;
}

/** `cmr+md-phantom-tumour-seed2`: the file of a cell. */
export function cellName({ variant, task, seed }: CellPlan): string {
  return `${variant}-${task.name}-seed${seed}`;
}

/** A cell as the command line names it. */
export interface NamedCell {
  readonly variant: AblationVariant;
  /** Name or file of a task. */
  readonly task: string;
  readonly seed: number;
}

/**
 * Reads `cmr+md:phantom-tumour:2`.
 *
 * @throws {ConfigError} when it is not of this form, or there is no such variant
 */
export function parseCell(text: string): NamedCell {
  const [, name, task, seed] = text.match(/^([^:]+):(.+):(\d+)$/) ?? [];
  const variant = ABLATION_VARIANTS.find((known) => known === name);
  if (variant !== undefined && Number.isSafeInteger(Number(seed))) return { variant, task, seed: Number(seed) };
  throw new ConfigError(
    `Cannot use --cell: expected VARIANT:TASK:SEED with a variant of ${ABLATION_VARIANTS.join(", ")}, as in ` +
      `cmr+md:phantom-tumour:2, got "${text}"`,
  );
}

/**
 * Reads `2/4`.
 *
 * @throws {ConfigError} when it is not of this form, or the first number is not from 1 to the second
 */
export function parseShard(text: string): Shard {
  const [, index, count] = (text.match(/^(\d+)\/(\d+)$/) ?? []).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  throw new ConfigError(`Cannot use --shard: expected I/N with I from 1 to N, as in 2/4, got "${text}"`);
}
