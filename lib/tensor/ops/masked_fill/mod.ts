/** Replaces masked elements: how a mosaic of two volumes is made. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { runElementwise } from "../../webgpu/elementwise.ts";
import forwardSource from "./forward.wgsl" with { type: "text" };
import gradientSource from "./gradient.wgsl" with { type: "text" };

type MaskedFillInputs = { x: Tensor; fill: Tensor; mask: Tensor };

function reference({ x, fill, mask }: MaskedFillInputs): Tensor {
  return tf.add(tf.mul(x, tf.sub(1, mask)), tf.mul(fill, mask));
}

const forward = definePrimitive<MaskedFillInputs, NoAttributes>({
  name: "MaskedFill",
  composite: ({ x, fill, mask }) => [tf.where(tf.greater(mask, 0.5), fill, x)],
  plain({ x, fill, mask }) {
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i++) data[i] = mask.data[i] ? fill.data[i] : x.data[i];
    return [{ data, shape: x.shape }];
  },
  simd({ x, fill, mask }, _, runtime) {
    const out = runtime.output(x.shape);
    const args = [x, fill, mask, out].map(({ pointer }) => pointer);
    runtime.run("maskedFill", { units: x.length, grain: 16384 }, args);
    return [out];
  },
  webgpu({ x, fill, mask }, _, runtime) {
    const out = runtime.output(x.shape);
    const program = { name: "masked_fill", source: forwardSource };
    runElementwise(program, { inputs: [x, fill, mask], outputs: [out] }, runtime);
    return [out];
  },
  cut: { along: "values", of: ["x", "fill", "mask"] },
});

/** Gradients of x and of fill. */
const backward = definePrimitive<{ dy: Tensor; mask: Tensor }, NoAttributes>({
  name: "MaskedFillGradient",
  composite({ dy, mask }) {
    const isMasked = tf.greater(mask, 0.5), nothing = tf.zerosLike(dy);
    return [tf.where(isMasked, nothing, dy), tf.where(isMasked, dy, nothing)];
  },
  plain({ dy, mask }) {
    const dx = new Float32Array(dy.data.length), dFill = new Float32Array(dy.data.length);
    for (let i = 0; i < dx.length; i++) (mask.data[i] ? dFill : dx)[i] = dy.data[i];
    return [dx, dFill].map((data) => ({ data, shape: dy.shape }));
  },
  simd({ dy, mask }, _, runtime) {
    const outputs = [runtime.output(dy.shape), runtime.output(dy.shape)];
    const args = [dy, mask, ...outputs].map(({ pointer }) => pointer);
    runtime.run("maskedFillGradient", { units: dy.length, grain: 16384 }, args);
    return outputs;
  },
  webgpu({ dy, mask }, _, runtime) {
    const outputs = [runtime.output(dy.shape), runtime.output(dy.shape)];
    const program = { name: "masked_fill_gradient", source: gradientSource };
    runElementwise(program, { inputs: [dy, mask], outputs }, runtime);
    return outputs;
  },
  cut: { along: "values", of: ["dy", "mask"] },
});

/** The op behind {@linkcode maskedFill}. */
export const maskedFillOp = defineOp<MaskedFillInputs, NoAttributes>({
  name: "maskedFill",
  differentiable: ["x", "fill"],
  validate({ x, fill, mask }) {
    expectShape("maskedFill", "fill", { actual: shapeOf(fill), expected: shapeOf(x) });
    expectShape("maskedFill", "mask", { actual: shapeOf(mask), expected: shapeOf(x) });
  },
  reference,
  forward: (inputs) => ({ output: forward(inputs, {})[0], saved: [inputs.mask] }),
  backward: (dy, [mask]) => backward({ dy, mask }, {}),
});

/**
 * Takes `fill` where the mask is 1 and x where it is 0.
 *
 * Shapes: x, fill and mask alike → the same. Gradients flow into x and fill, each at its own places.
 *
 * @param mask 1 = hidden, replaced; 0 = kept
 * @throws {TypeError} when the shapes differ
 */
export function maskedFill(x: Tensor, { fill, mask }: { fill: Tensor; mask: Tensor }): Tensor {
  return maskedFillOp({ x, fill, mask }, {});
}
