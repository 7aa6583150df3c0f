/** The perceptron on the GPU: matrix products whose values pass GELU, or its slope, on their way to memory. */
import { multiply, multiplyInto } from "../../webgpu/multiply.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import { withValues } from "../../webgpu/elementwise.ts";
import { sumColumns } from "../../webgpu/sum_columns.ts";
import geluSource from "../gelu/gelu.wgsl" with { type: "text" };
import activateSource from "./activate.wgsl" with { type: "text" };
import activateWithSlopeSource from "./activate_with_slope.wgsl" with { type: "text" };
import timesSlopeSource from "./times_slope.wgsl" with { type: "text" };

interface Weights {
  readonly weight1: GpuArray;
  readonly bias1: GpuArray;
  readonly weight2: GpuArray;
}

/** y `[…, O]`. */
export function mlpByWebgpu(
  { x, weight1, bias1, weight2, bias2 }: Weights & { x: GpuArray; bias2: GpuArray },
  runtime: GpuRuntime,
): GpuArray {
  const [inputs, hidden] = weight1.shape;
  const [, outputs] = weight2.shape;
  const tokens = x.length / inputs;
  const activated = runtime.activationScratch(tokens * hidden);
  const source = withValues(1, geluSource, activateSource);
  const epilogue = { name: "activate", source, inputs: [bias1], outputs: [activated] };
  multiplyInto(
    { a: rows(x, inputs), b: rows(weight1, hidden), epilogue },
    { m: tokens, n: hidden, k: inputs },
    runtime,
  );
  const y = runtime.activation([...x.shape.slice(0, -1), outputs]);
  const operands = { a: rows(activated, hidden), b: rows(weight2, outputs) };
  multiply({ ...operands, c: y, bias: bias2 }, { m: tokens, n: outputs, k: hidden }, runtime);
  return y;
}

/** dx, dW1, db1 and dW2. */
export function mlpGradientByWebgpu(
  { dy, x, weight1, bias1, weight2 }: Weights & { dy: GpuArray; x: GpuArray },
  runtime: GpuRuntime,
): GpuArray[] {
  const [inputs, hidden] = weight1.shape;
  const [, outputs] = weight2.shape;
  const tokens = x.length / inputs;
  const activated = runtime.activationScratch(tokens * hidden), slope = runtime.activationScratch(tokens * hidden);
  const source = withValues(1, geluSource, activateWithSlopeSource);
  const activate = { name: "activate_with_slope", source, inputs: [bias1], outputs: [activated, slope] };
  const first = { a: rows(x, inputs), b: rows(weight1, hidden), epilogue: activate };
  multiplyInto(first, { m: tokens, n: hidden, k: inputs }, runtime);

  const dWeight2 = runtime.output(weight2.shape);
  const second = { a: columns(activated, hidden), b: rows(dy, outputs), c: dWeight2 };
  multiply(second, { m: hidden, n: outputs, k: tokens }, runtime);

  // From here on the slopes are the gradient of the hidden channels.
  const epilogue = { name: "times_slope", source: timesSlopeSource, inputs: [], outputs: [slope] };
  const back = { a: rows(dy, outputs), b: columns(weight2, outputs), epilogue };
  multiplyInto(back, { m: tokens, n: hidden, k: outputs }, runtime);

  const dBias1 = runtime.output([hidden]);
  sumColumns({ x: slope, sums: dBias1 }, runtime);
  const dWeight1 = runtime.output(weight1.shape);
  const third = { a: columns(x, inputs), b: rows(slope, hidden), c: dWeight1 };
  multiply(third, { m: inputs, n: hidden, k: tokens }, runtime);
  const dx = runtime.activation(x.shape);
  const last = { a: rows(slope, hidden), b: columns(weight1, hidden), c: dx };
  multiply(last, { m: tokens, n: inputs, k: hidden }, runtime);
  return [dx, dWeight1, dBias1, dWeight2];
}

/** A matrix of so many columns, as it lies in memory. */
function rows(array: GpuArray, width: number): { array: GpuArray; row: number; column: number } {
  return { array, row: width, column: 1 };
}

/** The transpose of a matrix of so many columns. */
function columns(array: GpuArray, width: number): { array: GpuArray; row: number; column: number } {
  return { array, row: 1, column: width };
}
