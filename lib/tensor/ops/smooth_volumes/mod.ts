/** Binomial smoothing of volumes. */
import { definePrimitive } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor4D } from "../../tf.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import source from "./smooth.wgsl" with { type: "text" };

/** How often [1, 2, 1]/4 is applied along every axis. */
type SmoothAttributes = { readonly passes: number };

const smooth = definePrimitive<{ x: Tensor }, SmoothAttributes>({
  name: "SmoothVolumes",
  composite({ x }, { passes }) {
    let y = x;
    for (let pass = 0; pass < passes; pass++) {
      for (const axis of [3, 2, 1]) y = blendNeighbours(y, axis);
    }
    return [y];
  },
  plain({ x }, { passes }) {
    const [, depth, height, width] = x.shape;
    let [from, to] = [Float32Array.from(x.data), new Float32Array(x.data.length)];
    const axes = [[width, 1], [height, width], [depth, width * height]] as const;
    for (let pass = 0; pass < passes; pass++) {
      for (const [length, stride] of axes) {
        smoothAxis({ from, to }, { length, stride });
        [from, to] = [to, from];
      }
    }
    return [{ data: from, shape: x.shape }];
  },
  simd({ x }, { passes }, runtime) {
    const [volumes, depth, height, width] = x.shape;
    const y = runtime.output(x.shape);
    const between = runtime.scratch(x.length);
    const slices = { units: volumes * depth, grain: Math.max(1, Math.floor(16384 / (height * width))) };
    for (let pass = 0; pass < passes; pass++) {
      const from = pass === 0 ? x : y;
      runtime.run("smoothSlices", slices, [from.pointer, between.pointer, height, width]);
      runtime.run("smoothDepth", slices, [between.pointer, y.pointer, depth, height * width]);
    }
    return [y];
  },
  webgpu({ x }, { passes }, runtime) {
    const y = runtime.output(x.shape);
    // The last pass writes y.
    const between = passes > 1 ? runtime.scratch(x.length) : y;
    let from = x;
    for (let left = passes; left > 0; left--) {
      const to = left % 2 === 1 ? y : between;
      smoothOnGpu({ from, to, shape: x.shape }, runtime);
      from = to;
    }
    return [y];
  },
  cut: { along: "samples", of: ["x"] },
});

/** Slices that an invocation goes through: more would leave a GPU idle, fewer read more edges twice. */
const PIECE = 16;

function smoothOnGpu(
  { from, to, shape }: { from: GpuArray; to: GpuArray; shape: readonly number[] },
  { run }: GpuRuntime,
): void {
  const [volumes, depth, height, width] = shape;
  const pieces = Math.ceil(depth / PIECE);
  run({ name: "smooth_volumes", source }, {
    workgroups: [Math.ceil(width / 32), Math.ceil(height / 8), volumes * pieces],
    inputs: [from],
    outputs: [to],
    integers: [depth, height, width, pieces, PIECE],
  });
}

/** (before + 2·x + after)/4 along an axis of `[K, D, H, W]`. */
function blendNeighbours(x: Tensor, axis: number): Tensor {
  const shape = shapeOf(x), length = shape[axis];
  const part = (y: Tensor, start: number, count: number): Tensor => {
    return tf.slice(y, shape.map((_, i) => i === axis ? start : 0), shape.map((size, i) => i === axis ? count : size));
  };
  const padded = tf.concat([part(x, 0, 1), x, part(x, length - 1, 1)], axis);
  return tf.div(tf.add(tf.add(part(padded, 0, length), tf.mul(x, 2)), part(padded, 2, length)), 4);
}

function smoothAxis(
  { from, to }: { from: Float32Array; to: Float32Array },
  { length, stride }: { length: number; stride: number },
): void {
  const block = length * stride;
  for (let start = 0; start < from.length; start += block) {
    for (let offset = 0; offset < stride; offset++) {
      for (let i = 0, at = start + offset; i < length; i++, at += stride) {
        const before = i > 0 ? from[at - stride] : from[at];
        const after = i < length - 1 ? from[at + stride] : from[at];
        to[at] = (before + 2 * from[at] + after) / 4;
      }
    }
  }
}

/**
 * Smooths every volume along its three axes; voxels at the edge count for those beyond it. No gradient.
 *
 * Shapes: x `[K, D, H, W]` → the same. The sum is kept up to what the edges repeat.
 *
 * @param passes how often [1, 2, 1]/4 is applied along every axis; n passes blur like a Gaussian of √(n/2) voxels
 * @throws {TypeError} when x is not 4-D
 */
export function smoothVolumes(x: Tensor, passes: number): Tensor4D {
  expectShape("smoothVolumes", "x", { actual: shapeOf(x), expected: [null, null, null, null] });
  return (passes === 0 ? tf.clone(x) : smooth({ x }, { passes })[0]) as Tensor4D;
}
