/** Programs whose values are each computed from the values at the same place. */
import type { GpuProgram } from "./programs.ts";
import { workgroupRow } from "./runtime.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";

/** Invocations of a workgroup, each with one value or one vector. */
const THREADS = 256;

/** Arrays of one length, and the floats that steer the computation. */
export interface ElementwiseCall {
  readonly inputs: readonly GpuArray[];
  readonly outputs: readonly GpuArray[];
  readonly floats?: readonly number[];
}

/**
 * Runs an element-wise program on arrays of one length, four values at a time where the length allows it.
 *
 * The source is written for `Values`, which is `vec4f` or `f32`, and has a workgroup size of 256. Its parameters begin
 * with the number of Values.
 */
export function runElementwise(
  { name, source, constants }: GpuProgram,
  { inputs, outputs, floats }: ElementwiseCall,
  runtime: GpuRuntime,
): void {
  const [{ length }] = outputs;
  const width = length % 4 === 0 ? 4 : 1;
  const program = { name: `${name}/${width}`, source: withValues(width, source), constants };
  const count = length / width;
  const workgroups = workgroupRow(Math.ceil(count / THREADS), runtime.limits);
  runtime.run(program, { workgroups, inputs, outputs, integers: [count], floats });
}

/** A source with what it calls `Values` in front. */
export function withValues(width: 1 | 4, ...sources: readonly string[]): string {
  return [`alias Values = ${width === 4 ? "vec4f" : "f32"};`, ...sources].join("\n");
}
