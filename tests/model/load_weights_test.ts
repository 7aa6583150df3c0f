/** Weights of files into models: names, shapes, first convolutions, and the account of it all. */
import assert from "node:assert/strict";
import { compareWeights, loadWeights, matchWeights } from "../../lib/model/load_weights.ts";
import type { WeightTensor } from "../../lib/model/load_weights.ts";
import {
  buildClassificationModel,
  buildPretrainModel,
  buildSegmentationModel,
  describeParameters,
  isEncoderParameter,
  MODEL_PRESETS,
  toOurLayout,
} from "../../lib/model/mod.ts";
import type { ModelName, Parameter, ParameterDescription } from "../../lib/model/mod.ts";
import { Templates } from "../../lib/templates/mod.ts";
import { selectBackend, sizeOf } from "../../lib/tensor/mod.ts";
import { readGolden } from "./_golden.ts";

await selectBackend("reference");

/** A tensor whose values are 0, 1, 2 … plus `first`. */
function tensorOf(name: string, shape: readonly number[], first = 0): WeightTensor {
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => first + i);
  return { name, shape, read: () => Promise.resolve(values) };
}

/** A parameter that lies here as it does in files. */
function parameterOf(name: string, shape: readonly number[]): ParameterDescription {
  return { name, shape, officialShape: shape, permutation: shape.map((_, axis) => axis), trainable: true };
}

const official = (file: string): WeightTensor[] => {
  return Object.entries(readGolden<Record<string, number[]>>(file)).map(([name, shape]) => tensorOf(name, shape));
};
const rename = (tensors: readonly WeightTensor[], how: (name: string) => string): WeightTensor[] => {
  return tensors.map((tensor) => ({ ...tensor, name: how(tensor.name) }));
};
const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

const UNIFORMER = official("uniformer_32.state_dict.json");
const SMALL = describeParameters(MODEL_PRESETS["uniformer-small"]);
const TEMPLATES = parameterOf("rep_template", [1, 1, 1, 1]);
const file = "w.pt";

Deno.test("matchWeights() finds a tensor for every parameter in the official pre-training checkpoints", () => {
  const states = [["uniformer-small", UNIFORMER], ["unet3d", official("unet3d_32.state_dict.json")]] as const;
  for (const [model, state] of states) {
    const parameters = [...describeParameters(MODEL_PRESETS[model]), TEMPLATES];
    const match = matchWeights(parameters, state, { file });
    assert.deepEqual(names(match.loaded.map(({ parameter }) => parameter)), names(parameters));
    for (const { parameter, tensor, adapted } of match.loaded) {
      assert.deepEqual([tensor.name, tensor.shape, adapted], [parameter.name, parameter.officialShape, false]);
    }
    assert.deepEqual([match.missing, match.mismatched, match.unexpected, match.prefix], [[], [], [], ""]);
  }
});

Deno.test("matchWeights() takes off what wrappers put before names, however many there are", () => {
  for (const prefix of ["module.", "_orig_mod.", "model.", "backbone.", "model._orig_mod.module.", "any.thing."]) {
    const match = matchWeights(SMALL, rename(UNIFORMER, (name) => prefix + name), { file });
    assert.equal(match.prefix, prefix);
    assert.equal(match.loaded.length, SMALL.length);
    assert.equal(match.loaded[0].tensor.name, prefix + SMALL[0].name);
  }
});

Deno.test("matchWeights() takes nothing off where names match as they are, and leaves names without the prefix alone", () => {
  const parameters = [parameterOf("model.w", [1]), parameterOf("w", [1]), parameterOf("b", [1])];
  const plain = matchWeights(parameters, ["model.w", "w", "b"].map((name) => tensorOf(name, [1])), { file });
  assert.deepEqual([plain.prefix, plain.loaded.length, plain.unexpected], ["", 3, []]);
  const mixed = matchWeights(
    [parameterOf("v", [1]), parameterOf("w", [1]), TEMPLATES],
    [tensorOf("module.v", [1]), tensorOf("module.w", [1]), tensorOf("rep_template", [1, 1, 1, 1])],
    { file },
  );
  assert.deepEqual([mixed.prefix, mixed.loaded.length], ["module.", 3]);
});

