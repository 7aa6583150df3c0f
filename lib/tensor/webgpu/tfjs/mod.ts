/** Kernels of ours for tfjs's own operations on WebGPU. */
import { registerBinary } from "./binary.ts";
import { registerCast } from "./cast.ts";
import { registerFill } from "./fill.ts";
import { registerMove } from "./move.ts";
import { registerReduce } from "./reduce.ts";
import { registerUnary } from "./unary.ts";

/** Registers them all, once per process and after tfjs's; each leaves what it does not take to tfjs's kernel. */
export function registerTfjsKernelsOnGpu(): void {
  registerBinary();
  registerCast();
  registerFill();
  registerMove();
  registerReduce();
  registerUnary();
}
