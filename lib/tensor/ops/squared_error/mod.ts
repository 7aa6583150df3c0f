/** Mean squared error of every sample of a batch. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor1D } from "../../tf.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import { sumRows } from "../../webgpu/sum_rows.ts";
import gradientSource from "./gradient.wgsl" with { type: "text" };

type ErrorInputs = { prediction: Tensor; target: Tensor };

/** How the kernels cut samples into units; a short one is a single unit. */
const PIECE = 16384;

function perSample(x: Tensor): tf.Tensor2D {
  return tf.reshape(x, [shapeOf(x)[0], -1]);
}

function reference({ prediction, target }: ErrorInputs): Tensor {
  return tf.mean(perSample(tf.squaredDifference(prediction, target)), 1);
}

const forward = definePrimitive<ErrorInputs, NoAttributes>({
  name: "SampleSquaredError",
  composite: (inputs) => [reference(inputs)],
  plain({ prediction, target }) {
    const [batch] = prediction.shape;
    const length = prediction.data.length / batch;
    const errors = new Float32Array(batch);
    for (let b = 0; b < batch; b++) {
      let sum = 0;
      for (let i = b * length; i < (b + 1) * length; i++) sum += (prediction.data[i] - target.data[i]) ** 2;
      errors[b] = sum / length;
    }
    return [{ data: errors, shape: [batch] }];
  },
  simd({ prediction, target }, _, runtime) {
    const [batch] = prediction.shape;
    const length = prediction.length / batch, pieces = Math.ceil(length / PIECE);
    const errors = runtime.output([batch]), scratch = runtime.scratch(2 * batch * pieces);
    const args = [prediction.pointer, target.pointer, scratch.pointer, length, PIECE, pieces];
    runtime.run("squaredErrorSums", { units: batch * pieces, grain: 1 }, args);
    const sums = new Float64Array(scratch.data.buffer, scratch.pointer, batch * pieces);
    for (let b = 0; b < batch; b++) {
      let sum = 0;
      for (let i = b * pieces; i < (b + 1) * pieces; i++) sum += sums[i];
      errors.data[b] = sum / length;
    }
    return [errors];
  },
  webgpu({ prediction, target }, _, runtime) {
    const [batch] = prediction.shape;
    const errors = runtime.output([batch]);
    const options = { rows: batch, term: "squared differences", factor: batch / prediction.length } as const;
    sumRows({ x: prediction, y: target, sums: errors }, options, runtime);
    return [errors];
  },
  cut: { along: "samples", of: ["prediction", "target"] },
});

const backward = definePrimitive<ErrorInputs & { dy: Tensor }, NoAttributes>({
  name: "SampleSquaredErrorGradient",
  composite({ prediction, target, dy }) {
    const difference = perSample(tf.sub(prediction, target));
    const factor = tf.reshape(tf.mul(dy, 2 / shapeOf(difference)[1]), [-1, 1]);
    return [tf.reshape(tf.mul(difference, factor), shapeOf(prediction))];
  },
  plain({ prediction, target, dy }) {
    const [batch] = prediction.shape;
    const length = prediction.data.length / batch;
    const data = new Float32Array(prediction.data.length);
    for (let b = 0; b < batch; b++) {
      const factor = 2 * dy.data[b] / length;
      for (let i = b * length; i < (b + 1) * length; i++) data[i] = factor * (prediction.data[i] - target.data[i]);
    }
    return [{ data, shape: prediction.shape }];
  },
  simd({ prediction, target, dy }, _, runtime) {
    const [batch] = prediction.shape;
    const length = prediction.length / batch, pieces = Math.ceil(length / PIECE);
    const gradient = runtime.output(prediction.shape);
    const args = [prediction, target, dy, gradient].map(({ pointer }) => pointer);
    runtime.run("squaredErrorGradient", { units: batch * pieces, grain: 1 }, [...args, length, PIECE, pieces]);
    return [gradient];
  },
  webgpu({ prediction, target, dy }, _, runtime) {
    const [batch] = prediction.shape;
    const gradient = runtime.activation(prediction.shape);
    runtime.run({ name: "squared_error_gradient", source: gradientSource }, {
      workgroups: workgroupRow(Math.ceil(gradient.length / 256), runtime.limits),
      inputs: [prediction, target, dy],
      outputs: [gradient],
      integers: [gradient.length, gradient.length / batch],
    });
    return [gradient];
  },
  cut: { along: "samples", of: ["prediction", "target", "dy"] },
});

/** The op behind {@linkcode sampleSquaredError}; the target has no gradient. */
export const sampleSquaredErrorOp = defineOp<ErrorInputs, NoAttributes>({
  name: "sampleSquaredError",
  differentiable: ["prediction"],
  validate({ prediction, target }) {
    expectShape("sampleSquaredError", "target", { actual: shapeOf(target), expected: shapeOf(prediction) });
  },
  reference,
  forward: (inputs) => ({ output: forward(inputs, {})[0], saved: [inputs.prediction, inputs.target] }),
  backward: (dy, [prediction, target]) => backward({ prediction, target, dy }, {}),
});

/**
 * Mean over all voxels of (prediction − target)², for every sample.
 *
 * Shapes: prediction and target `[B, …]` → `[B]`. No gradient flows into the target.
 *
 * @throws {TypeError} when the shapes differ
 */
export function sampleSquaredError(prediction: Tensor, target: Tensor): Tensor1D {
  return sampleSquaredErrorOp({ prediction, target }, {}) as Tensor1D;
}
