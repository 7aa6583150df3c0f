/** Trilinear upsampling by a whole factor with aligned corners: linear interpolation along one axis after the other. */
import { defineOp, definePrimitive } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { interpolate, interpolationGradient } from "./_webgpu.ts";

type UpsampleAttributes = { factor: number };

/** Depth, height and width. */
const AXES = [1, 2, 3];

/** Weights `[fine, coarse]` of an axis: fine point i lies at i·(coarse − 1)/(fine − 1), between two coarse ones. */
function axisWeights(coarse: number, factor: number): Tensor {
  const fine = factor * coarse, span = Math.max(1, fine - 1);
  const values = Array.from({ length: fine * coarse }, (_, at) => {
    const i = Math.floor(at / coarse), j = at % coarse;
    return Math.max(0, 1 - Math.abs(i * (coarse - 1) - j * span) / span);
  });
  return tf.tensor2d(values, [fine, coarse]);
}

/** Multiplies along an axis: from coarse to fine, or, transposed, back. */
function mapAxis(
  x: Tensor,
  { axis, coarse, factor, transposed }: { axis: number; coarse: number; factor: number; transposed: boolean },
): Tensor {
  const shape = shapeOf(x);
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const product = tf.matMul(axisWeights(coarse, factor), tf.reshape(x, [outer, shape[axis], -1]), transposed);
  return tf.reshape(product, shape.map((size, i) => i !== axis ? size : transposed ? coarse : factor * coarse));
}

function reference({ x }: { x: Tensor }, { factor }: UpsampleAttributes): Tensor {
  return AXES.reduce((h, axis) => mapAxis(h, { axis, coarse: shapeOf(x)[axis], factor, transposed: false }), x);
}

const forward = definePrimitive<{ x: Tensor }, UpsampleAttributes>({
  name: "UpsampleTrilinear",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  // Depth first and width last: everything but the last step works on fewer voxels.
  simd: ({ x }, { factor }, runtime) => [runOverAxes("interpolateAxis", x, { axes: AXES, scale: factor, runtime })],
  webgpu: ({ x }, { factor }, runtime) => [interpolate(x, factor, runtime)],
  cut: { along: "samples", of: ["x"] },
});

const gradient = definePrimitive<{ dy: Tensor }, UpsampleAttributes>({
  name: "UpsampleTrilinearGradient",
  composite({ dy }, { factor }) {
    const coarse = shapeOf(dy).map((size) => size / factor);
    return [AXES.reduce((h, axis) => mapAxis(h, { axis, coarse: coarse[axis], factor, transposed: true }), dy)];
  },
  simd({ dy }, { factor }, runtime) {
    const axes = AXES.toReversed();
    return [runOverAxes("interpolateAxisGradient", dy, { axes, scale: 1 / factor, runtime })];
  },
  webgpu: ({ dy }, { factor }, runtime) => [interpolationGradient(dy, factor, runtime)],
  cut: { along: "samples", of: ["dy"] },
});

/** Values that a thread takes at a time. */
const GRAIN = 16384;

/** Runs a kernel axis by axis, each time to `scale` times the points; only the last result is an output. */
function runOverAxes(
  kernel: string,
  x: SimdArray,
  { axes, scale, runtime }: { axes: readonly number[]; scale: number; runtime: SimdRuntime },
): SimdArray {
  return axes.reduce((from, axis, step) => {
    const points = from.shape[axis], newPoints = Math.round(points * scale);
    const shape = from.shape.map((size, i) => i === axis ? newPoints : size);
    const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const length = from.length / points * newPoints, units = length / newPoints / inner;
    const to = step === axes.length - 1 ? runtime.output(shape) : { ...runtime.scratch(length), shape };
    const grain = Math.max(1, Math.floor(GRAIN / newPoints / inner));
    runtime.run(kernel, { units, grain }, [from.pointer, to.pointer, points, newPoints, inner]);
    return to;
  }, x);
}

/** The op behind {@linkcode upsampleTrilinear}. */
export const upsampleTrilinearOp = defineOp<{ x: Tensor }, UpsampleAttributes>({
  name: "upsampleTrilinear",
  differentiable: ["x"],
  validate({ x }, { factor }) {
    expectShape("upsampleTrilinear", "x", { actual: shapeOf(x), expected: [null, null, null, null, null] });
    if (!(Number.isInteger(factor) && factor >= 1)) {
      throw new RangeError(`Cannot apply upsampleTrilinear: expected a whole factor of at least 1, got ${factor}`);
    }
  },
  reference,
  forward: (inputs, attributes) => ({ output: forward(inputs, attributes)[0], saved: [] }),
  backward: (dy, _, attributes) => gradient({ dy }, attributes),
});

/**
 * Multiplies depth, height and width by a whole factor, interpolating linearly between voxel centres.
 *
 * The first and last voxel of every axis keep their places, as in PyTorch's interpolate with align_corners=True.
 *
 * Shapes: x `[B, D, H, W, C]` → `[B, f·D, f·H, f·W, C]`.
 *
 * @throws {TypeError | RangeError} when x is not 5-D, or the factor is not a whole number ≥ 1
 */
export function upsampleTrilinear(x: Tensor, { factor }: { readonly factor: number }): Tensor5D {
  return upsampleTrilinearOp({ x }, { factor }) as Tensor5D;
}
