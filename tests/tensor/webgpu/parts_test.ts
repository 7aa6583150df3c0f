/** Calls that a device cannot bind whole, against the same on a device that can. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import {
  adamwUpdateInPlace,
  conv3d,
  mlp,
  OPS,
  scaleAll,
  selectBackend,
  smoothVolumes,
  sumOfSquares,
  sumsOfSquares,
  templateWindow,
  tf,
  timesRange,
} from "../../../lib/tensor/mod.ts";
import type { Tensor, Tensor5D } from "../../../lib/tensor/mod.ts";
import type { GpuBackend } from "../../../lib/tensor/webgpu/backend.ts";
import { bindablePieces, windowOf } from "../../../lib/tensor/webgpu/parts.ts";
import type { GpuArray } from "../../../lib/tensor/webgpu/runtime.ts";
import { relativeError } from "../_ops.ts";
import { asRealGpu, gpuTest, withBindingLimit } from "./_gpu.ts";
import { valuesOf } from "./_values.ts";

/** Cases whose arrays, or whose scratch, a device with so many bytes at a time does not bind. */
const CASES: readonly [op: string, title: string, bytes: number][] = [
  ["batchNorm", "5 channels, rows beyond a chunk", 65_804],
  ["batchNorm", "stage 1, 32³ crop", 131_072],
  ["conv3d", "3³, odd sizes, bias", 2104],
  ["conv3d", "1³, stride 2", 512],
  ["depthToSpace3d", "odd sizes", 1444],
  ["depthwiseConv3d", "1³, whole and part of a vector", 1324],
  ["depthwiseConv3d", "3³, 20 channels, boxes along depth", 21_604],
  ["gelu", "just above a thread's share", 32_772],
  ["groupNorm", "8 groups of UNET3D", 32_772],
  ["groupNorm", "13 groups of 1, activation leakyRelu", 9000],
  ["groupNorm", "20 channels, rows beyond a chunk, activation relu", 134_004],
  ["groupNorm", "instance norm without scale and bias, activation leakyRelu", 2524],
  ["layerNorm", "5 channels, rows beyond a chunk", 5144],
  ["layerNorm", "45 channels, rows beyond a block", 5492],
  ["leakyRelu", "a sum just above a thread's share", 32_772],
  ["linear", "MLP of stage 1, 32³ crop", 262_148],
  ["maskedFill", "shared by threads", 66_068],
  // The hidden channels alone are too many for it.
  ["mlp", "several chunks", 10_012],
  ["mlp", "stage 1, 32³ crop", 65_540],
  ["residualAdd", "stage 1, 32³ crop", 131_076],
  ["sampleSquaredError", "more than one piece", 92_008],
  ["scaleShift", "13 channels, rows beyond a chunk", 107_124],
  ["selfAttention", "odd sizes, 3 heads", 1264],
  ["selfAttention", "stage 3, 32³ crop", 73_732],
  ["spaceToDepth3d", "odd channels", 580],
  ["templateWindow", "inside and partly outside", 1264],
  ["templateWindow", "several pieces, whole rows outside", 78_888],
  ["upsampleNearest", "channels of three vectors", 2400],
  ["upsampleTrilinear", "odd sizes by 2", 1480],
];

/** What is added up part by part differs by rounding. */
const TOLERANCE = 2e-6;
/** Statistics are such sums, and all that is normalised depends on them. */
const NORMS = ["batchNorm", "groupNorm"];

/** Compares a case in parts with the whole. */
async function compareCase([name, title, bytes]: (typeof CASES)[number], backend: GpuBackend): Promise<void> {
  const entry = OPS.find(({ definition }) => definition.name === name)!;
  const opCase = entry.cases.find((candidate) => candidate.title === title)!;
  assert.ok(opCase, "no such case");
  const run = () => valuesOf(entry, opCase, (inputs) => entry.apply(inputs, opCase.attributes));
  const before = backend.use.dispatches;
  const whole = await run();
  const dispatches = backend.use.dispatches - before;
  const parts = await withBindingLimit(backend, bytes, run);
  assert.ok(backend.use.dispatches - before > 2 * dispatches, "nothing was done in parts");
  for (const [key, values] of whole) {
    const isExact = !NORMS.includes(name) && ["output", "dx", "dqkv", "shape of output"].includes(key);
    const { error, text } = relativeError(parts.get(key)!, values);
    assert.ok(error <= (isExact ? 0 : TOLERANCE), `${key}: ${text}`);
  }
}

for (const opCase of CASES) {
  const [name, title] = opCase;
  gpuTest(
    `${name}() in parts that a device binds comes to what it comes to whole: ${title}`,
    (backend) => compareCase(opCase, backend),
  );
}

