/** SIMD kernels for tfjs's own operations. */
import { registerBinary } from "./binary.ts";
import { registerFill } from "./fill.ts";
import { registerMove } from "./move.ts";
import { registerReduce } from "./reduce.ts";
import { registerUnary } from "./unary.ts";

/** Registers them all for `simd`, once per process; each leaves what it does not take to tfjs's plain kernel. */
export function registerTfjsKernels(): void {
  registerBinary();
  registerUnary();
  registerMove();
  registerFill();
  registerReduce();
}
