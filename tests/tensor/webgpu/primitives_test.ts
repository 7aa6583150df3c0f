/** Primitives that the table of ops does not hold, on the GPU: against the plain kernels on odd sizes. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import {
  adamwUpdate,
  adamwUpdateInPlace,
  gelu,
  scaleAll,
  selectBackend,
  smoothVolumes,
  sumOfSquares,
  sumsOfSquares,
  takeValues,
  templateWindow,
  tf,
  timesRange,
} from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { parametersPerDispatch } from "../../../lib/tensor/ops/adamw/_webgpu.ts";
import { relativeError } from "../_ops.ts";
import { gpuTest } from "./_gpu.ts";

function random(name: string, shape: readonly number[]): Tensor {
  const stream = randomStream(1, name, ...shape);
  const length = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(Float32Array.from({ length }, () => stream.normal()), [...shape]);
}

async function valuesOf(compute: () => Tensor[]): Promise<ArrayLike<number>[]> {
  const tensors = tf.tidy(compute);
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose(tensors);
  return values;
}

/** Compares what the GPU computes with what the reference backend does. */
async function compare(title: string, { compute, tolerance }: { compute: () => Tensor[]; tolerance: number }) {
  await selectBackend("webgpu");
  const before = tf.memory().numTensors;
  const actual = await valuesOf(compute);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  await selectBackend("reference");
  const expected = await valuesOf(compute);
  expected.forEach((values, i) => {
    assert.equal(actual[i].length, values.length);
    const { error, text } = relativeError(actual[i], values);
    assert.ok(error <= tolerance, `${title}, output ${i}: ${text}`);
  });
}

const SIZES = [[1], [3], [4], [257], [1028], [5, 3, 3, 3, 29], [70_001], [300, 256]];

gpuTest("adamwUpdate() on webgpu equals the plain kernel", async () => {
  for (const shape of SIZES) {
    const compute = (): Tensor[] => {
      const inputs = {
        parameter: random("parameter", shape),
        gradient: random("gradient", shape),
        firstMoment: random("first", shape),
        secondMoment: tf.square(random("second", shape)),
      };
      const rates = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: 3 };
      return adamwUpdate(inputs, rates);
    };
    await compare(`[${shape}]`, { compute, tolerance: 1e-6 });
  }
});

gpuTest("adamwUpdate() on webgpu divides by ε where there has been no gradient", async () => {
  const zeros = (): Tensor => tf.zeros([6]);
  const compute = (): Tensor[] =>
    adamwUpdate({ parameter: tf.ones([6]), gradient: zeros(), firstMoment: zeros(), secondMoment: zeros() }, {
      learningRate: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.01,
      step: 1,
    });
  await compare("zeros", { compute, tolerance: 1e-7 });
});

gpuTest("adamwUpdate() on webgpu adds coupled decay to the gradient", async () => {
  const compute = (): Tensor[] => {
    const [parameter, gradient, firstMoment] = ["p", "g", "m"].map((name) => random(name, [37]));
    const inputs = { parameter, gradient, firstMoment, secondMoment: tf.square(firstMoment) };
    const rates = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: 2 };
    return adamwUpdate(inputs, { ...rates, decay: "coupled" });
  };
  await compare("coupled", { compute, tolerance: 1e-6 });
});

/** More tensors than a dispatch takes, of whole vectors and not, of less and more than a workgroup. */
const MANY = Array.from({ length: 31 }, (_, k) => [[5], [8], [4096], [1030], [3, 3, 7], [1], [70_000]][k % 7]);

gpuTest("adamwUpdateInPlace() on webgpu updates as the reference does, twice, and reads see it", async () => {
  const update = async (backend: "webgpu" | "reference"): Promise<Float32Array[]> => {
    await selectBackend(backend);
    const parameters = tf.tidy(() =>
      MANY.map((shape, k) => ({
        parameter: tf.variable(random(`p${k}`, shape)),
        gradient: tf.keep(random(`g${k}`, shape)),
        firstMoment: tf.variable(random(`m${k}`, shape)),
        secondMoment: tf.variable(tf.square(random(`v${k}`, shape))),
        learningRate: 0.01 * (k + 1),
        step: k + 1,
      }))
    );
    // Values that were read once are kept on the host, and must not be read again.
    await parameters[0].parameter.data();
    const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
    adamwUpdateInPlace(parameters, options);
    adamwUpdateInPlace(parameters, { ...options, decay: "coupled" });
    const tensors = parameters.flatMap(({ parameter, firstMoment, secondMoment, gradient }) => {
      return [parameter, firstMoment, secondMoment, gradient];
    });
    const values = await Promise.all(tensors.map((tensor) => tensor.data<"float32">()));
    tf.dispose(tensors);
    return values;
  };
  const actual = await update("webgpu");
  (await update("reference")).forEach((values, i) => {
    const { error, text } = relativeError(actual[i], values);
    assert.ok(error <= 2e-6, `tensor ${i}: ${text}`);
  });
});

Deno.test("parametersPerDispatch() is what the device binds, at least one and at most eight", () => {
  const limits = [4, 8, 31, 32, 1_000_000].map((most) => ({ maxStorageBuffersPerShaderStage: most }));
  assert.deepEqual(limits.map((limit) => parametersPerDispatch(limit as GPUSupportedLimits)), [1, 2, 7, 8, 8]);
});

