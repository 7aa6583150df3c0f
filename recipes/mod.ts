/** All recipes by name. */
import { official } from "./official.ts";
import { paper } from "./paper.ts";
import { preview } from "./preview.ts";
import { quick } from "./quick.ts";
import type { Recipe } from "./schema.ts";
import { unet3d } from "./unet3d.ts";

export { QUICK_CHECK } from "./quick.ts";
export { recipeSchema } from "./schema.ts";
export type { Recipe, ResolvedRecipe } from "./schema.ts";

/** A recipe and what to say of it in one line. */
export interface RecipeEntry {
  readonly recipe: Recipe;
  readonly summary: string;
}

/** The table of recipes, one line each. */
export const RECIPES: Readonly<Record<string, RecipeEntry>> = {
  quick: { recipe: quick, summary: "phantoms at 32³, tiny UniFormer: minutes on two cores" },
  preview: { recipe: preview, summary: "your scans at 4 mm, tiny UniFormer: a first look without a GPU" },
  paper: { recipe: paper, summary: "as the paper states it: 96³, UniFormer-small, 1500 epochs" },
  official: { recipe: official, summary: "as the official code does it, artefacts included" },
  unet3d: { recipe: unet3d, summary: "the paper's recipe with the UNET3D backbone" },
};
