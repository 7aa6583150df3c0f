/** How a kernel of ours takes the place of one that tfjs has for WebGPU. */
import { tf } from "../../tf.ts";
import type { TensorInfo } from "../../tf.ts";
import type { GpuBackend } from "../backend.ts";
import type { Cut } from "../parts.ts";
import type { GpuArray, GpuRuntime } from "../runtime.ts";

/** What tfjs hands to a kernel, typed. */
export interface KernelCall {
  /** By the names, or the positions, of tfjs. */
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: GpuBackend;
}

/** Result of a kernel, or results, or null for a call that it leaves to tfjs. */
export type KernelAttempt = (call: KernelCall) => TensorInfo | TensorInfo[] | null;

/** Registers a kernel before tfjs's own, which must be registered already. */
export function registerBefore(kernelName: string, attempt: KernelAttempt): void {
  const theirs = tf.getKernel(kernelName, "webgpu");
  tf.unregisterKernel(kernelName, "webgpu");
  tf.registerKernel({
    ...theirs,
    kernelFunc: (params) => {
      const call = {
        inputs: params.inputs,
        attrs: params.attrs ?? {},
        backend: params.backend,
      } as unknown as KernelCall;
      return attempt(call) ?? theirs.kernelFunc(params);
    },
  });
}

/** Runs a kernel of one output. */
export function runOne(
  { backend, inputs, cut }: Pick<KernelCall, "backend" | "inputs"> & { cut?: { name: string; cut: Cut } },
  kernel: (arrays: Record<string, GpuArray>, runtime: GpuRuntime) => GpuArray,
): TensorInfo {
  return backend.runKernel(inputs, (arrays, runtime) => [kernel(arrays, runtime)], cut)[0];
}

/** True for float32 tensors that have values. */
export function isFloat(...tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype, shape }) => dtype === "float32" && shape.every((size) => size > 0));
}
