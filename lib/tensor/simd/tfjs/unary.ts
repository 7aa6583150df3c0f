/** Element-wise functions of one float32 tensor, and AddN. */
import type { TensorInfo } from "../../tf.ts";
import { GRAIN, isFloat, registerBeforePlain, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";

/** Kernel names by the number that `unary.as.ts` gives them. */
const FUNCTIONS = ["Relu", "LeakyRelu", "Sigmoid", "Neg", "Square", "Sqrt", "Rsqrt", "Abs", "Exp", "Step"];

/** Puts the SIMD kernels before the plain ones. */
export function registerUnary(): void {
  FUNCTIONS.forEach((name, index) => {
    registerBeforePlain(name, (call) => isFloat(call.inputs.x) ? unary(index, call) : null);
  });
  registerBeforePlain("AddN", (call) => {
    const terms = Object.values(call.inputs);
    return terms.length > 1 && isFloat(...terms) ? addN(call) : null;
  });
}

/** `alpha` is the slope of LeakyRelu below zero and what Step is there. */
function unary(index: number, { inputs: { x }, attrs: { alpha = 0 }, backend }: KernelCall): TensorInfo {
  return runOne(backend, { x }, (arrays, runtime) => {
    const y = runtime.output(x.shape);
    runtime.run("tfjsUnary", { units: y.length, grain: GRAIN }, [index, arrays.x.pointer, y.pointer, Number(alpha)]);
    return y;
  });
}

/** From left to right, three terms in the first pass over memory and two more in each later one. */
function addN({ inputs, backend }: KernelCall): TensorInfo {
  return runOne(backend, inputs, (arrays, runtime) => {
    const [first, ...terms] = Object.values(arrays);
    const out = runtime.output(first.shape);
    let sum = first.pointer;
    for (let i = 0; i < terms.length; i += 2) {
      const args = [sum, terms[i].pointer, terms[i + 1]?.pointer ?? 0, out.pointer];
      runtime.run("tfjsAddThree", { units: out.length, grain: GRAIN }, args);
      sum = out.pointer;
    }
    return out;
  });
}
