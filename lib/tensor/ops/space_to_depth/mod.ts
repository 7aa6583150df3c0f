/** Folds blocks of 2³ voxels into channels, and back: the data movement of stride-2 patch embedding and upsampling. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { formatShape } from "../../../errors.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import * as webgpu from "./_webgpu.ts";

function foldReference(x: Tensor): Tensor {
  const [b, d, h, w, c] = shapeOf(x);
  const split = tf.reshape(x, [b * d / 2, 2, h / 2, 2, w / 2, 2 * c]);
  return tf.reshape(tf.transpose(split, [0, 2, 4, 1, 3, 5]), [b, d / 2, h / 2, w / 2, 8 * c]);
}

function unfoldReference(x: Tensor): Tensor {
  const [b, d, h, w, c8] = shapeOf(x);
  const split = tf.reshape(x, [b * d, h, w, 2, 2, c8 / 4]);
  return tf.reshape(tf.transpose(split, [0, 3, 1, 4, 2, 5]), [b, 2 * d, 2 * h, 2 * w, c8 / 8]);
}

/** Moves runs of 2·C values between the fine grid (size 2d × 2h × 2w) and the folded one. */
function moveRuns(
  { from, to }: { from: Float32Array; to: Float32Array },
  { slices, height, width, channels, fold }: Record<"slices" | "height" | "width" | "channels", number> & {
    fold: boolean;
  },
): void {
  const run = 2 * channels;
  let folded = 0;
  for (let s = 0; s < slices; s++) {
    for (let h = 0; h < height; h++) {
      for (let w = 0; w < width; w++) {
        for (let corner = 0; corner < 4; corner++, folded += run) {
          const fine = (((2 * s + (corner >> 1)) * 2 * height + 2 * h + (corner & 1)) * width + w) * run;
          const [source, target] = fold ? [fine, folded] : [folded, fine];
          for (let i = 0; i < run; i++) to[target + i] = from[source + i];
        }
      }
    }
  }
}

const fold = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "SpaceToDepth3d",
  composite: ({ x }) => [foldReference(x)],
  plain({ x }) {
    const [b, d, h, w, c] = x.shape;
    const data = new Float32Array(x.data.length);
    const grid = { slices: b * d / 2, height: h / 2, width: w / 2, channels: c, fold: true };
    moveRuns({ from: x.data, to: data }, grid);
    return [{ data, shape: [b, d / 2, h / 2, w / 2, 8 * c] }];
  },
  simd({ x }, _, runtime) {
    const [b, d, h, w, c] = x.shape;
    const y = runtime.output([b, d / 2, h / 2, w / 2, 8 * c]);
    runtime.run("foldBlocks", { units: b * d / 2, grain: 1 }, [x.pointer, y.pointer, h / 2, w / 2, c, 1]);
    return [y];
  },
  webgpu({ x }, _, runtime) {
    const [b, d, h, w, c] = x.shape;
    const y = runtime.outputLike([b, d / 2, h / 2, w / 2, 8 * c], [x]);
    webgpu.moveRuns({ x, y }, { folded: y.shape, fold: true }, runtime);
    return [y];
  },
  cut: { along: "samples", of: ["x"] },
});

const unfold = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "DepthToSpace3d",
  composite: ({ x }) => [unfoldReference(x)],
  plain({ x }) {
    const [b, d, h, w, c8] = x.shape;
    const data = new Float32Array(x.data.length);
    moveRuns({ from: x.data, to: data }, { slices: b * d, height: h, width: w, channels: c8 / 8, fold: false });
    return [{ data, shape: [b, 2 * d, 2 * h, 2 * w, c8 / 8] }];
  },
  simd({ x }, _, runtime) {
    const [b, d, h, w, c8] = x.shape;
    const y = runtime.output([b, 2 * d, 2 * h, 2 * w, c8 / 8]);
    runtime.run("foldBlocks", { units: b * d, grain: 1 }, [y.pointer, x.pointer, h, w, c8 / 8, 0]);
    return [y];
  },
  webgpu({ x }, _, runtime) {
    const [b, d, h, w, c8] = x.shape;
    const y = runtime.outputLike([b, 2 * d, 2 * h, 2 * w, c8 / 8], [x]);
    webgpu.moveRuns({ x, y }, { folded: x.shape, fold: false }, runtime);
    return [y];
  },
  cut: { along: "samples", of: ["x"] },
});

/** The op behind {@linkcode spaceToDepth3d}. */
export const spaceToDepth3dOp = defineOp<{ x: Tensor }, NoAttributes>({
  name: "spaceToDepth3d",
  differentiable: ["x"],
  validate({ x }) {
    const shape = shapeOf(x);
    expectShape("spaceToDepth3d", "x", { actual: shape, expected: [null, null, null, null, null] });
    if (shape.slice(1, 4).some((size) => size % 2 !== 0)) {
      throw new RangeError(
        `Cannot apply spaceToDepth3d: expected even depth, height and width, got ${formatShape(shape)}`,
      );
    }
  },
  reference: ({ x }) => foldReference(x),
  forward: (inputs) => ({ output: fold(inputs, {})[0], saved: [] }),
  backward: (dy) => unfold({ x: dy }, {}),
});

/** The op behind {@linkcode depthToSpace3d}. */
export const depthToSpace3dOp = defineOp<{ x: Tensor }, NoAttributes>({
  name: "depthToSpace3d",
  differentiable: ["x"],
  validate({ x }) {
    const shape = shapeOf(x);
    expectShape("depthToSpace3d", "x", { actual: shape, expected: [null, null, null, null, null] });
    if (shape[4] % 8 !== 0) {
      throw new RangeError(`Cannot apply depthToSpace3d: expected channels divisible by 8, got ${formatShape(shape)}`);
    }
  },
  reference: ({ x }) => unfoldReference(x),
  forward: (inputs) => ({ output: unfold(inputs, {})[0], saved: [] }),
  backward: (dy) => fold({ x: dy }, {}),
});

/**
 * Folds every 2×2×2 block of voxels into its channels, ordered (d, h, w, c).
 *
 * Shapes: x `[B, D, H, W, C]` → `[B, D/2, H/2, W/2, 8·C]`.
 *
 * @throws {TypeError | RangeError} when x is not 5-D or a spatial size is odd
 */
export function spaceToDepth3d(x: Tensor): Tensor5D {
  return spaceToDepth3dOp({ x }, {}) as Tensor5D;
}

/**
 * Unfolds channels, ordered (d, h, w, c), into 2×2×2 blocks of voxels: the inverse of {@linkcode spaceToDepth3d}.
 *
 * Shapes: x `[B, D, H, W, 8·C]` → `[B, 2·D, 2·H, 2·W, C]`.
 *
 * @throws {TypeError | RangeError} when x is not 5-D or its channels are not divisible by 8
 */
export function depthToSpace3d(x: Tensor): Tensor5D {
  return depthToSpace3dOp({ x }, {}) as Tensor5D;
}
