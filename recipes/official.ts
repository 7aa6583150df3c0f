/**
 * The recipe of the official code, option by option.
 *
 * Command: deno task pretrain official --data DIR
 * Cost: full size (96³ crops, UniFormer-small, 1500 epochs); meant for a GPU.
 * Expect: no number of our own yet. Known artefact, kept here: a template's first update moves all its voxels by the
 * learning rate and inflates their second moment (option method.templateGradient).
 *
 * @see official options mask_rate, start_epoch, learning_rate, weight_decay, iters_to_accumulate
 */
import type { Recipe } from "./schema.ts";

/** Only the differences from the paper. */
export const official: Recipe = {
  shuffleSequences: true,
  method: {
    sequences: 4,
    modalitiesPerStep: "one",
    maskRatio: 0.8,
    mdWeight: 10,
    templateFillUntilEpoch: 300,
  },
  optimizer: { accumulationSteps: 2, accumulationPhase: "first" },
};
