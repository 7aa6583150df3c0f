/** Fill, ZerosLike, OnesLike and Select of float32 tensors. */
import type { TensorInfo } from "../../tf.ts";
import type { SimdBackend } from "../backend.ts";
import { GRAIN, isFloat, registerBeforePlain, runOne, sizeOf } from "./_register.ts";
import type { KernelCall } from "./_register.ts";

/** Puts the SIMD kernels before the plain ones. */
export function registerFill(): void {
  registerBeforePlain("ZerosLike", ({ inputs: { x }, backend }) => isFloat(x) ? fill(x.shape, 0, backend) : null);
  registerBeforePlain("OnesLike", ({ inputs: { x }, backend }) => isFloat(x) ? fill(x.shape, 1, backend) : null);
  registerBeforePlain("Fill", ({ attrs: { shape, value, dtype }, backend }) => {
    const isTaken = dtype === "float32" && typeof value === "number" && sizeOf(shape as number[]) > 0;
    return isTaken ? fill(shape as number[], value, backend) : null;
  });
  registerBeforePlain("Select", select);
}

function fill(shape: readonly number[], value: number, backend: SimdBackend): TensorInfo {
  return runOne(backend, {}, (_, runtime) => {
    const out = runtime.output(shape);
    runtime.run("tfjsFill", { units: out.length, grain: GRAIN }, [out.pointer, value]);
    return out;
  });
}

/** A condition of as many values as there are; one of whole rows is the plain kernel's. */
function select({ inputs: { condition, t, e }, backend }: KernelCall): TensorInfo | null {
  if (!isFloat(t, e) || sizeOf(condition.shape) !== sizeOf(t.shape)) return null;
  const values = backend.readSync(condition.dataId) as Uint8Array;
  return runOne(backend, { t, e }, (arrays, runtime) => {
    const out = runtime.output(t.shape);
    const scratch = runtime.scratch(Math.ceil(out.length / 4));
    new Uint8Array(scratch.data.buffer, scratch.pointer, out.length).set(values);
    const args = [scratch, arrays.t, arrays.e, out].map(({ pointer }) => pointer);
    runtime.run("tfjsSelect", { units: out.length, grain: GRAIN }, args);
    return out;
  });
}