gpuTest("kernels for real GPUs come in parts to what they come to whole", async (backend) => {
  const tiled = ["batchNorm", "conv3d", "depthwiseConv3d", "groupNorm", "layerNorm", "mlp", "selfAttention"];
  const chosen = tiled.map((name) => CASES.findLast((candidate) => candidate[0] === name)!);
  await asRealGpu(backend, async () => {
    for (const opCase of chosen) await compareCase(opCase, backend);
  });
});

function random(name: string, shape: readonly number[]): Tensor {
  const stream = randomStream(1, name, ...shape);
  const length = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(Float32Array.from({ length }, () => stream.normal()), [...shape]);
}

async function numbersOf(compute: () => Tensor[]): Promise<ArrayLike<number>[]> {
  const before = tf.memory().numTensors;
  const tensors = tf.tidy(compute);
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose(tensors);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  return values;
}

/** Compares what comes of a computation with a device that binds so many bytes with what comes without that limit. */
async function comparePartsOf(
  compute: () => Tensor[],
  { backend, bytes, within = 0 }: { backend: GpuBackend; bytes: number; within?: number },
): Promise<void> {
  const whole = await numbersOf(compute);
  const parts = await withBindingLimit(backend, bytes, () => numbersOf(compute));
  whole.forEach((values, i) => {
    assert.equal(parts[i].length, values.length);
    const { error, text } = relativeError(parts[i], values);
    assert.ok(error <= within, `result ${i}: ${text}`);
  });
}

gpuTest(
  "primitives of the optimiser and the templates take parameters that a device cannot bind whole",
  async (backend) => {
    const shape = [3, 7, 9, 11], options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
    const update = (): Tensor[] => {
      const [parameter, firstMoment] = ["p", "m"].map((name) => tf.variable(random(name, shape)));
      const secondMoment = tf.variable(tf.square(random("v", shape)));
      const arrays = { parameter, gradient: random("g", shape), firstMoment, secondMoment };
      const small = { ...arrays, parameter: tf.variable(random("q", shape.slice(2))), gradient: random("h", [9, 11]) };
      const moments = { firstMoment: tf.variable(tf.zeros([9, 11])), secondMoment: tf.variable(tf.zeros([9, 11])) };
      adamwUpdateInPlace([
        { ...arrays, learningRate: 0.01, step: 3 },
        { ...small, ...moments, learningRate: 0.1, step: 1 },
      ], options);
      const variables = [parameter, firstMoment, secondMoment, small.parameter];
      const results = variables.map((variable) => tf.clone(variable));
      tf.dispose([...variables, ...Object.values(moments)]);
      return results;
    };
    await comparePartsOf(update, { backend, bytes: 2048 });
    const scaled = (): Tensor[] => scaleAll([random("a", shape), random("b", [5])], -2.5);
    await comparePartsOf(scaled, { backend, bytes: 2048 });
    const squares =
      (): Tensor[] => [tf.sum(sumsOfSquares([random("a", shape), random("b", [5])])), sumOfSquares(random("a", shape))];
    await comparePartsOf(squares, { backend, bytes: 2048, within: 1e-6 });
    // One volume at a time: they begin where no binding can.
    const volumes = (): Tensor[] => {
      return [
        timesRange(random("x", shape), { volumes: random("t", shape), epsilon: 1e-9 }),
        smoothVolumes(random("x", shape), 2),
      ];
    };
    await comparePartsOf(volumes, { backend, bytes: 4 * 7 * 9 * 11 });
  },
);

gpuTest("windows of templates that a device binds one or two at a time are those of all", async (backend) => {
  const shape = [4, 8, 8, 16];
  // Template 2 has no window; those of the others are mixed.
  const windows = [1, 0, 1, 3, 0].map((template, i) => ({ template, start: [i - 1, 1, 2 * i] as const }));
  const compute = (): Tensor[] => {
    const attributes = { windows, size: [4, 5, 6] as const, epsilon: 1e-9 };
    const { value, grad } = tf.valueAndGrad((x) => tf.sum(tf.square(templateWindow(x, attributes))))(
      random("t", shape),
    );
    return [templateWindow(random("t", shape), attributes), value, grad];
  };
  for (const bytes of [4096, 8192]) await comparePartsOf(compute, { backend, bytes, within: 1e-6 });
});

gpuTest(
  "TensorFlow.js's operations of a training step take tensors that a device cannot bind whole",
  async (backend) => {
    const shape = [3, 5, 4, 2, 30];
    const compute = (): Tensor[] => {
      const [a, b] = ["a", "b"].map((name) => random(name, shape));
      return [
        tf.add(a, b),
        tf.mul(a, 2),
        tf.sub(1, a),
        tf.div(a, tf.add(tf.exp(b), 1)),
        tf.zerosLike(a),
        tf.fill(shape, 0.5),
        tf.cast(tf.tensor(Int32Array.from({ length: 3600 }, (_, i) => i % 7), shape, "int32"), "float32"),
        tf.concat([a, b], 4),
        tf.slice(a, [0, 1, 0, 0, 3], [3, 3, 4, 2, 7]),
        ...tf.split(a, 3, 4),
        tf.pad(a, [[0, 0], [1, 2], [0, 0], [0, 0], [3, 0]]),
      ];
    };
    await comparePartsOf(compute, { backend, bytes: 10_000 });
    const sums = (): Tensor[] => {
      const a = random("a", shape);
      return [tf.sum(a), tf.mean(a), tf.sum(a, [0, 1, 2, 3]), tf.sum(a, 0, true)];
    };
    await comparePartsOf(sums, { backend, bytes: 8000, within: 1e-5 });
  },
);

