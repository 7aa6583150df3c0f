/**
 * The recipe as the paper states it: all of a subject's sequences in every step, losses 1 : 1 : 1, 87.5 % masked.
 *
 * Command: deno task pretrain paper --data DIR
 * Cost: full size (96³ crops, UniFormer-small, 1500 epochs); meant for a GPU.
 * Expect: no number of our own yet; the paper reports downstream results only.
 *
 * @see arXiv 2410.10604
 */
import type { Recipe } from "./schema.ts";

/** The schema's defaults are this recipe. */
export const paper: Recipe = {};
