/** The committed demonstration: small, complete, and of the recipe that it names. */
import assert from "node:assert/strict";
import { resolveConfig } from "../../lib/config.ts";
import { planPhantomCohort, readNifti, readNiftiHeader } from "../../lib/dataset/mod.ts";
import { RECIPES, recipeSchema } from "../../recipes/mod.ts";
import { DEMO_MODEL, DEMO_TEMPLATES } from "../../site/data/demo_model.ts";
import { writeDemo } from "../../tasks/_site_demo.ts";

const fileOf = (path: string): URL => new URL(`../../site/static${path}`, import.meta.url);

Deno.test("the demonstration model is that of its recipe, and its phantom was held out", () => {
  const options = resolveConfig(recipeSchema, RECIPES[DEMO_MODEL.recipe].recipe, {});
  const { model, seed, cropSize, templates, method, run, preprocess } = options;
  assert.deepEqual(
    [model, seed, cropSize, templates.size, method.blockSize, method.maskRatio, run.epochs],
    [
      DEMO_MODEL.model,
      DEMO_MODEL.seed,
      DEMO_MODEL.cropSize,
      DEMO_MODEL.templateSize,
      DEMO_MODEL.blockSize,
      DEMO_MODEL.maskRatio,
      DEMO_MODEL.epochs,
    ],
  );
  assert.deepEqual(
    [preprocess.lowerPercentile, preprocess.upperPercentile],
    [DEMO_MODEL.lowerPercentile, DEMO_MODEL.upperPercentile],
  );
  const { id, index, modalities, lesion, heldOut } = DEMO_MODEL.phantom;
  const held = planPhantomCohort(options.phantom).filter(({ split }) => split === "validation");
  assert.deepEqual(held[heldOut], { ...held[heldOut], id, index, lesion });
  assert.deepEqual([...held[heldOut].modalities].sort(), [...modalities].sort());
});

Deno.test("the demonstration's files are there, and a page can afford them", async () => {
  const { weights, templates } = DEMO_MODEL.files;
  assert(Deno.statSync(fileOf(weights)).size < 3_000_000);
  for (const modality of DEMO_MODEL.modalities) {
    const { data, size } = await readNifti(Deno.readFileSync(fileOf(templates[modality])), modality);
    assert.deepEqual(size, DEMO_MODEL.templateSize);
    assert.deepEqual([data.reduce((a, b) => Math.min(a, b)), data.reduce((a, b) => Math.max(a, b))], [0, 255]);
  }
  const epochs = DEMO_TEMPLATES.frames.map(({ epoch }) => epoch);
  assert.deepEqual(epochs, epochs.toSorted((a, b) => a - b));
  assert.equal(epochs.at(-1), DEMO_MODEL.epochs);
  for (const { files } of DEMO_TEMPLATES.frames) {
    assert.deepEqual(Object.keys(files), DEMO_TEMPLATES.modalities);
    for (const path of Object.values(files)) {
      const { datatype, size } = await readNiftiHeader(Deno.readFileSync(fileOf(path)), path);
      assert.deepEqual([datatype, size], ["uint8", DEMO_TEMPLATES.size]);
    }
  }
});

Deno.test("writeDemo() refuses a folder that is no run of the quick recipe, and leaves what is there", async () => {
  const folder = `runs/test-demo-${crypto.randomUUID()}`;
  const before = Deno.statSync(fileOf(DEMO_MODEL.files.weights)).mtime;
  await assert.rejects(writeDemo(folder, () => {}), {
    message: `Cannot show ${folder}: expected the folder of a run with a run.json, found none`,
  });
  Deno.mkdirSync(folder, { recursive: true });
  try {
    const data = { root: "", origin: "folder scans", training: [], validation: [] };
    Deno.writeTextFileSync(
      `${folder}/run.json`,
      JSON.stringify({ recipe: "preview", options: {}, data, backend: "simd" }),
    );
    await assert.rejects(writeDemo(folder, () => {}), {
      name: "ConfigError",
      message: `Cannot make a demonstration of ${folder}: expected a run of quick on phantoms, got preview`,
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  assert.deepEqual(Deno.statSync(fileOf(DEMO_MODEL.files.weights)).mtime, before);
});
