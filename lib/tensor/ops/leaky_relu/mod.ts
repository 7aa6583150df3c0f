/** Leaky ReLU, alone or of the sum of two branches. */
import { defineOp, definePrimitive } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { runElementwise } from "../../webgpu/elementwise.ts";
import forwardSource from "./forward.wgsl" with { type: "text" };
import gradientSource from "./gradient.wgsl" with { type: "text" };

interface LeakyReluInputs {
  x: Tensor;
  residual: Tensor | undefined;
}
type LeakyReluAttributes = { slope: number };

/** Slope below zero where none is given, as in PyTorch. */
export const LEAKY_SLOPE = 0.01;

/** Leaky ReLU in operations that tfjs can differentiate. */
export function bend(x: Tensor, slope: number): Tensor {
  return tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), slope));
}

function reference({ x, residual }: LeakyReluInputs, { slope }: LeakyReluAttributes): Tensor {
  return bend(residual ? tf.add(x, residual) : x, slope);
}

const forward = definePrimitive<LeakyReluInputs, LeakyReluAttributes>({
  name: "LeakyReluSum",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  simd({ x, residual }, { slope }, runtime) {
    const y = runtime.output(x.shape);
    const args = [x.pointer, residual?.pointer ?? 0, y.pointer, slope];
    runtime.run("leakyReluForward", { units: x.length, grain: 16384 }, args);
    return [y];
  },
  webgpu({ x, residual }, { slope }, runtime) {
    const y = runtime.activation(x.shape);
    const constants = { HAS_RESIDUAL: Number(residual !== undefined) };
    const arrays = { inputs: [x, residual ?? x], outputs: [y], floats: [slope] };
    runElementwise({ name: "leaky_relu", source: forwardSource, constants }, arrays, runtime);
    return [y];
  },
  cut: { along: "values", of: ["x", "residual"] },
});

/** dy and the output → the gradient of the sum: the output has its sign. */
const gradient = definePrimitive<{ dy: Tensor; y: Tensor }, LeakyReluAttributes>({
  name: "LeakyReluGradient",
  composite: ({ dy, y }, { slope }) => [tf.mul(dy, tf.step(y, slope))],
  simd({ dy, y }, { slope }, runtime) {
    const dx = runtime.output(y.shape);
    runtime.run("leakyReluGradient", { units: y.length, grain: 16384 }, [dy.pointer, y.pointer, dx.pointer, slope]);
    return [dx];
  },
  webgpu({ dy, y }, { slope }, runtime) {
    const dx = runtime.activation(y.shape);
    const arrays = { inputs: [dy, y], outputs: [dx], floats: [slope] };
    runElementwise({ name: "leaky_relu_gradient", source: gradientSource }, arrays, runtime);
    return [dx];
  },
  cut: { along: "values", of: ["dy", "y"] },
});

/** The op behind {@linkcode leakyRelu}. */
export const leakyReluOp = defineOp<LeakyReluInputs, LeakyReluAttributes>({
  name: "leakyRelu",
  differentiable: ["x", "residual"],
  validate({ x, residual }, { slope }) {
    if (residual) expectShape("leakyRelu", "residual", { actual: shapeOf(residual), expected: shapeOf(x) });
    if (!(slope >= 0 && slope <= 1)) {
      throw new RangeError(`Cannot apply leakyRelu: expected a slope from 0 to 1, got ${slope}`);
    }
  },
  reference,
  forward(inputs, attributes) {
    const [output] = forward(inputs, attributes);
    // Saved twice tells the backward pass of a residual, at no cost: the residual itself is not kept.
    return { output, saved: inputs.residual ? [output, output] : [output] };
  },
  backward(dy, saved, attributes) {
    const [dx] = gradient({ dy, y: saved[0] }, attributes);
    return saved.length > 1 ? [dx, tf.clone(dx)] : [dx];
  },
});

/**
 * x where it is positive and slope·x elsewhere, element by element; with a residual, of x + residual.
 *
 * The sum that a block with a skip connection ends in is then never stored, and a gradient needs the output alone.
 *
 * Shapes: x and residual alike → the same.
 *
 * @param options `slope` from 0, which is ReLU, to 1
 * @throws {TypeError | RangeError} when the shapes differ, or the slope is out of range
 * @see Maas et al. 2013, "Rectifier Nonlinearities Improve Neural Network Acoustic Models"
 */
export function leakyRelu(
  x: Tensor,
  { residual, slope = LEAKY_SLOPE }: { readonly residual?: Tensor; readonly slope?: number } = {},
): Tensor {
  return leakyReluOp({ x, residual }, { slope });
}
