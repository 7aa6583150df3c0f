import assert from "node:assert/strict";
import { FINETUNE_RECIPES, finetuneSchema } from "../../recipes/finetune/mod.ts";
import { findTask } from "../../recipes/tasks/mod.ts";
import { resolveOptions } from "../../tasks/_finetune_plan.ts";

Deno.test("every fine-tuning recipe is complete and possible, for classification too", () => {
  for (const [name, { recipe, classification = recipe }] of Object.entries(FINETUNE_RECIPES)) {
    for (const options of [recipe, classification]) assert(finetuneSchema.safeParse(options).success, name);
  }
});

Deno.test("a recipe is what its task takes: segmentation or classification", async () => {
  const base = { recipe: "quick", assignments: ["phantom.size=32"] };
  const start = { source: undefined, templateSize: undefined };
  const segmentation = await resolveOptions(base, { ...start, task: findTask("phantom-tumour") });
  const classification = await resolveOptions(base, { ...start, task: findTask("phantom-class") });
  assert.deepEqual([segmentation.run.batchSize, segmentation.augment.flip], [2, "each"]);
  assert.deepEqual([classification.run.batchSize, classification.augment.flip], [8, "none"]);
  assert.deepEqual(segmentation.phantom, { ...classification.phantom, subjects: 36 });
  assert.deepEqual([classification.model, classification.phantom.size], ["uniformer-tiny", 32]);
});

Deno.test("what a user changes holds whatever the task is", async () => {
  const args = { recipe: "quick", assignments: ["run.batchSize=4"], quickCheck: true };
  const options = await resolveOptions(args, {
    task: findTask("phantom-class"),
    source: undefined,
    templateSize: undefined,
  });
  assert.deepEqual([options.run.batchSize, options.phantom.subjects, options.run.epochs], [4, 4, 2]);
});
