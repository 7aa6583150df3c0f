/** Runs on several ranks that must come to what one rank comes to. */
import assert from "node:assert/strict";
import type { StepRecord } from "../../lib/results.ts";
import type { RankJob, RankResult } from "./_rank_job.ts";
import { assertClose, toyOptions } from "./_toy.ts";

/**
 * 20 updates with all three losses: batches of 2 and of 1, subjects with different numbers of sequences, and one with a
 * single sequence, so that a rank at times has nothing to do.
 *
 * Rounding must stay rounding. UniFormer's last stage is 16 times coarser than the crop: of 32³ its batch statistics are over
 * enough positions. And AdamW with its usual ε moves every weight by about the learning rate, in the direction of its gradient
 * even where that is nothing but rounding: an ε near the gradients' size makes it move less where there is less.
 */
export const CASES: readonly (RankJob & { readonly title: string })[] = [
  { title: "UniFormer with batch norms", model: "uniformer-tiny", edge: 32, learningRate: 1e-2 },
  { title: "UNET3D", model: "unet3d-tiny", edge: 16, learningRate: 1e-3 },
].map(({ title, model, edge, learningRate }) => ({
  title,
  model: model as RankJob["model"],
  edge,
  cohort: [["t1", "t2"], ["t2", "flair"], ["t1"]],
  options: toyOptions({
    method: { blockSize: 4, clStartEpoch: 0, templateGradient: "range-scaled" },
    optimizer: { learningRate, epsilon: 1e-2 },
    run: { epochs: 10, batchSize: 2, validateEvery: 50, checkpointEvery: 7 },
  }),
}));

/** The update records. */
export function stepsOf({ records }: Pick<RankResult, "records">): StepRecord[] {
  return records.filter((record) => record.kind === "step");
}

/** Fails unless all losses of all updates agree, to 10⁻⁵ unless said otherwise. */
export function assertSameLosses(actual: readonly StepRecord[], expected: readonly StepRecord[], within = 1e-5): void {
  assert.deepEqual(actual.map(({ step, epoch }) => [step, epoch]), expected.map(({ step, epoch }) => [step, epoch]));
  for (const [i, record] of expected.entries()) {
    for (const name of ["loss", "cmr", "md", "cl"] as const) {
      const what = `${name} of update ${record.step}`;
      const [value, wanted] = [actual[i][name], record[name]];
      if (wanted === null) assert.equal(value, null, what);
      else assertClose(value!, wanted, { within, what });
    }
    assert.equal(actual[i].learningRate, record.learningRate);
  }
}
