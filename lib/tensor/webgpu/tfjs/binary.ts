/**
 * Add, Sub, Multiply and RealDiv of float32 tensors of one shape, or with a single value.
 *
 * tfjs's own are right, but a call costs the host several times what ours do, and a training step has hundreds.
 */
import type { TensorInfo } from "../../tf.ts";
import { runElementwise } from "../elementwise.ts";
import { lengthOf } from "../limits.ts";
import { isFloat, registerBefore, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";
import source from "./binary.wgsl" with { type: "text" };

/** Kernel names by the number that the shader gives them. */
const OPERATIONS = ["Add", "Sub", "Multiply", "RealDiv"];

/** Puts the kernels before tfjs's. */
export function registerBinary(): void {
  OPERATIONS.forEach((name, operation) => {
    registerBefore(name, (call) => binary(operation, call));
  });
}

function binary(operation: number, { inputs: { a, b }, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(a, b)) return null;
  const shape = commonShape(a.shape, b.shape);
  if (!shape) return null;
  const length = lengthOf(shape);
  const of = Object.entries({ a, b }).flatMap(([name, x]) => lengthOf(x.shape) === length ? [name] : []);
  const cut = { name: OPERATIONS[operation], cut: { along: "values", of } as const };
  return runOne({ backend, inputs: { a, b }, cut }, (arrays, runtime) => {
    const [aIsOne, bIsOne] = ["a", "b"].map((name) => !of.includes(name));
    const whole = of.map((name) => arrays[name]);
    const y = runtime.outputLike(whole[0].length === length ? shape : whole[0].shape, whole);
    const types = `alias A = ${aIsOne ? "f32" : "Values"};\nalias B = ${bIsOne ? "f32" : "Values"};\n`;
    const constants = { OPERATION: operation, A_IS_ONE: Number(aIsOne), B_IS_ONE: Number(bIsOne) };
    runElementwise({ name: "binary", source: types + source, constants }, {
      inputs: [arrays.a, arrays.b],
      outputs: [y],
    }, runtime);
    return y;
  });
}

/** The shape that both have, or the larger of two where the other is a single value; null for others. */
function commonShape(a: readonly number[], b: readonly number[]): readonly number[] | null {
  if (a.length === b.length && a.every((size, axis) => size === b[axis])) return a;
  const isOne = (shape: readonly number[]): boolean => shape.every((size) => size === 1);
  if (isOne(b) && b.length <= a.length) return a;
  return isOne(a) && a.length <= b.length ? b : null;
}
