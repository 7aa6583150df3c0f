/** Exact (erf) Gaussian error linear unit. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { runElementwise } from "../../webgpu/elementwise.ts";
import { erf } from "./_erf.ts";
import forwardSource from "./forward.wgsl" with { type: "text" };
import functionsSource from "./gelu.wgsl" with { type: "text" };
import gradientSource from "./gradient.wgsl" with { type: "text" };

function reference({ x }: { x: Tensor }): Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

const forward = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "ExactGelu",
  composite: (inputs) => [reference(inputs)],
  plain({ x }) {
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i++) data[i] = 0.5 * x.data[i] * (1 + erf(x.data[i] * Math.SQRT1_2));
    return [{ data, shape: x.shape }];
  },
  simd({ x }, _, runtime) {
    const y = runtime.output(x.shape);
    runtime.run("geluForward", { units: x.length, grain: 16384 }, [x.pointer, y.pointer]);
    return [y];
  },
  webgpu({ x }, _, runtime) {
    const y = runtime.activation(x.shape);
    const program = { name: "gelu", source: functionsSource + forwardSource };
    runElementwise(program, { inputs: [x], outputs: [y] }, runtime);
    return [y];
  },
  cut: { along: "values", of: ["x"] },
});

const DENSITY = 1 / Math.sqrt(2 * Math.PI);

/** dy and x → dx = dy·GELU′(x). */
export const geluGradient = definePrimitive<{ dy: Tensor; x: Tensor }, NoAttributes>({
  name: "ExactGeluGradient",
  composite({ dy, x }) {
    const cumulative = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), DENSITY);
    return [tf.mul(dy, tf.add(cumulative, tf.mul(x, density)))];
  },
  plain({ dy, x }) {
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i++) {
      const value = x.data[i];
      const cumulative = 0.5 * (1 + erf(value * Math.SQRT1_2));
      data[i] = dy.data[i] * (cumulative + value * DENSITY * Math.exp(-0.5 * value * value));
    }
    return [{ data, shape: x.shape }];
  },
  simd({ dy, x }, _, runtime) {
    const dx = runtime.output(x.shape);
    runtime.run("geluGradient", { units: x.length, grain: 16384 }, [x.pointer, dy.pointer, dx.pointer]);
    return [dx];
  },
  webgpu({ dy, x }, _, runtime) {
    const dx = runtime.activation(x.shape);
    const program = { name: "gelu_gradient", source: functionsSource + gradientSource };
    runElementwise(program, { inputs: [x, dy], outputs: [dx] }, runtime);
    return [dx];
  },
  cut: { along: "values", of: ["dy", "x"] },
});

/** The op behind {@linkcode gelu}. */
export const geluOp = defineOp<{ x: Tensor }, NoAttributes>({
  name: "gelu",
  differentiable: ["x"],
  validate: () => {},
  reference,
  forward: (inputs) => ({ output: forward(inputs, {})[0], saved: [inputs.x] }),
  backward: (dy, [x]) => geluGradient({ dy, x }, {}),
});

/**
 * x·Φ(x) with the exact normal distribution function Φ, element by element.
 *
 * Shapes: any → the same.
 *
 * @see Hendrycks and Gimpel 2016, "Gaussian Error Linear Units"
 */
export function gelu(x: Tensor): Tensor {
  return geluOp({ x }, {});
}
