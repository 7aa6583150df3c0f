/** Initial values: their distributions, and that each belongs to its seed and name. */
import assert from "node:assert/strict";
import { constant, kaimingFanOut, normal, uniform } from "../../lib/model/initializers.ts";
import type { Initializer } from "../../lib/model/initializers.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../../lib/model/mod.ts";
import { selectBackend } from "../../lib/tensor/mod.ts";
import { assertNear, statisticsOf } from "./_golden.ts";

await selectBackend("simd");

function draw(initializer: Initializer, { shape = [40, 50], seed = 1, name = "w" } = {}): Float32Array {
  return initializer({ shape, seed, name });
}

Deno.test("constant() fills the shape with one value, a scalar's included", () => {
  assert.deepEqual(constant(0.5)({ shape: [3], seed: 1, name: "w" }), Float32Array.of(0.5, 0.5, 0.5));
  assert.deepEqual(constant(2)({ shape: [], seed: 1, name: "w" }), Float32Array.of(2));
});

Deno.test("uniform() stays within its bound and has the moments of a uniform distribution", () => {
  const values = draw(uniform(0.3));
  assert.equal(values.length, 2000);
  assert.ok(values.every((value) => Math.abs(value) <= 0.3));
  const { mean, std } = statisticsOf(values);
  assertNear(mean, 0, { within: 0.015, what: "mean" });
  assertNear(std, 0.3 / Math.sqrt(3), { within: 0.006, what: "std" });
});

Deno.test("normal() has mean 0, its standard deviation and normal tails", () => {
  const values = draw(normal(2));
  const { mean, std } = statisticsOf(values);
  assertNear(mean, 0, { within: 0.15, what: "mean" });
  assertNear(std, 2, { within: 0.1, what: "std" });
  const within = values.filter((value) => Math.abs(value) < 2).length / values.length;
  assertNear(within, 0.6827, { within: 0.035, what: "share within one standard deviation" });
});

Deno.test("kaimingFanOut() has the official standard deviations of depthwise and pointwise kernels", () => {
  const cases = [
    { shape: [64, 1, 3, 3, 3], std: 0.0340 },
    { shape: [64, 1, 5, 5, 5], std: 0.0158 },
    { shape: [256, 64, 1, 1, 1], std: Math.sqrt(2 / 256) },
  ];
  for (const { shape, std } of cases) {
    const values = draw(kaimingFanOut(shape), { shape });
    assertNear(statisticsOf(values).std, std, { within: 0.06 * std, what: `std of [${shape}]` });
  }
});

Deno.test("initial values depend on seed and name and on nothing else", () => {
  for (const initializer of [normal(1), uniform(1)]) {
    const values = draw(initializer);
    assert.deepEqual(draw(initializer), values);
    assert.notDeepEqual(draw(initializer, { seed: 2 }), values);
    assert.notDeepEqual(draw(initializer, { name: "v" }), values);
    assert.deepEqual(draw(initializer, { shape: [10] }), values.slice(0, 10));
  }
});

Deno.test("buildPretrainModel() initialises every kind of layer as the official code does", () => {
  const sizes = { embedDims: [64, 128, 64, 128], depths: [1, 2, 1, 1] } as const;
  const model = buildPretrainModel({ ...MODEL_PRESETS["uniformer-small"], ...sizes }, { seed: 5 });
  const values = new Map(model.parameters.map(({ name, variable }) => [name, variable.dataSync() as Float32Array]));
  const stdOf = (name: string): number => statisticsOf(values.get(name)!).std;
  const bounded = (bound: number): number => bound / Math.sqrt(3);
  const encoder = "encoder.uniformer";
  const expected: Record<string, number> = {
    [`${encoder}.patch_embed2.proj.weight`]: Math.sqrt(2 / (128 * 8)),
    [`${encoder}.blocks1.0.pos_embed.weight`]: 0.0340,
    [`${encoder}.blocks1.0.attn.weight`]: 0.0158,
    [`${encoder}.blocks2.1.mlp.fc1.weight`]: Math.sqrt(2 / 512),
    [`${encoder}.blocks3.0.attn.qkv.weight`]: bounded(1 / Math.sqrt(64)),
    [`${encoder}.blocks3.0.attn.qkv.bias`]: bounded(1 / Math.sqrt(64)),
    [`${encoder}.blocks4.0.mlp.fc2.weight`]: bounded(1 / Math.sqrt(512)),
    "decoder.decoder4.transp_conv.conv.weight": bounded(1 / Math.sqrt(128 * 8)),
    "decoder.out_1.conv.conv.weight": Math.sqrt(2),
    "decoder.decoder5.conv_block.conv1.conv.weight": Math.sqrt(2 / (64 * 27)),
    "decoder.decoder4.conv_block.conv3.conv.weight": Math.sqrt(2 / 128),
    "decoder.proj1.proj.weight": Math.sqrt(2 / (64 * 27)),
  };
  for (const [name, std] of Object.entries(expected)) {
    const samples = values.get(name)!.length;
    assertNear(stdOf(name), std, { within: 4 * std / Math.sqrt(2 * samples), what: `std of ${name}` });
  }
  for (const [name, { length }] of values) {
    const value = /norm\d?\.(weight|running_var)$/.test(name) ? 1 : 0;
    const drawn = /(pos_embed|attn|conv\d?|proj|qkv|fc\d)\.weight$/.test(name) ||
      /blocks[34].*(qkv|proj|fc\d)\.bias$/.test(name);
    if (!drawn) assert.deepEqual(values.get(name), new Float32Array(length).fill(value), name);
  }
  model.dispose();
});
