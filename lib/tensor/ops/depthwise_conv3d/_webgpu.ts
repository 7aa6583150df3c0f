/** Calls of the compute shaders of the depthwise convolution. */
import { sumSlices } from "../../webgpu/multiply.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuCall, GpuRuntime } from "../../webgpu/runtime.ts";
import type { GpuProgram } from "../../webgpu/programs.ts";
import { sizeOf } from "./_plain.ts";
import type { DepthwiseSize } from "./_plain.ts";
import rowsSource from "./rows.wgsl" with { type: "text" };
import registersSource from "./forward_registers.wgsl" with { type: "text" };
import tiledSource from "./forward_tiled.wgsl" with { type: "text" };
import weightGradientSource from "./weight_gradient.wgsl" with { type: "text" };

/** Voxels of a row that an invocation holds. */
const COLUMNS = 8;
/** Taps of a row of the kernel that the shaders take at once. */
const MOST_TAPS = 7;
/** Channels of a tiled workgroup. */
const CHANNELS = 16;
/** Rows and workgroup of the variant in registers. */
const REGISTERS = { lines: 4, workgroup: 8 };
/** Workgroups that fill a GPU. */
const FULL = 1024;
/** Invocations of the weight gradient that fill a GPU, or a CPU. */
const GRADIENT_INVOCATIONS = { gpu: 65536, cpu: 16384 };

/** y = x ⋆ weight (+ bias); with `turned` the kernel is turned by 180°, which makes it the input gradient. */
export function gpuConvolve(
  { x, weight, bias }: { x: GpuArray; weight: GpuArray; bias?: GpuArray },
  { turned, runtime }: { turned: boolean; runtime: GpuRuntime },
): GpuArray {
  const size = sizeOf(x, weight.shape[0]);
  const y = runtime.activation(x.shape);
  const arrays = { inputs: [x, weight, bias ?? weight], outputs: [y] };
  const constants = { HAS_BIAS: Number(bias !== undefined), TURNED: Number(turned) };
  const isTiled = !runtime.isSoftware && size.kernel <= MOST_TAPS;
  const { program, call } = isTiled ? tiledCall(size, runtime) : registersCall(size, runtime);
  runtime.run({ ...program, constants: { ...program.constants, ...constants } }, { ...arrays, ...call });
  return y;
}

interface Launch {
  readonly program: GpuProgram;
  readonly call: Pick<GpuCall, "workgroups" | "integers">;
}

function registersCall({ batch, depth, height, width, channels, kernel }: DepthwiseSize, runtime: GpuRuntime): Launch {
  const blocksH = Math.ceil(height / REGISTERS.lines), blocksW = Math.ceil(width / COLUMNS);
  const blocks = batch * depth * blocksH * blocksW;
  const constants = { TAPS: Math.min(kernel, MOST_TAPS) };
  return {
    program: { name: "depthwise_registers", source: rowsSource + registersSource, constants },
    call: {
      workgroups: workgroupRow(Math.ceil(blocks / REGISTERS.workgroup) * channels, runtime.limits),
      integers: [depth, height, width, channels, kernel, blocksH, blocksW, blocks],
    },
  };
}

function tiledCall({ batch, depth, height, width, channels, kernel }: DepthwiseSize, runtime: GpuRuntime): Launch {
  const lines = linesOf(height, kernel);
  const blocksC = Math.ceil(channels / CHANNELS);
  const blocksH = Math.ceil(height / lines), blocksW = Math.ceil(width / COLUMNS);
  const perPlane = blocksC * blocksH * blocksW;
  const segment = Math.ceil(depth / segmentCount(depth, { kernel, workgroups: batch * perPlane }));
  const segments = Math.ceil(depth / segment);
  const workgroups = batch * segments * perPlane;
  const constants = { TAPS: kernel, LINES: lines, WORKGROUP: CHANNELS * lines / 2 };
  return {
    program: { name: "depthwise_tiled", source: rowsSource + tiledSource, constants },
    call: {
      workgroups: workgroupRow(workgroups, runtime.limits),
      integers: [depth, height, width, channels, blocksC, blocksH, blocksW, workgroups, segment, segments],
    },
  };
}

/** Rows of a workgroup: 8, or 16 where no more of them stick out; those of a 7³ kernel would not fit its memory. */
function linesOf(height: number, kernel: number): number {
  const rows = (lines: number): number => Math.ceil(height / lines) * lines;
  return kernel < MOST_TAPS && rows(16) <= rows(8) ? 16 : 8;
}

/** Parts of the depth: enough to fill the GPU, but each reads kernel − 1 planes that its neighbours read too. */
function segmentCount(depth: number, { kernel, workgroups }: { kernel: number; workgroups: number }): number {
  const most = Math.max(1, Math.floor(depth / kernel));
  return Math.min(most, Math.ceil(FULL / workgroups));
}

/** dWeight `[k, k, k, C]`. */
export function gpuWeightGradient(
  { x, dy }: { x: GpuArray; dy: GpuArray },
  { kernel, runtime }: { kernel: number; runtime: GpuRuntime },
): GpuArray {
  const { batch, depth, height, width, channels } = sizeOf(x, kernel);
  const dWeight = runtime.output([kernel, kernel, kernel, channels]);
  const blocksW = Math.ceil(width / COLUMNS), columns = batch * depth * blocksW;
  const invocations = GRADIENT_INVOCATIONS[runtime.isSoftware ? "cpu" : "gpu"];
  const parts = Math.ceil(kernel / MOST_TAPS);
  const perSlice = channels * kernel * parts ** 2;
  const columnsPerSlice = Math.ceil(columns / Math.ceil(invocations / perSlice));
  const slices = Math.ceil(columns / columnsPerSlice);
  const sums = slices === 1 ? dWeight : runtime.scratch(slices * dWeight.length);
  const constants = { TAPS: Math.min(kernel, MOST_TAPS), WORKGROUP: runtime.isSoftware ? REGISTERS.workgroup : 64 };
  runtime.run({ name: "depthwise_weight_gradient", source: rowsSource + weightGradientSource, constants }, {
    workgroups: workgroupRow(Math.ceil(perSlice * slices / constants.WORKGROUP), runtime.limits),
    inputs: [x, dy],
    outputs: [sums],
    integers: [depth, height, width, channels, kernel, blocksW, columns, slices, columnsPerSlice],
  });
  if (slices > 1) sumSlices({ x: sums, y: dWeight }, { slices }, runtime);
  return dWeight;
}
