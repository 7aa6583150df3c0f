/** Trilinear upsampling on the device: one dispatch forward, one for every axis back. */
import { withValues } from "../../webgpu/elementwise.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import forwardSource from "./forward.wgsl" with { type: "text" };
import gradientSource from "./gradient_axis.wgsl" with { type: "text" };

/** x `[b, d, h, w, c]` → `[b, f·d, f·h, f·w, c]`. */
export function interpolate(x: GpuArray, factor: number, runtime: GpuRuntime): GpuArray {
  const [batch, depth, height, width, channels] = x.shape;
  const y = runtime.outputLike([batch, factor * depth, factor * height, factor * width, channels], [x]);
  const lanes = channels % 4 === 0 ? 4 : 1;
  const count = y.length / lanes;
  runtime.run({ name: `upsample_trilinear/${lanes}`, source: withValues(lanes, forwardSource) }, {
    workgroups: workgroupRow(Math.ceil(count / 256), runtime.limits),
    inputs: [x],
    outputs: [y],
    integers: [count, depth, height, width, channels / lanes, factor],
  });
  return y;
}

/** dy `[b, f·d, f·h, f·w, c]` → `[b, d, h, w, c]`; width first, since all but the first step work on fewer voxels. */
export function interpolationGradient(dy: GpuArray, factor: number, runtime: GpuRuntime): GpuArray {
  let from = dy, shape = dy.shape;
  for (const axis of [3, 2, 1]) {
    shape = shape.map((size, i) => i === axis ? size / factor : size);
    const length = shape.reduce((product, size) => product * size, 1);
    const to = axis === 1 ? runtime.outputLike(shape, [dy]) : { ...runtime.scratch(length), shape };
    const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const lanes = inner % 4 === 0 ? 4 : 1;
    const count = length / lanes;
    runtime.run({ name: `upsample_trilinear_gradient/${lanes}`, source: withValues(lanes, gradientSource) }, {
      workgroups: workgroupRow(Math.ceil(count / 256), runtime.limits),
      inputs: [from],
      outputs: [to],
      integers: [count, shape[axis] * factor, shape[axis], inner / lanes],
    });
    from = to;
  }
  return from;
}
