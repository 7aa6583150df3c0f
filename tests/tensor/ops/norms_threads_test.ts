/** One thread and two give the same bits, in every kernel of norms, channel sums, activations and interpolation. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { tf } from "../../../lib/tensor/mod.ts";
import { SimdBackend } from "../../../lib/tensor/simd/backend.ts";

const one = await SimdBackend.open({ threads: 1 });
const two = await SimdBackend.open({ threads: 2 });

const C = 13, S = [2, 31, 17, 10, C];
const values: Record<string, { shape: number[]; positive?: boolean }> = {
  x: { shape: S },
  dy: { shape: S },
  y: { shape: S },
  residual: { shape: S },
  scale: { shape: [C] },
  bias: { shape: [C] },
  shift: { shape: [C] },
  mean: { shape: [C] },
  variance: { shape: [C], positive: true },
};
const groupMean = { shape: [2, C] }, inverseStd = { shape: [2, C], positive: true };

/** Inputs and attributes of a kernel. */
const CALLS: { kernel: string; inputs: typeof values; attributes?: tf.NamedAttrMap }[] = [
  call("ChannelSum", ["x"]),
  call("BatchNorm", ["x", "scale", "bias"], { epsilon: 1e-5 }),
  call("BatchNormGradient", ["dy", "x", "scale", "mean", "variance"], { epsilon: 1e-5 }),
  call("ScaleShift", ["x", "scale", "shift"]),
  call("ChannelGradientSums", ["dy", "x"]),
  call("GroupNorm", ["x", "scale", "bias"], { groups: C, epsilon: 1e-5, activation: "relu" }),
  call("GroupNormGradient", ["dy", "x", "y", "scale"], { groups: C, slope: 0 }, { mean: groupMean, inverseStd }),
  call("LeakyReluSum", ["x", "residual"], { slope: 0.01 }),
  call("LeakyReluGradient", ["dy", "y"], { slope: 0.01 }),
  call("UpsampleTrilinear", ["x"], { factor: 2 }),
  call("UpsampleTrilinearGradient", [], { factor: 2 }, { dy: { shape: [2, 62, 34, 20, C] } }),
  call("LayerNorm", ["x", "scale", "bias"], { epsilon: 1e-5 }),
  call("LayerNormGradient", ["dy", "x", "scale"], { epsilon: 1e-5 }),
  call("ExactGelu", ["x"]),
  call("ExactGeluGradient", ["dy", "x"]),
];

function call(kernel: string, names: string[], attributes?: tf.NamedAttrMap, more: typeof values = {}) {
  return { kernel, attributes, inputs: { ...Object.fromEntries(names.map((name) => [name, values[name]])), ...more } };
}

/** Runs a kernel on a backend of its own, and returns the values of all outputs. */
function outputsOn(backend: SimdBackend, { kernel, inputs, attributes }: (typeof CALLS)[number]): unknown[] {
  const infos = Object.entries(inputs).map(([name, { shape, positive }]) => {
    const random = randomStream(1, name);
    const data = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal());
    return [name, backend.makeTensorInfo(shape, "float32", positive ? data.map((v) => v * v + 0.1) : data)] as const;
  });
  const { kernelFunc } = tf.getKernel(kernel, "simd")!;
  const outputs = kernelFunc({ inputs: Object.fromEntries(infos), attrs: attributes, backend }) as tf.TensorInfo[];
  return outputs.map(({ dataId }) => backend.readSync(dataId));
}

for (const entry of CALLS) {
  Deno.test(`${entry.kernel} gives the same bits on one thread and on two`, () => {
    const expected = outputsOn(one, entry);
    for (let again = 0; again < 5; again++) assert.deepEqual(outputsOn(two, entry), expected);
  });
}
