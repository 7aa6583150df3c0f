/** All fine-tuning recipes by name. */
import { official } from "./official.ts";
import { preview, previewClassification } from "./preview.ts";
import { quick, quickClassification } from "./quick.ts";
import type { FinetuneRecipe } from "./schema.ts";
import { unet3d } from "./unet3d.ts";

export { QUICK_CHECK } from "./quick.ts";
export { finetuneSchema } from "./schema.ts";
export type { FinetuneRecipe, ResolvedFinetune } from "./schema.ts";

/** A recipe and what to say of it in one line. */
export interface FinetuneEntry {
  readonly recipe: FinetuneRecipe;
  /** In its place where the task is a classification; default: the same. */
  readonly classification?: FinetuneRecipe;
  readonly summary: string;
  /** The recipe is about its model: weights of another are refused, where other recipes take the weights' own. */
  readonly fixesModel?: boolean;
}

/** The table of fine-tuning recipes, one line each. */
export const FINETUNE_RECIPES: Readonly<Record<string, FinetuneEntry>> = {
  quick: {
    recipe: quick,
    classification: quickClassification,
    summary: "phantoms at 32³, tiny UniFormer: minutes on two cores",
  },
  preview: {
    recipe: preview,
    classification: previewClassification,
    summary: "your scans at 4 mm, tiny UniFormer: a first look without a GPU",
  },
  official: { recipe: official, summary: "as the official code does it: 96³, UniFormer-small, 300 epochs" },
  unet3d: { recipe: unet3d, summary: "the official recipe with the UNET3D backbone", fixesModel: true },
};
