/**
 * The official recipe with the UNET3D backbone.
 *
 * Command: deno task finetune unet3d --task brats2023-ped --data DIR --weights BrainMVP_unet.pt
 * Cost: full size (96³ crops, UNET3D, 300 epochs); meant for a GPU.
 * Expect: no number of our own yet.
 */
import type { FinetuneRecipe } from "./schema.ts";

/** Only the difference from the official recipe. */
export const unet3d: FinetuneRecipe = { model: "unet3d" };
