/** Nearest-neighbour upsampling by two, as a repetition of channels unfolded into space. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { depthToSpace3d, spaceToDepth3d } from "../space_to_depth/mod.ts";
import * as webgpu from "./_webgpu.ts";

function reference({ x }: { x: Tensor }): Tensor {
  const repeated = tf.tile(tf.reshape(x, [-1, channelsOf(x)]), [1, 8]);
  return depthToSpace3d(tf.reshape(repeated, [...shapeOf(x).slice(0, -1), 8 * channelsOf(x)]));
}

const forward = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "UpsampleNearest",
  composite: (inputs) => [reference(inputs)],
  simd({ x }, _, runtime) {
    const [b, d, h, w, c] = x.shape;
    const y = runtime.output([b, 2 * d, 2 * h, 2 * w, c]);
    runtime.run("upsampleNearest", { units: 2 * b * d, grain: 1 }, [x.pointer, y.pointer, h, w, c]);
    return [y];
  },
  webgpu: ({ x }, _, runtime) => [webgpu.repeatVoxels(x, runtime)],
  cut: { along: "samples", of: ["x"] },
});

const foldSum = definePrimitive<{ dy: Tensor }, NoAttributes>({
  name: "UpsampleNearestGradient",
  composite({ dy }) {
    const folded = spaceToDepth3d(dy);
    const groups = tf.reshape(folded, [-1, 8, channelsOf(dy)]);
    return [tf.reshape(tf.sum(groups, 1), [...shapeOf(folded).slice(0, -1), channelsOf(dy)])];
  },
  simd({ dy }, _, runtime) {
    const [b, d, h, w, c] = dy.shape;
    const dx = runtime.output([b, d / 2, h / 2, w / 2, c]);
    runtime.run("upsampleNearestGradient", { units: b * d / 2, grain: 1 }, [dy.pointer, dx.pointer, h / 2, w / 2, c]);
    return [dx];
  },
  webgpu: ({ dy }, _, runtime) => [webgpu.sumBlocks(dy, runtime)],
  cut: { along: "samples", of: ["dy"] },
});

/** The op behind {@linkcode upsampleNearest}. */
export const upsampleNearestOp = defineOp<{ x: Tensor }, NoAttributes>({
  name: "upsampleNearest",
  differentiable: ["x"],
  validate({ x }) {
    expectShape("upsampleNearest", "x", { actual: shapeOf(x), expected: [null, null, null, null, null] });
  },
  reference,
  forward: (inputs) => ({ output: forward(inputs, {})[0], saved: [] }),
  backward: (dy) => foldSum({ dy }, {}),
});

/**
 * Doubles depth, height and width by repeating every voxel.
 *
 * Shapes: x `[B, D, H, W, C]` → `[B, 2·D, 2·H, 2·W, C]`.
 *
 * @throws {TypeError} when x is not 5-D
 */
export function upsampleNearest(x: Tensor): Tensor5D {
  return upsampleNearestOp({ x }, {}) as Tensor5D;
}
