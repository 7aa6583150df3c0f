/** Sums of squares of many tensors on the GPU: a dispatch takes several of them. */
import { withValues } from "../../webgpu/elementwise.ts";
import { groupsOf, placesOf, sourceOfMany } from "../../webgpu/many_arrays.ts";
import { bindablePieces } from "../../webgpu/parts.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import common from "./sums_of_squares.wgsl" with { type: "text" };
import part from "./sums_of_squares_part.wgsl" with { type: "text" };

/** Tensors that the shader's parameters have room for; values or vectors of a piece, as in sums_of_squares.wgsl. */
const MOST = 24, PIECE = 4096;

/** Σ x² of every piece of every array, `[pieces]`. */
export function squaresByPieces(arrays: readonly GpuArray[], runtime: GpuRuntime): GpuArray {
  const most = Math.min(MOST, runtime.limits.maxStorageBuffersPerShaderStage - 1);
  const bindable = arrays.flatMap((x) => bindablePieces({ x }, runtime.limits));
  const lengths = bindable.map(({ x: { length } }) => length);
  const groups = groupsOf(lengths, most).map(({ indices, width }) => {
    const places = placesOf(indices.map((index) => lengths[index] / width), { most: MOST, values: PIECE });
    return { inputs: indices.map((index) => bindable[index].x), width, ...places };
  });
  const sums = runtime.output([groups.reduce((count, { workgroups }) => count + workgroups, 0)]);
  let goal = 0;
  for (const { inputs, width, places, workgroups } of groups) {
    runtime.run(programFor(inputs.length, width), {
      workgroups: workgroupRow(workgroups, runtime.limits),
      inputs,
      outputs: [sums],
      integers: [workgroups, goal, 0, 0, ...places],
    });
    goal += workgroups;
  }
  return sums;
}

/** What the values of a vector add up to. */
const TOTAL = {
  1: "fn total(sum: f32) -> f32 { return sum; }\n",
  4: "fn total(sum: vec4f) -> f32 { return dot(sum, vec4f(1.0)); }\n",
};

function programFor(count: number, width: 1 | 4): { name: string; source: string } {
  const output = `@group(0) @binding(${1 + count}) var<storage, read_write> sums: array<f32>;\n`;
  const bindings = Array.from({ length: count }, (_, index) => [1 + index]);
  const source = withValues(width, sourceOfMany({ common: common + TOTAL[width] + output, part }, bindings));
  return { name: `sums_of_squares/${width}/${count}`, source };
}
