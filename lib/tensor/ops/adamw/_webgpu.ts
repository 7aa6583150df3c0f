/** AdamW on the GPU: a dispatch updates several parameters in place. */
import { copyValues } from "../../webgpu/copy_values.ts";
import { withValues } from "../../webgpu/elementwise.ts";
import { groupsOf, padded, placesOf, sourceOfMany } from "../../webgpu/many_arrays.ts";
import type { DeviceLimits } from "../../webgpu/limits.ts";
import { bindablePieces } from "../../webgpu/parts.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import type { AdamwRates } from "./mod.ts";
import common from "./update.wgsl" with { type: "text" };
import part from "./update_part.wgsl" with { type: "text" };

/** Arrays of one parameter: its gradient is read, the others are read and written. */
export type AdamwArrays = Readonly<Record<"parameter" | "gradient" | "firstMoment" | "secondMoment", GpuArray>>;

/** Parameters that the shader's parameters have room for; values or vectors of a workgroup, as in update.wgsl. */
const MOST = 8, VALUES = 1024;

/** Parameters that a dispatch updates, as many as the device binds. */
export function parametersPerDispatch(
  { maxStorageBuffersPerShaderStage: most }: Pick<DeviceLimits, "maxStorageBuffersPerShaderStage">,
): number {
  return Math.max(1, Math.min(MOST, Math.floor(most / 4)));
}

/** Updates parameters and moments where they lie. */
export function updateInPlace(
  parameters: readonly AdamwArrays[],
  { rates: ratesOfAll, beta1, beta2, epsilon }: {
    rates: readonly AdamwRates[];
    beta1: number;
    beta2: number;
    epsilon: number;
  },
  runtime: GpuRuntime,
): void {
  const pieces = parameters.map((arrays) => bindablePieces(arrays, runtime.limits));
  const rates = pieces.flatMap(({ length }, index) => Array.from({ length }, () => ratesOfAll[index]));
  updatePieces(pieces.flat(), { rates, beta1, beta2, epsilon }, runtime);
}

function updatePieces(
  parameters: readonly AdamwArrays[],
  { rates, beta1, beta2, epsilon }: { rates: readonly AdamwRates[]; beta1: number; beta2: number; epsilon: number },
  runtime: GpuRuntime,
): void {
  const lengths = parameters.map(({ parameter: { length } }) => length);
  for (const { indices, width } of groupsOf(lengths, parametersPerDispatch(runtime.limits))) {
    const group = indices.map((index) => parameters[index]);
    const factors = indices.flatMap((index) => {
      const { keep, penalty, stepSize, rootCorrection } = rates[index];
      return [keep, penalty, stepSize, rootCorrection];
    });
    const { places, workgroups } = placesOf(indices.map((index) => lengths[index] / width), {
      most: MOST,
      values: VALUES,
    });
    runtime.run(programFor(group.length, width), {
      workgroups: workgroupRow(workgroups, runtime.limits),
      inputs: group.map(({ gradient }) => gradient),
      outputs: group.flatMap(({ parameter, firstMoment, secondMoment }) => [parameter, firstMoment, secondMoment]),
      integers: places,
      floats: [beta1, beta2, 1 - beta1, 1 - beta2, ...padded(factors, 4 * MOST), epsilon],
    });
  }
}

/** A copy to update in place where the original must stay. */
export function copyOf(x: GpuArray, runtime: GpuRuntime): GpuArray {
  const y = runtime.output(x.shape);
  copyValues({ x, y }, runtime);
  return y;
}

function programFor(count: number, width: 1 | 4): { name: string; source: string } {
  const bindings = Array.from({ length: count }, (_, index) => {
    const written = 1 + count + 3 * index;
    return [1 + index, written, written + 1, written + 2];
  });
  return { name: `adamw/${width}/${count}`, source: withValues(width, sourceOfMany({ common, part }, bindings)) };
}
