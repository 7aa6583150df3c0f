/** Affine map of the channels: token-wise linear layer and 1×1×1 convolution. */
import { defineOp, definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor2D } from "../../tf.ts";
import { channelSum } from "../channel_sum/mod.ts";
import { gemm, rowMajor, transposed } from "../_gemm.ts";
import { multiply, multiplyTransposed } from "../../simd/multiply.ts";
import { multiply as multiplyOnGpu } from "../../webgpu/multiply.ts";

interface LinearInputs {
  x: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
}

function reference({ x, weight, bias }: LinearInputs): Tensor {
  const [inputs, outputs] = shapeOf(weight);
  const y = tf.matMul(tf.reshape(x, [-1, inputs]), weight as Tensor2D);
  return tf.reshape(bias ? tf.add(y, bias) : y, [...shapeOf(x).slice(0, -1), outputs]);
}

const forward = definePrimitive<LinearInputs, NoAttributes>({
  name: "Linear",
  composite: (inputs) => [reference(inputs)],
  plain({ x, weight, bias }) {
    const [k, n] = weight.shape;
    const m = x.data.length / k;
    const data = new Float32Array(m * n);
    if (bias) { for (let i = 0; i < m; i++) data.set(bias.data, i * n); }
    gemm({ a: rowMajor(x.data, k), b: rowMajor(weight.data, n), c: rowMajor(data, n) }, {
      m,
      n,
      k,
      accumulate: !!bias,
    });
    return [{ data, shape: [...x.shape.slice(0, -1), n] }];
  },
  simd({ x, weight, bias }, _, runtime) {
    const [k, n] = weight.shape;
    const m = x.length / k;
    const y = runtime.output([...x.shape.slice(0, -1), n]);
    const operands = {
      a: { pointer: x.pointer, row: k, column: 1 },
      b: { pointer: weight.pointer, row: n, column: 1 },
    };
    multiply({ ...operands, c: y }, { m, n, k, bias: bias?.pointer }, runtime);
    return [y];
  },
  webgpu({ x, weight, bias }, _, runtime) {
    const [k, n] = weight.shape;
    const y = runtime.activation([...x.shape.slice(0, -1), n]);
    const operands = { a: { array: x, row: k, column: 1 }, b: { array: weight, row: n, column: 1 } };
    multiplyOnGpu({ ...operands, c: y, bias }, { m: x.length / k, n, k }, runtime);
    return [y];
  },
  cut: { along: "tokens", of: ["x"] },
});

/** dy `[…, Cout]`, weight `[Cin, Cout]` → dx `[…, Cin]`. */
export const linearInputGradient = definePrimitive<{ dy: Tensor; weight: Tensor }, NoAttributes>({
  name: "LinearInputGradient",
  composite({ dy, weight }) {
    const [inputs, outputs] = shapeOf(weight);
    const dx = tf.matMul(tf.reshape(dy, [-1, outputs]), weight as Tensor2D, false, true);
    return [tf.reshape(dx, [...shapeOf(dy).slice(0, -1), inputs])];
  },
  plain({ dy, weight }) {
    const [n, k] = weight.shape;
    const m = dy.data.length / k;
    const data = new Float32Array(m * n);
    gemm({ a: rowMajor(dy.data, k), b: transposed(rowMajor(weight.data, k)), c: rowMajor(data, n) }, { m, n, k });
    return [{ data, shape: [...dy.shape.slice(0, -1), n] }];
  },
  simd({ dy, weight }, _, runtime) {
    const [n, k] = weight.shape;
    const dx = runtime.output([...dy.shape.slice(0, -1), n]);
    const operands = {
      a: { pointer: dy.pointer, row: k, column: 1 },
      b: { pointer: weight.pointer, row: 1, column: k },
    };
    multiply({ ...operands, c: dx }, { m: dy.length / k, n, k }, runtime);
    return [dx];
  },
  webgpu({ dy, weight }, _, runtime) {
    const [n, k] = weight.shape;
    const dx = runtime.activation([...dy.shape.slice(0, -1), n]);
    const operands = { a: { array: dy, row: k, column: 1 }, b: { array: weight, row: 1, column: k } };
    multiplyOnGpu({ ...operands, c: dx }, { m: dy.length / k, n, k }, runtime);
    return [dx];
  },
  cut: { along: "tokens", of: ["dy"] },
});

/** x `[…, Cin]`, dy `[…, Cout]` → dW `[Cin, Cout]`. */
export const linearWeightGradient = definePrimitive<{ x: Tensor; dy: Tensor }, NoAttributes>({
  name: "LinearWeightGradient",
  composite({ x, dy }) {
    return [tf.matMul(tf.reshape(x, [-1, channelsOf(x)]), tf.reshape(dy, [-1, channelsOf(dy)]), true, false)];
  },
  plain({ x, dy }) {
    const m = x.shape[x.shape.length - 1];
    const n = dy.shape[dy.shape.length - 1];
    const k = x.data.length / m;
    const data = new Float32Array(m * n);
    gemm({ a: transposed(rowMajor(x.data, m)), b: rowMajor(dy.data, n), c: rowMajor(data, n) }, { m, n, k });
    return [{ data, shape: [m, n] }];
  },
  simd({ x, dy }, _, runtime) {
    const m = x.shape[x.shape.length - 1];
    const n = dy.shape[dy.shape.length - 1];
    const dWeight = runtime.output([m, n]);
    multiplyTransposed({ a: x, b: dy, c: dWeight }, { m, n, k: x.length / m }, runtime);
    return [dWeight];
  },
  webgpu({ x, dy }, _, runtime) {
    const m = x.shape[x.shape.length - 1];
    const n = dy.shape[dy.shape.length - 1];
    const dWeight = runtime.output([m, n]);
    const operands = { a: { array: x, row: 1, column: m }, b: { array: dy, row: n, column: 1 } };
    multiplyOnGpu({ ...operands, c: dWeight }, { m, n, k: x.length / m }, runtime);
    return [dWeight];
  },
  cut: { along: "tokens", of: ["x", "dy"], sums: [0] },
});

/** The op behind {@linkcode linear}, with its definition for tests and benchmarks. */
export const linearOp = defineOp<LinearInputs, NoAttributes>({
  name: "linear",
  differentiable: ["x", "weight", "bias"],
  validate({ x, weight, bias }) {
    expectShape("linear", "weight", { actual: weight.shape, expected: [channelsOf(x), null] });
    if (bias) expectShape("linear", "bias", { actual: bias.shape, expected: [channelsOf(weight)] });
  },
  reference,
  forward(inputs) {
    const [output] = forward(inputs, {});
    return { output, saved: [inputs.x, inputs.weight, ...(inputs.bias ? [inputs.bias] : [])] };
  },
  backward(dy, [x, weight, bias]) {
    const [dx] = linearInputGradient({ dy, weight }, {});
    const [dWeight] = linearWeightGradient({ x, dy }, {});
    return bias ? [dx, dWeight, channelSum({ x: dy }, {})[0]] : [dx, dWeight];
  },
});

/**
 * Maps the channels of every token: y = x·W + b.
 *
 * Shapes: x `[…, Cin]`, weight `[Cin, Cout]`, bias `[Cout]` → `[…, Cout]`.
 *
 * @throws {TypeError} when weight or bias do not fit x
 */
export function linear(x: Tensor, weight: Tensor, { bias }: { bias?: Tensor } = {}): Tensor {
  return linearOp({ x, weight, bias }, {});
}
