/** Learning rate over the updates of a run. */

/** Shape of the schedule. */
export interface ScheduleOptions {
  readonly schedule: "cosine" | "constant";
  readonly learningRate: number;
  /** Updates of linear warm-up. */
  readonly warmupSteps: number;
  /** Updates of the whole run. */
  readonly totalSteps: number;
}

/**
 * Learning rate of an update.
 *
 * Cosine: η·(1 + cos(π·step/total))/2, the first update at the full rate, 0 after the last, as PyTorch's
 * CosineAnnealingLR with T_max = total. Warm-up multiplies by (step + 1)/warmupSteps.
 *
 * @param step updates done before this one
 */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { schedule, learningRate, warmupSteps, totalSteps } = options;
  const warmup = Math.min(1, (step + 1) / Math.max(1, warmupSteps));
  const decay = schedule === "cosine" ? (1 + Math.cos(Math.PI * Math.min(1, step / totalSteps))) / 2 : 1;
  return learningRate * warmup * decay;
}
