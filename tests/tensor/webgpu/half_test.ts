/** Half precision in memory: the sources made for it, and every op with activations stored so. */
import assert from "node:assert/strict";
import { OPS, selectBackend, sizeOf, takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { OpEntry, Tensor } from "../../../lib/tensor/mod.ts";
import type { OpCase } from "../../../lib/tensor/op.ts";
import type { GpuBackend } from "../../../lib/tensor/webgpu/backend.ts";
import { copyValues } from "../../../lib/tensor/webgpu/copy_values.ts";
import { withHalfArrays } from "../../../lib/tensor/webgpu/half.ts";
import { relativeError } from "../_ops.ts";
import { asRealGpu, gpuTest } from "./_gpu.ts";
import { valuesOf } from "./_values.ts";

const SOURCE = `alias Values = vec4f;
@group(0) @binding(1) var<storage, read> x: array<f32>; // not y[0]
@group(0) @binding(2) var<storage, read> steps: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Values>;
fn main(i: u32) {
  if (x[i] == 1.0) { y[u32(x[i + 1u])] = steps[i] * Values(x[i]); }
  y[i] *= place.x[i] + 2.0;
}
`;

Deno.test("withHalfArrays() widens what is read and narrows what is written at the bindings named", () => {
  assert.equal(
    withHalfArrays(SOURCE, [1, 3]),
    `enable f16;
alias Values = vec4f;
@group(0) @binding(1) var<storage, read> x: array<f16>; 
@group(0) @binding(2) var<storage, read> steps: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4h>;
fn main(i: u32) {
  if (f32(x[i]) == 1.0) { y[u32(f32(x[i + 1u]))] = vec4h(steps[i] * Values(f32(x[i]))); }
  y[i] = vec4h(vec4f(y[i]) * (place.x[i] + 2.0));
}
`,
  );
  assert.equal(withHalfArrays(SOURCE, []), SOURCE);
});

Deno.test("withHalfArrays() refuses bindings that are not there or hold no floats", () => {
  const message = (got: string): RegExp =>
    new RegExp(`^Cannot store binding \\d in half precision: expected an array of floats, got ${got}$`);
  assert.throws(() => withHalfArrays(SOURCE, [4]), { name: "RangeError", message: message("none") });
  const integers = SOURCE.replace("steps: array<f32>", "steps: array<u32>");
  assert.throws(() => withHalfArrays(integers, [2]), { name: "RangeError", message: message("u32") });
});

/** Inputs of ops that are activations; the others are weights, masks, templates and goals. */
const ACTIVATIONS = new Set(["x", "residual", "qkv", "prediction"]);
/** f16 has 11 bits: an output is rounded once or twice, relative to its largest value. */
const TOLERANCE = 5e-3;

/** The tensor in half precision. */
function narrowed(backend: GpuBackend, tensor: Tensor): Tensor {
  const [info] = backend.runKernel({ x: tensor }, ({ x }, runtime) => {
    const y = runtime.activation(x.shape);
    copyValues({ x, y }, runtime);
    return [y];
  });
  return tf.engine().makeTensorFromTensorInfo(info) as Tensor;
}

/** Runs with activations in half precision from now on, back to what it was in the end. */
async function inHalf<T>(backend: GpuBackend, run: () => Promise<T>): Promise<T> {
  backend.precision = "f16-mixed";
  try {
    return await run();
  } finally {
    backend.precision = "f32";
  }
}

/** The op on narrowed activations, its output's gradient narrowed too. */
function mixed(
  backend: GpuBackend,
  entry: OpEntry,
  { attributes }: OpCase,
): (inputs: Record<string, Tensor>) => Tensor {
  const narrowGradient = tf.customGrad((x) => ({
    value: tf.clone(x as Tensor),
    gradFunc: (dy) => narrowed(backend, dy as Tensor),
  }));
  const narrow = tf.customGrad((x) => ({
    value: narrowed(backend, x as Tensor),
    gradFunc: (dy) => tf.clone(dy as Tensor),
  }));
  return (inputs) => {
    const stored = Object.entries(inputs).map((
      [name, tensor],
    ) => [name, ACTIVATIONS.has(name) ? narrow(tensor) : tensor]);
    return narrowGradient(entry.apply(Object.fromEntries(stored), attributes));
  };
}

/** The reference on the rounded values: the others may lie on the other side of a kink. */
function onRounded(
  reference: (inputs: Record<string, Tensor>) => Tensor,
): (inputs: Record<string, Tensor>) => Tensor {
  const round = tf.customGrad((x) => {
    const tensor = x as Tensor;
    const values = Float32Array.from(tensor.dataSync(), (value) => Math.f16round(value));
    return { value: tf.tensor(values, tensor.shape), gradFunc: (dy) => tf.clone(dy as Tensor) };
  });
  return (inputs) =>
    reference(
      Object.fromEntries(
        Object.entries(inputs).map(([name, tensor]) => [name, ACTIVATIONS.has(name) ? round(tensor) : tensor]),
      ),
    );
}

/** Cases that are soon done: kernels are the same for all. */
function smallCases(cases: readonly OpCase[]): readonly OpCase[] {
  return cases.filter(({ shapes }) => Object.values(shapes).every((shape) => sizeOf(shape) < 20_000));
}

for (const kind of ["software", "real"] as const) {
  for (const entry of OPS) {
    const { name, reference } = entry.definition;
    gpuTest(`${name}() in half precision is near its reference: kernels for ${kind} GPUs`, async (backend) => {
      for (const opCase of smallCases(entry.cases)) {
        await selectBackend("webgpu");
        const compute = () => inHalf(backend, () => valuesOf(entry, opCase, mixed(backend, entry, opCase)));
        const actual = kind === "real" ? await asRealGpu(backend, compute) : await compute();
        await selectBackend("reference");
        const run = onRounded((inputs) => reference(inputs, opCase.attributes));
        const expected = await valuesOf(entry, opCase, run);
        for (const [result, values] of expected) {
          const { error, text } = relativeError(actual.get(result)!, values);
          assert.ok(error <= TOLERANCE, `${opCase.title}, ${result}: ${text}`);
        }
      }
      await selectBackend("webgpu");
    });
  }
}

gpuTest("GpuBackend stores activations in half the memory and rounds them to 11 bits", async (backend) => {
  const x = tf.tensor1d([1 / 3, 1e-4, 70_000, -2.5, NaN]);
  await inHalf(backend, async () => {
    const before = backend.memory().numBytesInGPU;
    const half = narrowed(backend, x);
    // Five halves in whole words, beside the five floats of x.
    assert.equal(backend.memory().numBytesInGPU - before, 5 * 4 + 12);
    const values = await takeValues(half);
    assert.deepEqual([...values], [0.333251953125, 0.00010001659393310547, Infinity, -2.5, NaN]);
  });
  x.dispose();
});

gpuTest("GpuBackend widens half precision for TensorFlow.js's own kernels, and copies it as it is", async (backend) => {
  const x = tf.tensor2d([[1, 2, 3], [4, 5, 6]]);
  const results = await inHalf(backend, async () => {
    const half = narrowed(backend, x);
    const results = [tf.concat([half, half], 1), tf.slice(half, [0, 1], [2, 2]), tf.exp(half), tf.add(half, x)];
    half.dispose();
    return await Promise.all(results.map(takeValues));
  });
  assert.deepEqual([...results[0]], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  assert.deepEqual([...results[1]], [2, 3, 5, 6]);
  assert.ok(Math.abs(results[2][5] - Math.exp(6)) < 1e-3 * Math.exp(6));
  assert.deepEqual([...results[3]], [2, 4, 6, 8, 10, 12]);
  x.dispose();
});
