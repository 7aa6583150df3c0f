/** Functions of single values that losses and norms are made of; results are in 32-bit floats, whatever x is stored in. */
import type { TensorInfo } from "../../tf.ts";
import { runElementwise } from "../elementwise.ts";
import { isFloat, registerBefore, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";
import source from "./unary.wgsl" with { type: "text" };

/** Kernel names by the number that the shader gives them. */
const OPERATIONS = ["Neg", "Square", "Sqrt", "Exp", "Relu", "Sigmoid", "Softplus"];

/** Puts the kernels before tfjs's. */
export function registerUnary(): void {
  OPERATIONS.forEach((name, operation) => {
    registerBefore(name, (call) => unary(operation, call));
  });
}

function unary(operation: number, { inputs: { x }, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(x)) return null;
  const cut = { name: OPERATIONS[operation], cut: { along: "values", of: ["x"] } as const };
  return runOne({ backend, inputs: { x }, cut }, (arrays, runtime) => {
    const y = runtime.output(arrays.x.shape);
    const program = { name: "unary", source, constants: { OPERATION: operation } };
    runElementwise(program, { inputs: [arrays.x], outputs: [y] }, runtime);
    return y;
  });
}