Deno.test("matchWeights() matches pre-training, segmentation and bare encoders with one another, both ways", () => {
  const isEncoder = (name: string): boolean => name.startsWith("encoder.uniformer.");
  const encoder = UNIFORMER.filter(({ name }) => isEncoder(name));
  const targets = SMALL.filter(({ name }) => isEncoder(name));
  assert.equal(targets.length, encoder.length);
  const spellings = ["encoder.uniformer.", "encoder.", "uniformer.", ""].map((start) => (name: string) => {
    return name.replace("encoder.uniformer.", start);
  });
  for (const ofFile of spellings) {
    for (const ofModel of spellings) {
      const parameters = targets.map((parameter) => ({ ...parameter, name: ofModel(parameter.name) }));
      const match = matchWeights(parameters, rename(encoder, (name) => `net.${ofFile(name)}`), { file });
      assert.equal(match.loaded.length, targets.length);
      for (const { parameter, tensor } of match.loaded) {
        assert.equal(
          tensor.name.slice(4),
          ofFile("encoder.uniformer." + parameter.name.replace(/^.*?(?=patch_embed|blocks|norm\.)/, "")),
        );
      }
    }
  }
});

/** What a model has, once its variables are freed. */
function described(model: { parameters: readonly Parameter[]; dispose(): void }): readonly ParameterDescription[] {
  model.dispose();
  return model.parameters;
}

function stateOf(parameters: readonly ParameterDescription[]): WeightTensor[] {
  return parameters.map(({ name, officialShape }) => tensorOf(name, officialShape));
}

const TINY_UNET3D = MODEL_PRESETS["unet3d-tiny"];
const segmentation = (classes: number, inChannels = 1): readonly ParameterDescription[] =>
  described(buildSegmentationModel({ ...TINY_UNET3D, inChannels, classes }, { seed: 0 }));
const UP1CONV = ["up1conv.weight", "up1conv.bias"];
const COARSE = ["ds_out.0.weight", "ds_out.0.bias", "ds_out.1.weight", "ds_out.1.bias"];

Deno.test("matchWeights() carries all of a pre-trained UNET3D into segmentation but the layer of intensities", () => {
  const pretrained = stateOf(describeParameters(TINY_UNET3D));
  for (const classes of [1, 3]) {
    const match = matchWeights(segmentation(classes), rename(pretrained, (name) => `module.${name}`), { file });
    assert.deepEqual(names(match.missing), [...UP1CONV, ...COARSE], `${classes} classes`);
    assert.deepEqual(names(match.unexpected), UP1CONV.map((name) => `module.${name}`));
    assert.deepEqual(match.mismatched, []);
    assert.equal(match.loaded.length, pretrained.length - 2);
  }
  const channels = matchWeights(segmentation(3, 4), pretrained, { file });
  assert.deepEqual(names(channels.mismatched), ["conv1a.weight"]);
});

Deno.test("matchWeights() takes the last layer of a segmentation from a segmentation, and not into pre-training", () => {
  for (const classes of [1, 3]) {
    const state = rename(stateOf(segmentation(classes)), (name) => `unet.${name}`);
    const again = matchWeights(segmentation(classes), state, { file });
    assert.deepEqual([again.missing, again.mismatched, again.unexpected], [[], [], []]);
    const back = matchWeights(describeParameters(TINY_UNET3D), state, { file });
    assert.deepEqual(names(back.missing), UP1CONV);
    assert.deepEqual(names(back.unexpected), [...UP1CONV, ...COARSE].map((name) => `unet.${name}`));
  }
  // Without deep supervision the number of channels tells: more than one is no intensity.
  const plain = stateOf(segmentation(3)).filter(({ name }) => !COARSE.includes(name));
  assert.deepEqual(names(matchWeights(segmentation(3), plain, { file }).missing), COARSE);
});

Deno.test("isEncoderParameter() knows both encoders in all models", () => {
  for (const backbone of ["uniformer-tiny", "unet3d-tiny"] as const) {
    const sizes = { ...MODEL_PRESETS[backbone], classes: 2 };
    const encoders = [
      describeParameters(sizes),
      described(buildSegmentationModel(sizes, { seed: 0 })),
      described(buildClassificationModel({ ...sizes, head: "linear", hidden: 1 }, { seed: 0 })),
    ].map((parameters) => names(parameters).filter(isEncoderParameter).map((name) => name.split(".").slice(-3).join()));
    assert.ok(encoders[0].length > 30);
    // Names are those of the network's parts, whatever stands before them.
    const tails = encoders.map((tail) => tail.map((name) => name.replace(/^(model|unet|uniformer|encoder|,)+/, "")));
    assert.deepEqual(tails[1], tails[0]);
    assert.deepEqual(tails[2], tails[0]);
  }
});

