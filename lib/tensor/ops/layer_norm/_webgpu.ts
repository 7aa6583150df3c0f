/** Calls of the compute shaders of layer normalisation. */
import { foldSlices, normLayout, readerSlices, runWalk } from "../batch_norm/_webgpu.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuCall, GpuRuntime } from "../../webgpu/runtime.ts";
import rowSource from "./row.wgsl" with { type: "text" };
import forwardSource from "./forward.wgsl" with { type: "text" };
import gradientSource from "./gradient.wgsl" with { type: "text" };
import parameterGradientsSource from "./parameter_gradients.wgsl" with { type: "text" };

/** Channels of an invocation that are worth sharing a row, and invocations of a row at most. */
const LANE_CHANNELS = 8, MOST_LANES = 32;
const WORKGROUP = { gpu: 256, cpu: 8 };

/** (x − mean)/√(variance + ε)·scale + bias. */
export function gpuLayerNorm(
  { x, scale, bias }: Record<"x" | "scale" | "bias", GpuArray>,
  { epsilon, runtime }: { epsilon: number; runtime: GpuRuntime },
): GpuArray {
  const y = runtime.activation(x.shape);
  const program = { name: "layer_norm", source: forwardSource };
  runRows(program, { inputs: [x, scale, bias], outputs: [y], epsilon }, runtime);
  return y;
}

/** Gradients of x, scale and bias. */
export function gpuLayerNormGradient(
  { dy, x, scale }: Record<"dy" | "x" | "scale", GpuArray>,
  { epsilon, runtime }: { epsilon: number; runtime: GpuRuntime },
): GpuArray[] {
  const dx = runtime.activation(x.shape);
  const layout = normLayout(x);
  const rowStatistics = runtime.scratch(2 * layout.rows);
  const program = { name: "layer_norm_gradient", source: gradientSource };
  runRows(program, { inputs: [x, dy, scale], outputs: [dx, rowStatistics], epsilon }, runtime);
  const [dScale, dBias] = [0, 1].map(() => runtime.output(scale.shape));
  const slices = readerSlices(layout, runtime);
  const [sums, products] = [0, 1].map(() => runtime.scratch(slices.slices * layout.channels));
  const ofParameters = { name: "layer_norm_parameter_gradients", source: parameterGradientsSource };
  const inputs = [dy, x, rowStatistics];
  runWalk(ofParameters, { layout, slices, inputs, outputs: [sums, products] }, runtime);
  foldSlices([sums, products], [dBias, dScale], runtime);
  return [dx, dScale, dBias];
}

/** Runs a kernel over rows of channels; a CPU takes a row with one invocation, which needs no barriers. */
function runRows(
  { name, source }: { name: string; source: string },
  { inputs, outputs, epsilon }: Pick<GpuCall, "inputs" | "outputs"> & { epsilon: number },
  runtime: GpuRuntime,
): void {
  const { rows, channels } = normLayout(inputs[0]);
  const workgroup = WORKGROUP[runtime.isSoftware ? "cpu" : "gpu"];
  const lanes = runtime.isSoftware ? 1 : lanesOf(channels);
  const constants = { LANES: lanes, WORKGROUP: workgroup };
  runtime.run({ name, source: rowSource + source, constants }, {
    workgroups: workgroupRow(Math.ceil(rows * lanes / workgroup), runtime.limits),
    inputs,
    outputs,
    integers: [rows, channels],
    floats: [epsilon],
  });
}

/** Invocations of a row: a power of two. */
function lanesOf(channels: number): number {
  return Math.min(MOST_LANES, 2 ** Math.ceil(Math.log2(Math.max(1, channels / LANE_CHANNELS))));
}
