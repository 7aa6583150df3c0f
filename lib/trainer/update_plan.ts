/** Which batches of a run end in an update, and how many updates there are. */
import type { OptimizerOptions } from "./options.ts";

/** What the plan depends on. */
export interface UpdatePlanOptions extends Pick<OptimizerOptions, "accumulationSteps" | "accumulationPhase"> {
  readonly epochs: number;
  readonly batchesPerEpoch: number;
}

/** The updates of a run. */
export interface UpdatePlan {
  /** Updates from the first batch to the last. */
  readonly updates: number;
  /** Updates after which the learning rate has come down. */
  readonly scheduleSteps: number;
  /** Whether an update follows the batch of this index in its epoch. */
  isDueAfter(index: number): boolean;
}

/**
 * Plans the updates.
 *
 * `last`: after every n-th batch of an epoch and after its last one. `first`: after batches 0, n, 2n, … of an epoch, as
 * the official code does; its schedule counts ⌊epochs·batches/n⌋ steps, which is less where n does not divide.
 */
export function planUpdates(options: UpdatePlanOptions): UpdatePlan {
  const { epochs, batchesPerEpoch, accumulationSteps, accumulationPhase } = options;
  const updates = epochs * Math.ceil(batchesPerEpoch / accumulationSteps);
  if (accumulationPhase === "last") {
    const isLast = (index: number): boolean => index === batchesPerEpoch - 1;
    return {
      updates,
      scheduleSteps: updates,
      isDueAfter: (index) => (index + 1) % accumulationSteps === 0 || isLast(index),
    };
  }
  return {
    updates,
    scheduleSteps: Math.max(1, Math.floor(epochs * batchesPerEpoch / accumulationSteps)),
    isDueAfter: (index) => index % accumulationSteps === 0,
  };
}
