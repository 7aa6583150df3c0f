/** Nearest upsampling on the device. */
import { withValues } from "../../webgpu/elementwise.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import repeatSource from "./repeat.wgsl" with { type: "text" };
import sumSource from "./sum_blocks.wgsl" with { type: "text" };

/** x `[b, d, h, w, c]` → `[b, 2·d, 2·h, 2·w, c]`. */
export function repeatVoxels(x: GpuArray, runtime: GpuRuntime): GpuArray {
  const [b, d, h, w, c] = x.shape;
  const y = runtime.outputLike([b, 2 * d, 2 * h, 2 * w, c], [x]);
  runOn({ name: "repeat", source: repeatSource }, { from: x, to: y, coarse: x.shape }, runtime);
  return y;
}

/** dy `[b, 2·d, 2·h, 2·w, c]` → `[b, d, h, w, c]`. */
export function sumBlocks(dy: GpuArray, runtime: GpuRuntime): GpuArray {
  const [b, d, h, w, c] = dy.shape;
  const dx = runtime.outputLike([b, d / 2, h / 2, w / 2, c], [dy]);
  runOn({ name: "sum_blocks", source: sumSource }, { from: dy, to: dx, coarse: dx.shape }, runtime);
  return dx;
}

function runOn(
  { name, source }: { name: string; source: string },
  { from, to, coarse }: { from: GpuArray; to: GpuArray; coarse: readonly number[] },
  { run, limits }: GpuRuntime,
): void {
  const [, , height, width, channels] = coarse;
  const lanes = channels % 4 === 0 ? 4 : 1;
  const count = to.length / lanes;
  const workgroups = workgroupRow(Math.ceil(count / 256), limits);
  const integers = [count, height, width, channels / lanes];
  run({ name: `${name}/${lanes}`, source: withValues(lanes, source) }, {
    workgroups,
    inputs: [from],
    outputs: [to],
    integers,
  });
}
