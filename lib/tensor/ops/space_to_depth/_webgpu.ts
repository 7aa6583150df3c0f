/** Folding and unfolding on the device. */
import { withValues } from "../../webgpu/elementwise.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import source from "./move_runs.wgsl" with { type: "text" };

/** Moves all values of x to y; `folded` is the shape of the folded one, `[b, d, h, w, 8·c]`. */
export function moveRuns(
  { x, y }: { x: GpuArray; y: GpuArray },
  { folded, fold }: { folded: readonly number[]; fold: boolean },
  runtime: GpuRuntime,
): void {
  const [, , height, width, channels] = folded;
  const run = channels / 4;
  const lanes = run % 4 === 0 ? 4 : 1;
  const count = x.length / lanes;
  const program = {
    name: `move_runs/${lanes}`,
    source: withValues(lanes, source),
    constants: { FOLD: Number(fold) },
  };
  const workgroups = workgroupRow(Math.ceil(count / 256), runtime.limits);
  runtime.run(program, { workgroups, inputs: [x], outputs: [y], integers: [count, height, width, run / lanes] });
}
