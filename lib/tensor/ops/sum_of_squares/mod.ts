/** Sums of squares of tensors: what gradients add to the squared norm. */
import { definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { tf } from "../../tf.ts";
import type { NamedTensorMap, Scalar, Tensor, Tensor1D } from "../../tf.ts";
import type { GpuBackend } from "../../webgpu/backend.ts";
import { sumRows } from "../../webgpu/sum_rows.ts";
import { squaresByPieces } from "./_webgpu.ts";

/** Values of a piece, whose sum does not depend on the number of threads. */
const PIECE = 16384;

const compute = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "SumOfSquares",
  composite: ({ x }) => [tf.sum(tf.square(x))],
  plain({ x }) {
    let sum = 0;
    for (const value of x.data) sum += value * value;
    return [{ data: Float32Array.of(sum), shape: [] }];
  },
  simd({ x }, _, runtime) {
    const units = Math.ceil(x.length / PIECE);
    const out = runtime.output([]), scratch = runtime.scratch(2 * units);
    runtime.run("sumsOfSquares", { units, grain: 1 }, [x.pointer, scratch.pointer, x.length, PIECE]);
    const sums = new Float64Array(scratch.data.buffer, scratch.pointer, units);
    out.data[0] = sums.reduce((total, sum) => total + sum, 0);
    return [out];
  },
  webgpu({ x }, _, runtime) {
    const sums = runtime.output([]);
    sumRows({ x, sums }, { rows: 1, term: "squares" }, runtime);
    return [sums];
  },
  cut: { along: "values", of: ["x"], sums: [0] },
});

/**
 * Σ x² over all values, added in float64 where the backend has a kernel; no gradient.
 *
 * Shapes: any → scalar.
 */
export function sumOfSquares(x: Tensor): Scalar {
  return compute({ x }, {})[0] as Scalar;
}

const OF_ALL = "SumsOfSquares";

tf.registerKernel({
  kernelName: OF_ALL,
  backendName: "webgpu",
  kernelFunc: ({ inputs, backend }) => {
    const given = inputs as Readonly<Record<string, tf.TensorInfo>>;
    return (backend as GpuBackend).runKernel(given, (arrays, runtime) => {
      return [squaresByPieces(Object.values(arrays), runtime)];
    });
  },
});

/**
 * Numbers whose sum is Σ x² over all values of all tensors: one of each tensor, or of each piece of one; no gradient.
 *
 * Shapes: any, at least one → `[n]`.
 */
export function sumsOfSquares(tensors: readonly Tensor[]): Tensor1D {
  if (!tf.getKernel(OF_ALL, tf.getBackend())) return tf.tidy(() => tf.stack(tensors.map(sumOfSquares)) as Tensor1D);
  const inputs: NamedTensorMap = Object.fromEntries(tensors.map((tensor, k) => [`x${k}`, tensor]));
  return (tf.engine().runKernel(OF_ALL, inputs) as unknown as Tensor1D[])[0];
}
