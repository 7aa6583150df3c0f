/**
 * The paper's recipe with the UNET3D backbone.
 *
 * Command: deno task pretrain unet3d --data DIR
 * Cost: full size (96³ crops, 18.8 M parameters, 1500 epochs); meant for a GPU.
 * Expect: no number of our own yet.
 */
import type { Recipe } from "./schema.ts";

/** Only the difference from the paper. */
export const unet3d: Recipe = { model: "unet3d" };
