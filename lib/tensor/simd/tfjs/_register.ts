/** How a SIMD kernel takes its place before tfjs's plain one. */
import { tf } from "../../tf.ts";
import type { TensorInfo } from "../../tf.ts";
import type { SimdBackend } from "../backend.ts";
import type { SimdArray, SimdRuntime } from "../runtime.ts";

/** What tfjs hands to a kernel, typed. */
export interface KernelCall {
  /** By the names, or the positions, of tfjs. */
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: SimdBackend;
}

/** Result of a kernel, or null for a call that it leaves to the plain kernel. */
export type KernelAttempt = (call: KernelCall) => TensorInfo | TensorInfo[] | null;

/** Values that a thread takes at a time: 64 KiB, which stay in its second-level cache. */
export const GRAIN = 16384;

/** Registers a kernel for `simd`; what it does not take goes to the kernel that tfjs has for `cpu`. */
export function registerBeforePlain(kernelName: string, attempt: KernelAttempt): void {
  const plain = tf.getKernel(kernelName, "cpu");
  tf.registerKernel({
    ...plain,
    backendName: "simd",
    kernelFunc: (params) => {
      const call = {
        inputs: params.inputs,
        attrs: params.attrs ?? {},
        backend: params.backend,
      } as unknown as KernelCall;
      return attempt(call) ?? plain.kernelFunc(params);
    },
  });
}

/** Runs a kernel of one output. */
export function runOne(
  backend: SimdBackend,
  inputs: Readonly<Record<string, TensorInfo>>,
  kernel: (arrays: Record<string, SimdArray>, runtime: SimdRuntime) => SimdArray,
): TensorInfo {
  return backend.runKernel(inputs, (arrays, runtime) => [kernel(arrays, runtime)])[0];
}

/** True for float32 tensors that have values. */
export function isFloat(...tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype, shape }) => dtype === "float32" && sizeOf(shape) > 0);
}

/** Number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}
