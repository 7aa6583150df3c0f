/** Copies between arrays that may be stored in different precision. */
import { bindablePieces } from "./parts.ts";
import { workgroupRow } from "./runtime.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import source from "./copy_values.wgsl" with { type: "text" };

/** y = x. */
export function copyValues(arrays: { x: GpuArray; y: GpuArray }, { run, limits }: CopyRuntime): void {
  for (const { x, y } of bindablePieces(arrays, limits)) {
    run({ name: "copy_values", source }, {
      workgroups: workgroupRow(Math.ceil(x.length / 256), limits),
      inputs: [x],
      outputs: [y],
      integers: [x.length],
    });
  }
}

type CopyRuntime = Pick<GpuRuntime, "run" | "limits">;
