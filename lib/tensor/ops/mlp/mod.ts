/** Two linear layers with a GELU between them, whose hidden channels are not kept for the backward pass. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf, expectShape, shapeOf, sizeOf } from "../../shape.ts";
import { pack, sumSlices } from "../../simd/multiply.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor2D } from "../../tf.ts";
import { channelSum } from "../channel_sum/mod.ts";
import { gelu, geluGradient } from "../gelu/mod.ts";
import { linear, linearInputGradient, linearWeightGradient } from "../linear/mod.ts";
import { mlpByWebgpu, mlpGradientByWebgpu } from "./_webgpu.ts";

type MlpInputs = { x: Tensor; weight1: Tensor; bias1: Tensor; weight2: Tensor; bias2: Tensor };

function reference({ x, weight1, bias1, weight2, bias2 }: MlpInputs): Tensor {
  const rows = tf.reshape(x, [-1, channelsOf(x)]);
  const hidden = tf.add(tf.matMul(rows, weight1 as Tensor2D), bias1);
  const cumulative = tf.mul(tf.add(tf.erf(tf.mul(hidden, Math.SQRT1_2)), 1), 0.5);
  const y = tf.add(tf.matMul(tf.mul(hidden, cumulative), weight2 as Tensor2D), bias2);
  return tf.reshape(y, [...shapeOf(x).slice(0, -1), channelsOf(weight2)]);
}

const forward = definePrimitive<MlpInputs, NoAttributes>({
  name: "Mlp",
  composite: ({ x, weight1, bias1, weight2, bias2 }) => [
    linear(gelu(linear(x, weight1, { bias: bias1 })), weight2, { bias: bias2 }),
  ],
  simd({ x, weight1, bias1, weight2, bias2 }, _, runtime) {
    const [inputs, hidden] = weight1.shape;
    const [, outputs] = weight2.shape;
    const panels1 = pack({ pointer: weight1.pointer, row: hidden, column: 1 }, { n: hidden, k: inputs }, runtime);
    const panels2 = pack({ pointer: weight2.pointer, row: outputs, column: 1 }, { n: outputs, k: hidden }, runtime);
    const y = runtime.output([...x.shape.slice(0, -1), outputs]);
    const addresses = [x.pointer, panels1, bias1.pointer, panels2, bias2.pointer, y.pointer];
    const range = { units: x.length / inputs, grain: CHUNK };
    runtime.run("mlpForward", range, [...addresses, inputs, hidden, outputs]);
    return [y];
  },
  webgpu: (arrays, _, runtime) => [mlpByWebgpu(arrays, runtime)],
  cut: { along: "tokens", of: ["x"] },
});

/** Tokens that a thread takes at a time. */
const CHUNK = 96;
/** Hidden channels up to which their values of a chunk fit the thread's scratch. */
const MOST_HIDDEN = 8192;
/** Slices of the tokens, each with gradients of the weights of its own, and the values all of these may have. */
const MOST_SLICES = 16, MOST_PARTIALS = 8 * 2 ** 20;