Deno.test("weights of one backbone do not go into a model of the other", () => {
  const message = /^Cannot load weights from w\.pt: expected names such as "conv1a\.weight", .*, got "encoder\.[^\n]*$/;
  assert.throws(() => matchWeights(segmentation(2), stateOf(SMALL), { file }), { name: "CheckpointError", message });
});

Deno.test("matchWeights() takes one of two tensors for the same parameter and reports the other", () => {
  const shape = [64, 1, 2, 2, 2];
  const [first, second] = ["encoder.uniformer.patch_embed1.proj.weight", "encoder.patch_embed1.proj.weight"];
  const match = matchWeights(SMALL, [tensorOf(first, shape), tensorOf(second, shape)], { file });
  assert.deepEqual([names(match.loaded.map(({ tensor }) => tensor)), names(match.unexpected)], [[first], [second]]);
});

Deno.test("matchWeights() accounts for every parameter and every tensor", () => {
  const parameters = [parameterOf("a", [2]), parameterOf("b", [2, 3]), parameterOf("c", [1]), TEMPLATES];
  const tensors = [
    tensorOf("module.a", [2]),
    tensorOf("module.b", [3, 2]),
    tensorOf("module.d", [1]),
    tensorOf("module.rep_template", [8, 2, 2, 2]),
  ];
  const { loaded, missing, unexpected, mismatched } = matchWeights(parameters, tensors, { file });
  assert.deepEqual(names(loaded.map(({ parameter }) => parameter)), ["a"]);
  assert.deepEqual(names(missing), ["c"]);
  assert.deepEqual(names(unexpected), ["module.d"]);
  assert.deepEqual(mismatched, [
    { name: "b", from: "module.b", expected: [2, 3], got: [3, 2] },
    { name: "rep_template", from: "module.rep_template", expected: [1, 1, 1, 1], got: [8, 2, 2, 2] },
  ]);
});

Deno.test("matchWeights() throws when nothing fits, with names or shapes of both sides", () => {
  const parameters = [parameterOf("a.w", [2]), TEMPLATES];
  const other = [1, 2, 3, 4].map((i) => tensorOf(`layer${i}`, [2]));
  const thrown = (tensors: WeightTensor[], message: string): void => {
    assert.throws(() => matchWeights(parameters, tensors, { file }), { name: "CheckpointError", message });
  };
  thrown(
    other,
    'Cannot load weights from w.pt: expected names such as "a.w", "rep_template", got "layer1", "layer2", "layer3", …',
  );
  thrown([], 'Cannot load weights from w.pt: expected names such as "a.w", "rep_template", got none');
  // Templates alone are not the weights of a model.
  thrown(
    [tensorOf("rep_template", [1, 1, 1, 1])],
    'Cannot load weights from w.pt: expected names such as "a.w", "rep_template", got "rep_template"',
  );
  thrown(
    [tensorOf("a.w", [3])],
    'Cannot load weights from w.pt: expected the shapes of the model, such as [2] of "a.w", got [3]; none of 1 tensors fits',
  );
  assert.equal(compareWeights(parameters, other, {}).loaded.length, 0);
});

const FIRST_CONVS: readonly [model: ModelName, convolutions: readonly string[]][] = [
  ["uniformer-tiny", ["encoder.uniformer.patch_embed1.proj.weight", "decoder.proj1.proj.weight"]],
  ["unet3d-tiny", ["conv1a.weight"]],
];

for (const [model, convolutions] of FIRST_CONVS) {
  Deno.test(`matchWeights() skips or adapts another number of input channels in ${convolutions}`, async () => {
    const [four, one] = [4, 1].map((inChannels) => describeParameters({ ...MODEL_PRESETS[model], inChannels }));
    const tensors = one.map(({ name, officialShape }) => tensorOf(name, officialShape));
    const skipped = matchWeights(four, tensors, { file });
    assert.deepEqual(names(skipped.mismatched), convolutions);
    for (const firstConv of ["mean", "replicate"] as const) {
      const { loaded, mismatched } = matchWeights(four, tensors, { file, firstConv });
      assert.deepEqual(mismatched, []);
      const adapted = loaded.filter(({ adapted }) => adapted);
      assert.deepEqual(names(adapted.map(({ parameter }) => parameter)), convolutions);
      for (const weight of adapted) {
        const { officialShape } = weight.parameter;
        assert.equal(officialShape[1], 4);
        const window = sizeOf(officialShape.slice(2));
        // One channel to four: each gets a quarter of the kernel.
        const expected = Float32Array.from({ length: sizeOf(officialShape) }, (_, i) => {
          return (Math.floor(i / (4 * window)) * window + i % window) / 4;
        });
        assert.deepEqual(await weight.read(), expected);
      }
    }
  });
}

