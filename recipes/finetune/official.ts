/**
 * The fine-tuning of the official code, its faults left out.
 *
 * Command: deno task finetune official --task brats2023-ped --data DIR --weights BrainMVP_uniformer.pt
 * Cost: full size (96³ crops, UniFormer-small, 300 epochs); meant for a GPU.
 * Expect: no number of our own yet; the paper's are in the tasks' descriptions.
 *
 * @see official options use_cl, mix_template, num_mix, optim_lr, reg_weight, max_epochs
 */
import type { FinetuneRecipe } from "./schema.ts";

/** The schema's defaults are this recipe. */
export const official: FinetuneRecipe = {};
