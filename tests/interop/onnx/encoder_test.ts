/** The encoders as ONNX Runtime computes them, against our own on the same weights and input. */
import assert from "node:assert/strict";
import type { Safetensor } from "../../../lib/interop/mod.ts";
import { encodeOnnxEncoder } from "../../../lib/interop/mod.ts";
import { buildPretrainModel, MODEL_PRESETS, type PretrainModel, toOfficialLayout } from "../../../lib/model/mod.ts";
import { selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../../lib/tensor/mod.ts";
import { assertNear, assignFormulaWeights, officialValues, statisticsOf } from "../../model/_golden.ts";
import { type OnnxOutput, openOnnx } from "./_runtime.ts";

await selectBackend("auto");

/** Of a feature's standard deviation. */
const TOLERANCE = 1e-4;

/** A model's state under official names, in the official memory order. */
function stateOf({ parameters }: PretrainModel): Map<string, Safetensor> {
  return new Map(parameters.map((parameter) => {
    const data = toOfficialLayout(parameter.variable.dataSync() as Float32Array, parameter);
    return [parameter.name, { dtype: "F32", shape: parameter.officialShape, data }];
  }));
}

/** `[N, D, H, W, 1]` → the runtime's input. */
function volumeOf(x: Tensor5D): OnnxOutput {
  const [n, z, y, width] = x.shape;
  return { shape: [n, 1, width, y, z], data: officialValues(x, "xyz") };
}

async function runOnnx(pieces: readonly Uint8Array[], x: Tensor5D): Promise<OnnxOutput[]> {
  const session = await openOnnx(pieces);
  const outputs = await session.run({ volume: volumeOf(x) });
  await session.close();
  assert.deepEqual(Object.keys(outputs), ["stage1", "stage2", "stage3", "stage4"]);
  return Object.values(outputs);
}

/** Shapes of the stages for two volumes of 16 × 32 × 48 voxels (x, y, z), in the official order. */
const CASES = {
  "uniformer-tiny": {
    axes: "zxy",
    shapes: [[2, 8, 24, 8, 16], [2, 32, 12, 4, 8], [2, 96, 6, 2, 4], [2, 256, 3, 1, 2]],
  },
  "unet3d-tiny": {
    axes: "xyz",
    shapes: [[2, 16, 8, 16, 24], [2, 32, 4, 8, 12], [2, 64, 2, 4, 6], [2, 64, 2, 4, 6]],
  },
} as const;

for (const [name, { axes, shapes }] of Object.entries(CASES)) {
  Deno.test(`encodeOnnxEncoder() writes ${name} so that ONNX Runtime gives our own features`, async () => {
    const config = MODEL_PRESETS[name as keyof typeof CASES];
    const model = buildPretrainModel(config, { seed: 0 });
    assignFormulaWeights(model);
    const x = tf.randomUniform<tf.Rank.R5>([2, 48, 32, 16, 1], 0, 1, "float32", 5);
    const state = stateOf(model);
    const { features } = model.forward(x, { training: false });
    for (const size of [undefined, [16, 32, 48] as const]) {
      const stages = await runOnnx(encodeOnnxEncoder(config, state, { size }), x);
      stages.forEach(({ shape, data }, i) => {
        assert.deepEqual(shape, shapes[i]);
        const expected = officialValues(features[i], axes);
        const { std } = statisticsOf(expected);
        data.forEach((value, k) => {
          assertNear(value, expected[k], { within: TOLERANCE * std, what: `stage${i + 1}[${k}]` });
        });
      });
    }
    model.dispose();
    tf.dispose([x, ...features]);
  });
}

Deno.test("encodeOnnxEncoder() takes what the encoder needs and says what is missing", () => {
  const config = MODEL_PRESETS["unet3d-tiny"];
  const model = buildPretrainModel(config, { seed: 0 });
  const state = stateOf(model);
  model.dispose();
  const needed = new Map([...state].filter(([name]) => !name.startsWith("up")));
  assert.ok(needed.size < state.size);
  assert.deepEqual(encodeOnnxEncoder(config, needed), encodeOnnxEncoder(config, state));
  needed.delete("conv4d.gn2.bias");
  assert.throws(() => encodeOnnxEncoder(config, needed), {
    name: "CheckpointError",
    message: 'Cannot write ONNX: expected a weight "conv4d.gn2.bias" F32, got none',
  });
  needed.set("conv1a.weight", { dtype: "F32", shape: [8, 27], data: new Float32Array(8 * 27) });
  assert.throws(() => encodeOnnxEncoder(config, needed), {
    name: "CheckpointError",
    message: 'Cannot write ONNX: expected a kernel with 5 axes as "conv1a.weight", got [8, 27]',
  });
});

Deno.test("encodeOnnxEncoder() refuses sizes that the encoder cannot halve", () => {
  const message = (name: "uniformer-tiny" | "unet3d-tiny", size: [number, number, number]): string => {
    try {
      encodeOnnxEncoder(MODEL_PRESETS[name], new Map(), { size });
      return "none";
    } catch (error) {
      assert(error instanceof RangeError);
      return error.message;
    }
  };
  assert.equal(
    message("uniformer-tiny", [32, 40, 32]),
    "Cannot write ONNX: expected sizes divisible by 16, got 32 × 40 × 32",
  );
  assert.equal(
    message("unet3d-tiny", [8, 12, 8]),
    "Cannot write ONNX: expected sizes divisible by 8, got 8 × 12 × 8",
  );
});
