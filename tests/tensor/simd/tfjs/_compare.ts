/** Runs a tfjs kernel on the plain backend and on SIMD backends of one and two threads, and compares. */
import assert from "node:assert/strict";
import { randomStream } from "../../../../lib/random.ts";
import { selectBackend, tf } from "../../../../lib/tensor/mod.ts";
import { SimdBackend } from "../../../../lib/tensor/simd/backend.ts";
import { MathBackendCPU } from "../../../../lib/tensor/tf.ts";
import type { DataType, TensorInfo } from "../../../../lib/tensor/tf.ts";
import { relativeError } from "../../_ops.ts";

await selectBackend("simd");
const plain = new MathBackendCPU();
const threaded = [await SimdBackend.open({ threads: 1 }), await SimdBackend.open({ threads: 2 })];

/** An input of a kernel; normal values unless given. */
export interface Input {
  readonly shape: readonly number[];
  readonly values?: ArrayLike<number>;
  readonly dtype?: DataType;
}

/** One call of a kernel. */
export interface Call {
  readonly inputs: Readonly<Record<string, Input>> | readonly Input[];
  readonly attrs?: Readonly<Record<string, unknown>>;
  /** Whether the SIMD kernel takes the call (default) or leaves it to the plain one. */
  readonly taken?: boolean;
  /** Largest error relative to the largest value; 0 = the same values. */
  readonly tolerance?: number;
}

/** Seeded values that no two inputs share. */
export function seededValues(size: number, purpose: string): Float32Array {
  const random = randomStream(1, purpose);
  return Float32Array.from({ length: size }, () => random.normal());
}

function typed(values: ArrayLike<number>, dtype: DataType): Float32Array | Int32Array | Uint8Array {
  if (dtype === "int32") return Int32Array.from(values);
  return dtype === "bool" ? Uint8Array.from(values) : Float32Array.from(values);
}

interface Outcome {
  readonly outputs: { shape: number[]; dtype: string; values: ArrayLike<number> }[];
  readonly isTaken: boolean;
}

function run(kernel: string, { inputs, attrs = {} }: Call, backend: MathBackendCPU): Outcome {
  const infos = Object.entries(inputs).map(([name, { shape, values, dtype = "float32" }]: [string, Input]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const given = typed(values ?? seededValues(size, `input-${name}`), dtype);
    return [name, backend.makeTensorInfo([...shape], dtype, given)] as const;
  });
  const named = Object.fromEntries(infos);
  let isTaken = false;
  if (backend instanceof SimdBackend) {
    const { runKernel } = SimdBackend.prototype;
    backend.runKernel = function (...args) {
      isTaken = true;
      return runKernel.apply(this, args);
    };
  }
  const { kernelFunc } = tf.getKernel(kernel, backend instanceof SimdBackend ? "simd" : "cpu");
  const result = kernelFunc({
    inputs: Array.isArray(inputs) ? infos.map(([, info]) => info) as unknown as typeof named : named,
    attrs: attrs as tf.NamedAttrMap,
    backend: backend as unknown as tf.KernelBackend,
  });
  const outputs = (Array.isArray(result) ? result : [result]).map((info: TensorInfo) => {
    return { shape: info.shape, dtype: info.dtype, values: backend.readSync(info.dataId) as Float32Array };
  });
  return { outputs, isTaken };
}

function bitsOf(values: ArrayLike<number>): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}

/** Asserts that all backends give the same output, and those of one and two threads the same bits. */
export function assertSame(kernel: string, call: Call): void {
  const { taken = true, tolerance = 1e-6 } = call;
  const expected = run(kernel, call, plain).outputs;
  const [one, two] = threaded.map((backend) => run(kernel, call, backend));
  assert.equal(one.isTaken, taken, taken ? "left to the plain kernel" : "not left to the plain kernel");
  assert.equal(one.outputs.length, expected.length);
  one.outputs.forEach(({ shape, dtype, values }, i) => {
    assert.deepEqual([shape, dtype], [expected[i].shape, expected[i].dtype]);
    assert.equal(values.length, expected[i].values.length);
    if (tolerance === 0) assert.deepEqual(Array.from(values), Array.from(expected[i].values));
    else {
      const { error, text } = relativeError(values, expected[i].values);
      assert.ok(error <= tolerance, text);
    }
    assert.deepEqual(bitsOf(two.outputs[i].values), bitsOf(values), "one and two threads differ");
  });
}

/** Gradients of Σ f(…)·weights on a backend, with fixed weights. */
async function gradientsOn(
  backend: "simd" | "reference",
  shapes: readonly (readonly number[])[],
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
): Promise<Float32Array[]> {
  await selectBackend(backend);
  const before = tf.memory().numTensors;
  const gradients = tf.tidy(() => {
    const inputs = shapes.map((shape, i) => {
      return tf.tensor(seededValues(shape.reduce((product, size) => product * size, 1), `input-${i}`), [...shape]);
    });
    const weighted = (...given: tf.Tensor[]): tf.Scalar => {
      const output = f(...given);
      return tf.sum(tf.mul(output, tf.tensor(seededValues(output.size, "weights"), output.shape)));
    };
    return tf.grads(weighted)(inputs).map((gradient) => gradient.dataSync() as Float32Array);
  });
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  return gradients;
}

/** Asserts that tfjs's gradients through the SIMD kernels equal those through the plain ones. */
export async function assertSameGradients(
  shapes: readonly (readonly number[])[],
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
): Promise<void> {
  const expected = await gradientsOn("reference", shapes, f);
  const actual = await gradientsOn("simd", shapes, f);
  expected.forEach((gradient, i) => {
    const { error, text } = relativeError(actual[i], gradient);
    assert.ok(error <= 1e-5, `gradient ${i}: ${text}`);
  });
}
