/** Fill and ZerosLike with float32 numbers: tfjs's own bind all that they fill, and tensors may be larger than that. */
import type { TensorInfo } from "../../tf.ts";
import { fillValues } from "../fill_values.ts";
import { isFloat, registerBefore, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";

/** Puts the kernels before tfjs's. */
export function registerFill(): void {
  registerBefore("Fill", fill);
  registerBefore("ZerosLike", ({ inputs: { x }, backend }) => isFloat(x) ? filled(backend, x.shape, 0) : null);
}

function fill({ attrs, backend }: KernelCall): TensorInfo | null {
  const shape = attrs.shape as number[];
  const isNumber = (attrs.dtype ?? "float32") === "float32" && typeof attrs.value === "number";
  return isNumber && !shape.includes(0) ? filled(backend, shape, attrs.value as number) : null;
}

function filled(backend: KernelCall["backend"], shape: readonly number[], value: number): TensorInfo {
  return runOne({ backend, inputs: {} }, (_, runtime) => {
    const y = runtime.output(shape);
    fillValues(y, value, runtime);
    return y;
  });
}