gpuTest("scaleAll() and sumsOfSquares() on webgpu take more tensors than a dispatch does", async () => {
  const tensors = (): Tensor[] => MANY.map((shape, k) => random(`x${k}`, shape));
  await compare("scaled", { compute: () => scaleAll(tensors(), -2.5), tolerance: 1e-7 });
  await compare("not scaled", { compute: () => scaleAll(tensors(), 1), tolerance: 0 });
  const total = async (): Promise<number> => {
    return (await takeValues(tf.tidy(() => sumsOfSquares(tensors())))).reduce((sum, value) => sum + value, 0);
  };
  await selectBackend("webgpu");
  const actual = await total();
  await selectBackend("reference");
  const expected = await total();
  assert.ok(Math.abs(actual - expected) <= 1e-6 * expected, `got ${actual}, not ${expected}`);
});

gpuTest(
  "sumOfSquares() on webgpu is right to 1e-6 for one piece, several and more than a second pass takes",
  async () => {
    for (const shape of [...SIZES, [8192], [8193], [1025, 8192]]) {
      await compare(`[${shape}]`, { compute: () => [sumOfSquares(random("squares", shape))], tolerance: 1e-6 });
    }
  },
);

gpuTest("smoothVolumes() on webgpu equals the plain kernel, sizes of one and several pieces included", async () => {
  for (const shape of [[1, 1, 1, 1], [2, 2, 1, 2], [1, 1, 2, 3], [3, 5, 4, 13], [2, 40, 33, 37]]) {
    for (const passes of [0, 1, 2, 3]) {
      const compute = (): Tensor[] => [smoothVolumes(random("smooth", shape), passes)];
      await compare(`[${shape}], ${passes} passes`, { compute, tolerance: 1e-6 });
    }
  }
});

gpuTest("timesRange() on webgpu equals the plain kernel, more volumes than a list holds included", async () => {
  for (const shape of [[1, 1], [2, 1, 1, 3], [3, 20_001], [2, 4, 50, 61], [125, 7]]) {
    const compute = (): Tensor[] => [
      timesRange(random("x", shape), { volumes: random("volumes", shape), epsilon: 0.5 }),
    ];
    await compare(`[${shape}]`, { compute, tolerance: 1e-6 });
  }
});

/** Windows and gradient of Σ window², of templates whose values are seven integers, so that extremes are tied. */
function windowsOfTies(starts: readonly (readonly [number, number, number, number])[]): Tensor[] {
  const values = Float32Array.from({ length: 3 * 40 * 31 * 35 }, (_, i) => (i * i + (i >> 5)) % 7);
  const windows = starts.map(([template, ...start]) => ({ template, start: [...start] as [number, number, number] }));
  const attributes = { windows, size: [12, 13, 9] as const, epsilon: 1e-9 };
  const templates = tf.tensor(values, [3, 40, 31, 35]);
  const cut = (x: Tensor): Tensor => templateWindow(x, attributes);
  return [cut(templates), tf.grad((x: Tensor) => tf.sum(tf.square(cut(x))))(templates)];
}

gpuTest("templateWindow() on webgpu shares the extremes' gradient among ties", async () => {
  await compare("overlapping windows", {
    compute: () => windowsOfTies([[1, -3, 5, 2], [1, 2, 9, 4], [2, 10, 20, 30]]),
    tolerance: 1e-6,
  });
  // Far from all windows there are only the shares, which the largest error above says little about.
  await compare("shares", {
    compute: () => [tf.slice(tf.reshape(windowsOfTies([[1, -3, 5, 2], [1, 10, 20, 30]])[1], [-1]), 83_000, 3_000)],
    tolerance: 1e-5,
  });
});

gpuTest("templateWindow() on webgpu takes more windows than a list holds", async () => {
  const starts = Array.from({ length: 27 }, (_, i) => [i % 2, i - 6, 2 * i - 9, 3 * i - 12] as const);
  await compare("27 windows", { compute: () => windowsOfTies(starts), tolerance: 1e-6 });
});

gpuTest("templateWindow() on webgpu starts from templates of zeros", async () => {
  const attributes = { windows: [{ template: 1, start: [0, 1, 0] as const }], size: [2, 2, 2] as const, epsilon: 1e-9 };
  const compute = (): Tensor[] => {
    const weights = random("weights", [1, 2, 2, 2, 1]);
    const gradient = tf.grad((x: Tensor) => tf.sum(tf.mul(templateWindow(x, attributes), weights)));
    return [gradient(tf.zeros([2, 3, 4, 5]))];
  };
  await compare("zeros", { compute, tolerance: 1e-6 });
});

gpuTest("gelu() on webgpu is exact to 2e-7 of its argument, far tails included", async () => {
  const x = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 1000);
  const compute = (): Tensor[] => [gelu(tf.tensor1d(x))];
  const [actual] = await valuesOf(compute);
  await selectBackend("reference");
  const [expected] = await valuesOf(compute);
  const worst = x.reduce(
    (most, value, i) => Math.max(most, Math.abs(actual[i] - expected[i]) / (1 + Math.abs(value))),
    0,
  );
  assert.ok(worst < 2e-7, `error ${worst}`);
});
