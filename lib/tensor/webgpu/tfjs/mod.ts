/** Kernels of ours for tfjs's own operations on WebGPU. */
import { registerMove } from "./move.ts";

/** Registers them all, once per process and after tfjs's; each leaves what it does not take to tfjs's kernel. */
export function registerTfjsKernelsOnGpu(): void {
  registerMove();
}
