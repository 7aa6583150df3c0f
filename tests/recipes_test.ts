import assert from "node:assert/strict";
import { resolveConfig } from "../lib/config.ts";
import { MODEL_PRESETS } from "../lib/model/mod.ts";
import { QUICK_CHECK, RECIPES, recipeSchema } from "../recipes/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";

function resolve(name: string, assignments: readonly string[] = []): ResolvedRecipe {
  return resolveConfig(recipeSchema, RECIPES[name].recipe, { assignments });
}

/** The value of `group.name`. */
function valueAt(recipe: ResolvedRecipe, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], recipe);
}

/** The points in which the paper and the official code agree or differ: option, paper, official. */
const METHOD_TABLE: readonly (readonly [path: string, paper: unknown, official: unknown])[] = [
  ["method.cmrWeight", 1, 1],
  ["method.mdWeight", 1, 10],
  ["method.clWeight", 1, 1],
  ["method.maskRatio", 0.875, 0.8],
  ["method.blockSize", 8, 8],
  ["method.clStartEpoch", 1000, 1000],
  ["method.clAutoStart", null, null],
  ["method.templateFillUntilEpoch", -1, 300],
  ["method.templateGradient", "exact", "exact"],
  ["method.templateSmoothing", 0, 0],
  ["method.temperature", 1, 1],
  ["method.modalitiesPerStep", "all", "one"],
  ["method.sequences", "all", 4],
  ["shuffleSequences", false, true],
  ["optimizer.learningRate", 3e-4, 3e-4],
  ["optimizer.templateLearningRate", null, null],
  ["optimizer.beta1", 0.9, 0.9],
  ["optimizer.beta2", 0.999, 0.999],
  ["optimizer.epsilon", 1e-8, 1e-8],
  ["optimizer.weightDecay", 1e-5, 1e-5],
  ["optimizer.clipNorm", null, null],
  ["optimizer.schedule", "cosine", "cosine"],
  ["optimizer.warmupSteps", 0, 0],
  ["optimizer.accumulationSteps", 1, 2],
  ["optimizer.accumulationPhase", "last", "first"],
  ["run.epochs", 1500, 1500],
  ["run.batchSize", 3, 3],
  ["cropSize", [96, 96, 96], [96, 96, 96]],
  ["templates.size", [240, 240, 155], [240, 240, 155]],
  ["templates.epsilon", 1e-9, 1e-9],
  ["preprocess.spacingMm", [1, 1, 1], [1, 1, 1]],
  ["preprocess.lowerPercentile", 5, 5],
  ["preprocess.upperPercentile", 95, 95],
  ["model", "uniformer-small", "uniformer-small"],
];

for (const [path, paper, official] of METHOD_TABLE) {
  Deno.test(`the recipes paper and official have their values of ${path}`, () => {
    assert.deepEqual([valueAt(resolve("paper"), path), valueAt(resolve("official"), path)], [paper, official]);
  });
}

Deno.test("the recipe unet3d is the paper's with another backbone", () => {
  assert.deepEqual(resolve("unet3d"), { ...resolve("paper"), model: "unet3d" });
});

for (const name of Object.keys(RECIPES)) {
  Deno.test(`the recipe ${name} resolves to sizes that its model, its masks and its templates take`, () => {
    const { model, cropSize, method, templates, run } = resolve(name);
    const divisor = MODEL_PRESETS[model].backbone === "uniformer" ? 16 : 8;
    for (const axis of [0, 1, 2]) {
      assert.equal(cropSize[axis] % divisor, 0, `crop and model along axis ${axis}`);
      assert.equal(cropSize[axis] % method.blockSize, 0, `crop and blocks along axis ${axis}`);
      assert.ok(templates.size[axis] >= cropSize[axis], `template along axis ${axis}`);
    }
    assert.ok(method.clStartEpoch < run.epochs, "contrastive learning starts within the run");
    assert.ok(method.templateFillUntilEpoch < run.epochs);
    assert.ok(RECIPES[name].summary.length > 0);
  });
}

Deno.test("the recipes are those of the help, the first run before those for real scans", () => {
  assert.deepEqual(Object.keys(RECIPES), ["quick", "preview", "paper", "official", "unet3d"]);
});

Deno.test("QUICK_CHECK runs every part of the method and saves in between, on fewer phantoms and epochs", () => {
  const [full, cut] = [resolve("quick"), resolve("quick", QUICK_CHECK)];
  assert.ok(cut.run.epochs * cut.phantom.subjects < full.run.epochs * full.phantom.subjects / 10);
  assert.ok(cut.method.clStartEpoch < cut.run.epochs);
  assert.ok(cut.run.validateEvery < cut.run.epochs);
  const { run: _, phantom: __, method: { clStartEpoch: ___, ...method }, ...rest } = cut;
  const { run: ____, phantom: _____, method: { clStartEpoch: ______, ...fullMethod }, ...fullRest } = full;
  assert.deepEqual({ ...rest, method }, { ...fullRest, method: fullMethod });
});

Deno.test("recipeSchema refuses sizes, fractions and models that cannot be", () => {
  for (
    const assignment of [
      "cropSize=[96, 96]",
      "cropSize=[0, 96, 96]",
      "validationFraction=1",
      "validationFraction=0",
      "templates.epsilon=0",
      "phantom.size=8",
      "preprocess.upperPercentile=101",
      "loader.workers=-1",
      "loader.cacheMiB=0",
      "model=resnet",
    ]
  ) {
    assert.throws(() => resolve("paper", [assignment]), { name: "ConfigError" }, assignment);
  }
});
