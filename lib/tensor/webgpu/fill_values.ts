/** One value at every place of an array. */
import { bindablePieces } from "./parts.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import source from "./fill.wgsl" with { type: "text" };

/** y = value. */
export function fillValues(y: GpuArray, value: number, { run, limits }: Pick<GpuRuntime, "run" | "limits">): void {
  for (const piece of bindablePieces({ y }, limits)) {
    const { length } = piece.y;
    const workgroups = Math.min(limits.maxComputeWorkgroupsPerDimension, Math.ceil(length / 64));
    const call = { inputs: [], outputs: [piece.y], integers: [length], floats: [value] };
    run({ name: "fill", source }, { workgroups: [workgroups], ...call });
  }
}
