/** Multiplication of many tensors by a number on the GPU. */
import { withValues } from "../../webgpu/elementwise.ts";
import { groupsOf, placesOf, sourceOfMany } from "../../webgpu/many_arrays.ts";
import { bindablePieces } from "../../webgpu/parts.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import common from "./scale_all.wgsl" with { type: "text" };
import part from "./scale_all_part.wgsl" with { type: "text" };

/** Tensors that the shader's parameters have room for; values or vectors of a workgroup, as in scale_all.wgsl. */
const MOST = 16, VALUES = 1024;

/** New arrays of the values times the factor. */
export function scaleByWebgpu(arrays: readonly GpuArray[], factor: number, runtime: GpuRuntime): GpuArray[] {
  const most = Math.max(1, Math.min(MOST, Math.floor(runtime.limits.maxStorageBuffersPerShaderStage / 2)));
  const outputs = arrays.map(({ shape }) => runtime.output(shape));
  const pieces = arrays.flatMap((x, index) => bindablePieces({ x, y: outputs[index] }, runtime.limits));
  const lengths = pieces.map(({ x: { length } }) => length);
  for (const { indices, width } of groupsOf(lengths, most)) {
    const { places, workgroups } = placesOf(indices.map((index) => lengths[index] / width), {
      most: MOST,
      values: VALUES,
    });
    const bindings = indices.map((_, k) => [1 + k, 1 + indices.length + k]);
    const source = withValues(width, sourceOfMany({ common, part }, bindings));
    runtime.run({ name: `scale_all/${width}/${indices.length}`, source }, {
      workgroups: workgroupRow(workgroups, runtime.limits),
      inputs: indices.map((index) => pieces[index].x),
      outputs: indices.map((index) => pieces[index].y),
      integers: places,
      floats: [factor],
    });
  }
  return outputs;
}
