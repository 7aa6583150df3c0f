/** Named models: official names, shapes and counts of their parameters, and what the small ones compute. */
import assert from "node:assert/strict";
import { buildPretrainModel, MODEL_NAMES, MODEL_PRESETS } from "../../lib/model/mod.ts";
import type { ModelName, Parameter, PretrainModel } from "../../lib/model/mod.ts";
import { Templates } from "../../lib/templates/mod.ts";
import { selectBackend, shapeOf, sizeOf, tf } from "../../lib/tensor/mod.ts";
import { readGolden } from "./_golden.ts";

await selectBackend("simd");

type Shapes = Record<string, readonly number[]>;

const uniformer = buildPretrainModel(MODEL_PRESETS["uniformer-small"], { seed: 0 });
const unet3d = buildPretrainModel(MODEL_PRESETS.unet3d, { seed: 0 });

/** Official shapes by name of parameters and buffers, with templates of one voxel. */
function officialShapes({ parameters }: PretrainModel): Shapes {
  const templates = new Templates({ modalities: ["t1"], size: [1, 1, 1], epsilon: 1e-9 });
  const all = [templates.parameter, ...parameters];
  templates.dispose();
  return Object.fromEntries(all.map(({ name, officialShape }) => [name, officialShape]));
}

type State = { readonly parameters: readonly Parameter[] };

/** Number of values under a name, of the parameters that pass a test. */
function count({ parameters }: State, prefix: string, test: (parameter: Parameter) => boolean): number {
  return parameters.filter((parameter) => parameter.name.startsWith(prefix) && test(parameter))
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function isTrained({ trainable }: Parameter): boolean {
  return trainable;
}

/** Buffers are no parameters; what is of no use is one. */
function isParameter({ trainable, unused = false }: Parameter): boolean {
  return trainable || unused;
}

function isBuffer(parameter: Parameter): boolean {
  return !isParameter(parameter);
}

Deno.test("uniformer-small has the official state dict", () => {
  const official = readGolden<Shapes>("uniformer_32.state_dict.json");
  assert.equal(Object.keys(official).length, 352);
  assert.deepEqual(officialShapes(uniformer), official);
});

Deno.test("unet3d has the official state dict", () => {
  assert.deepEqual(officialShapes(unet3d), readGolden<Shapes>("unet3d_32.state_dict.json"));
});

Deno.test("presets have the official numbers of parameters", () => {
  assert.equal(count(uniformer, "", isParameter), 34_316_161);
  assert.equal(count(uniformer, "encoder.", isParameter), 22_038_464);
  assert.equal(count(uniformer, "encoder.", isTrained), 22_038_464);
  assert.equal(count(uniformer, "encoder.uniformer.patch_embed1.", isTrained), 704);
  assert.equal(count(uniformer, "encoder.uniformer.blocks3.", isTrained), 9_935_360);
  assert.equal(count(uniformer, "decoder.", isTrained), 1_736_769);
  assert.equal(count(uniformer, "decoder.", (parameter) => parameter.unused ?? false), 10_540_928);
  assert.equal(uniformer.parameters.filter(isBuffer).length, 45);
  assert.equal(count(uniformer, "", isBuffer), 3_855);
  assert.equal(count(unet3d, "", isTrained), 18_799_937);
  assert.equal(count(unet3d, "", isParameter), 18_799_937);
});

Deno.test("MODEL_NAMES lists every preset", () => {
  assert.deepEqual(MODEL_NAMES, ["uniformer-small", "uniformer-tiny", "unet3d", "unet3d-tiny"]);
});

const TINY: readonly { name: ModelName; size: number[]; features: number[][] }[] = [
  {
    name: "uniformer-tiny",
    size: [32, 16, 48],
    features: [[2, 16, 8, 24, 8], [2, 8, 4, 12, 32], [2, 4, 2, 6, 96], [2, 2, 1, 3, 256]],
  },
  { name: "unet3d-tiny", size: [16, 8, 24], features: [[2, 8, 4, 12, 16], [2, 4, 2, 6, 32], [2, 2, 1, 3, 64]] },
];

for (const { name, size, features } of TINY) {
  Deno.test(`${name} gives features at every scale and a volume of the input's size`, () => {
    const model = buildPretrainModel(MODEL_PRESETS[name], { seed: 3 });
    const input = tf.randomNormal<tf.Rank.R5>([2, size[0], size[1], size[2], 1], 0, 1, "float32", 4);
    const output = model.forward(input, { training: true });
    // UNET3D's last feature has the same shape before and after its residual blocks.
    const expected = name === "unet3d-tiny" ? [...features, features[2]] : features;
    assert.deepEqual(output.features.map(shapeOf), expected);
    assert.deepEqual(shapeOf(output.reconstruction), [2, ...size, 1]);
    assert.ok(output.reconstruction.dataSync().every(Number.isFinite));
    tf.dispose([input, output.reconstruction, ...output.features]);
    model.dispose();
  });
}