Deno.test("matchWeights() adapts kernels by the rule, by hand, and keeps the response to equal channels", async () => {
  // Two outputs; the kernels of three channels are [1 2 6] and [3 3 3] of one voxel each.
  const source = { name: "conv1a.weight", shape: [2, 3, 1, 1, 1], read: () => Promise.resolve([1, 2, 6, 3, 3, 3]) };
  const adapt = async (channels: number, firstConv: "mean" | "replicate"): Promise<number[]> => {
    const parameters = [parameterOf("conv1a.weight", [2, channels, 1, 1, 1])];
    return [...await matchWeights(parameters, [source], { file, firstConv }).loaded[0].read()];
  };
  assert.deepEqual(await adapt(1, "mean"), [9, 9]);
  assert.deepEqual(await adapt(2, "mean"), [4.5, 4.5, 4.5, 4.5]);
  assert.deepEqual(await adapt(6, "replicate"), [0.5, 1, 3, 0.5, 1, 3, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]);
  assert.deepEqual(await adapt(2, "replicate"), [1.5, 3, 4.5, 4.5]);
  assert.deepEqual(await adapt(3, "replicate"), [1, 2, 6, 3, 3, 3]);
});

Deno.test("matchWeights() adapts no other parameter and no other axis", () => {
  const options = { file, firstConv: "mean" } as const;
  for (const [name, shape] of [["conv1b.conv1.weight", [2, 3, 1, 1, 1]], ["conv1a.weight", [4, 1, 1, 1, 1]]] as const) {
    const parameters = [parameterOf(name, [2, 1, 1, 1, 1])];
    assert.throws(() => matchWeights(parameters, [tensorOf(name, shape)], options), /expected the shapes of the model/);
  }
});

Deno.test("loadWeights() puts values into our memory order, templates too, and leaves what is missing alone", async () => {
  const model = buildPretrainModel(MODEL_PRESETS["uniformer-tiny"], { seed: 0 });
  const templates = new Templates({ modalities: ["t1", "t2"], size: [4, 3, 2], epsilon: 1e-9 });
  const parameters = [...model.parameters, templates.parameter];
  const kept = "encoder.uniformer.blocks1.0.conv1.weight";
  const before = parameters.find(({ name }) => name === kept)!.variable.dataSync().slice();
  const tensors = parameters.filter(({ name }) => name !== kept).map(({ name, officialShape }, i) => {
    return tensorOf(`module.${name}`, officialShape, i);
  });
  const { loaded, missing } = await loadWeights(parameters, tensors, { file });
  assert.equal(loaded.length, parameters.length - 1);
  assert.deepEqual(names(missing), [kept]);
  assert.deepEqual(missing[0].variable.dataSync(), before);
  for (const { parameter, tensor } of loaded) {
    const official = Float32Array.from(await tensor.read() as Float32Array);
    assert.deepEqual(parameter.variable.dataSync(), toOurLayout(official, parameter), parameter.name);
  }
  model.dispose();
  templates.dispose();
});

Deno.test("loadWeights() rounds 64-bit numbers, integers too, to float32", async () => {
  const model = buildPretrainModel(MODEL_PRESETS["unet3d-tiny"], { seed: 0 });
  const [bias] = model.parameters.filter(({ name }) => name === "up1conv.bias");
  const load = async (values: Float64Array | BigInt64Array): Promise<number> => {
    const tensor = { name: bias.name, shape: [1], read: () => Promise.resolve(values) };
    await loadWeights(model.parameters, [tensor], { file });
    return bias.variable.dataSync()[0];
  };
  assert.equal(await load(Float64Array.of(0.1)), Math.fround(0.1));
  assert.equal(await load(BigInt64Array.of(12n)), 12);
  model.dispose();
});

Deno.test("loadWeights() changes nothing when nothing fits", async () => {
  const model = buildPretrainModel(MODEL_PRESETS["unet3d-tiny"], { seed: 0 });
  const before = model.parameters.map(({ variable }) => variable.dataSync().slice());
  await assert.rejects(loadWeights(model.parameters, UNIFORMER, { file }), { name: "CheckpointError" });
  assert.deepEqual(model.parameters.map(({ variable }) => variable.dataSync()), before);
  model.dispose();
});