gpuTest("parts of arrays in half precision come to what the whole does", async (backend) => {
  if (!backend.device.features.has("shader-f16")) return;
  await selectBackend("webgpu", { precision: "f16-mixed" });
  try {
    const half = (): Tensor[] => {
      const weights = { weight1: random("1", [12, 40]), bias1: random("2", [40]), weight2: random("3", [40, 12]) };
      const layer = (x: Tensor): Tensor => mlp(x, { ...weights, bias2: random("4", [12]) });
      const kernel = tf.mul(random("k", [3, 3, 3, 12, 4]), 0.1) as Tensor5D;
      const run = (x: Tensor): Tensor => conv3d(layer(layer(x)) as Tensor5D, kernel);
      const { value, grad } = tf.valueAndGrad((x) => tf.sum(tf.mul(run(x), random("w", [3, 2, 3, 5, 4]))))(
        random("x", [3, 2, 3, 5, 12]),
      );
      return [run(random("x", [3, 2, 3, 5, 12])), value, grad];
    };
    await comparePartsOf(half, { backend, bytes: 5500, within: 1e-3 });
  } finally {
    await selectBackend("webgpu");
  }
});

gpuTest("work in parts makes no buffers and groups of bindings when it repeats", async (backend) => {
  const work = async (): Promise<void> => {
    await numbersOf(() => {
      const weights = { weight1: random("1", [12, 40]), bias1: random("2", [40]), weight2: random("3", [40, 12]) };
      return [mlp(random("x", [700, 12]), { ...weights, bias2: random("4", [12]) })];
    });
  };
  await withBindingLimit(backend, 8192, async () => {
    for (let i = 0; i < 2; i++) await work();
    const { buffers, bindGroups } = backend.use;
    await work();
    assert.deepEqual([backend.use.buffers, backend.use.bindGroups], [buffers, bindGroups]);
  });
});

gpuTest(
  "GpuBackend refuses a sample that alone is too large, says what to lower, and leaves nothing behind",
  async (backend) => {
    const x = random("x", [2, 4, 4, 4, 8]) as Tensor5D, weight = random("w", [3, 3, 3, 8, 8]) as Tensor5D;
    const before = [tf.memory().numTensors, backend.memory().numBytesInGPU];
    const run = (): Promise<void> => Promise.resolve(void conv3d(x, weight));
    await assert.rejects(withBindingLimit(backend, 1024, run), {
      name: "RangeError",
      message:
        /^Cannot run Conv3dSymmetric on this GPU: expected arrays of at most 1 KiB, got 2 KiB of shape \[1, 4, 4, 4, 8\]; lower cropSize or run\.batchSize, set run\.precision=f16-mixed, or use --backend simd$/,
    });
    assert.equal(tf.memory().numTensors, before[0]);
    tf.dispose([x, weight]);
  },
);

Deno.test("bindablePieces() cuts arrays of one length at the same places, between rows", () => {
  const array = (isHalf: boolean): GpuArray => {
    return { buffer: {} as GPUBuffer, length: 3000, shape: [300, 10], isHalf };
  };
  const limits = { maxStorageBufferBindingSize: 6000 } as GPUSupportedLimits;
  const pieces = bindablePieces({ a: array(false), b: array(true) }, limits, { row: 10 });
  assert.deepEqual(pieces.map(({ a }) => [a.offset, a.length]), [[0, 1280], [5120, 1280], [10_240, 440]]);
  assert.deepEqual(pieces.map(({ b }) => [b.offset, b.length]), [[0, 1280], [2560, 1280], [5120, 440]]);
  const whole = { a: array(true) };
  assert.deepEqual(bindablePieces(whole, limits), [whole]);
});

Deno.test("windowOf() is a window of a window", () => {
  const array = { buffer: {} as GPUBuffer, offset: 256, length: 60, shape: [5, 3, 4] };
  const { offset, length, shape } = windowOf(array, { first: 2, count: 2, along: "samples" });
  assert.deepEqual({ offset, length, shape }, { offset: 256 + 4 * 24, length: 24, shape: [2, 3, 4] });
  const tokens = windowOf(array, { first: 7, count: 3, along: "tokens" });
  assert.deepEqual([tokens.offset, tokens.shape], [256 + 4 * 28, [3, 4]]);
});