const backward = definePrimitive<Omit<MlpInputs, "bias2"> & { dy: Tensor }, NoAttributes>({
  name: "MlpGradient",
  composite({ dy, x, weight1, bias1, weight2 }) {
    const hidden = linear(x, weight1, { bias: bias1 });
    const [dWeight2] = linearWeightGradient({ x: gelu(hidden), dy }, {});
    const [dActivated] = linearInputGradient({ dy, weight: weight2 }, {});
    const [dHidden] = geluGradient({ dy: dActivated, x: hidden }, {});
    const [dx] = linearInputGradient({ dy: dHidden, weight: weight1 }, {});
    const [dWeight1] = linearWeightGradient({ x, dy: dHidden }, {});
    return [dx, dWeight1, ...channelSum({ x: dHidden }, {}), dWeight2];
  },
  simd({ dy, x, weight1, bias1, weight2 }, _, runtime) {
    const [inputs, hidden] = weight1.shape;
    const [, outputs] = weight2.shape;
    const panels1 = pack({ pointer: weight1.pointer, row: hidden, column: 1 }, { n: hidden, k: inputs }, runtime);
    const back2 = pack({ pointer: weight2.pointer, row: 1, column: outputs }, { n: hidden, k: outputs }, runtime);
    const back1 = pack({ pointer: weight1.pointer, row: 1, column: hidden }, { n: inputs, k: hidden }, runtime);
    const tokens = x.length / inputs;
    const partialSize = (inputs + outputs + 1) * hidden;
    const sliceRows = Math.ceil(tokens / sliceCount(tokens, partialSize));
    const slices = Math.ceil(tokens / sliceRows);
    const partials = runtime.scratch(slices * partialSize);
    const dx = runtime.output(x.shape);
    const addresses = [x, dy].map(({ pointer }) => pointer);
    const packed = [panels1, bias1.pointer, back2, back1];
    const sizes = [inputs, hidden, outputs, tokens, sliceRows, gradientChunk(hidden)];
    const args = [...addresses, ...packed, dx.pointer, partials.pointer, ...sizes];
    runtime.run("mlpGradient", { units: slices, grain: 1 }, args);
    let offset = 0;
    const [dWeight1, dWeight2, dBias1] = [weight1.shape, weight2.shape, bias1.shape].map((shape) => {
      const to = runtime.output(shape);
      const from = { pointer: partials.pointer + 4 * offset };
      sumSlices(from, { to, count: slices, stride: partialSize, length: sizeOf(shape) }, runtime);
      offset += sizeOf(shape);
      return to;
    });
    return [dx, dWeight1, dBias1, dWeight2];
  },
  webgpu: (arrays, _, runtime) => mlpGradientByWebgpu(arrays, runtime),
  cut: { along: "tokens", of: ["dy", "x"], sums: [1, 2, 3] },
});

/** Tokens of a chunk in the backward pass: more where their hidden channels fit the second-level cache. */
function gradientChunk(hidden: number): number {
  if (hidden <= 512) return 2 * CHUNK;
  return hidden <= 3072 ? CHUNK : CHUNK / 4;
}

/** A power of two, so that threads get equal shares; the same for the same shape on any machine. */
function sliceCount(tokens: number, partialSize: number): number {
  let slices = 1;
  while (2 * slices <= MOST_SLICES && 2 * slices * partialSize <= MOST_PARTIALS && 2 * slices * CHUNK <= tokens) {
    slices *= 2;
  }
  return slices;
}

/** The op behind {@linkcode mlp}. */
export const mlpOp = defineOp<MlpInputs, NoAttributes>({
  name: "mlp",
  differentiable: ["x", "weight1", "bias1", "weight2", "bias2"],
  validate({ x, weight1, bias1, weight2, bias2 }) {
    const [, hidden] = shapeOf(weight1);
    expectShape("mlp", "weight1", { actual: shapeOf(weight1), expected: [channelsOf(x), null] });
    if (hidden > MOST_HIDDEN) {
      throw new RangeError(`Cannot apply mlp: expected at most ${MOST_HIDDEN} hidden channels, got ${hidden}`);
    }
    expectShape("mlp", "bias1", { actual: shapeOf(bias1), expected: [hidden] });
    expectShape("mlp", "weight2", { actual: shapeOf(weight2), expected: [hidden, null] });
    expectShape("mlp", "bias2", { actual: shapeOf(bias2), expected: [channelsOf(weight2)] });
  },
  reference,
  forward(inputs) {
    const { x, weight1, bias1, weight2 } = inputs;
    return { output: forward(inputs, {})[0], saved: [x, weight1, bias1, weight2] };
  },
  backward(dy, [x, weight1, bias1, weight2]) {
    return [...backward({ dy, x, weight1, bias1, weight2 }, {}), ...channelSum({ x: dy }, {})];
  },
});

/**
 * y = GELU(x·W1 + b1)·W2 + b2 for every token; the hidden channels are recomputed in the backward pass, not stored.
 *
 * Shapes: x `[…, C]`, weight1 `[C, H]`, bias1 `[H]`, weight2 `[H, O]`, bias2 `[O]` → `[…, O]`.
 *
 * @throws {TypeError | RangeError} when weights or biases do not fit x or one another, or H is above 8192
 */
export function mlp(x: Tensor, weights: Omit<MlpInputs, "x">): Tensor {
  return mlpOp({ x, ...weights }, {});
}
