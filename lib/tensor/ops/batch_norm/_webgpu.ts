/** Compute shaders of normalisation along the channels, as batch, group and layer normalisation call them. */
import { bindablePieces, windowOf } from "../../webgpu/parts.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuCall, GpuRuntime } from "../../webgpu/runtime.ts";
import walkSource from "./walk.wgsl" with { type: "text" };
import foldSource from "./fold_slices.wgsl" with { type: "text" };
import gradientSource from "./gradient.wgsl" with { type: "text" };
import factorsSource from "./gradient_factors.wgsl" with { type: "text" };
import sumsSource from "./gradient_sums.wgsl" with { type: "text" };
import joinSource from "./join_statistics.wgsl" with { type: "text" };
import momentsSource from "./moments.wgsl" with { type: "text" };
import normalizeSource from "./normalize.wgsl" with { type: "text" };
import statisticsSource from "./statistics.wgsl" with { type: "text" };

/** A tensor as samples of rows of channels; statistics are of groups of channels of a sample. */
export interface NormLayout {
  readonly samples: number;
  readonly rows: number;
  readonly channels: number;
  readonly groups: number;
}

/** The layout of a tensor: its whole batch as one sample, every channel a group, unless said otherwise. */
export function normLayout(
  { shape, length }: GpuArray,
  { samples = 1, groups = shape[shape.length - 1] }: { samples?: number; groups?: number } = {},
): NormLayout {
  const channels = shape[shape.length - 1];
  return { samples, rows: length / samples / channels, channels, groups };
}

/** Invocations that read at full speed, on a GPU and on a CPU: more would only make more sums to add. */
const READERS = { gpu: 65536, cpu: 4096 };
/** Rows of an invocation that writes what it has read. */
const WRITER_ROWS = { gpu: 8, cpu: 64 };
/** Invocations that fold the slices of one sum; barriers cost more than they bring on a CPU. */
const FOLDERS = { gpu: 64, cpu: 1 };
const WORKGROUP = { gpu: 256, cpu: 64 };

/** How the rows of each sample are shared out, as walk.wgsl takes them. */
interface Slices {
  readonly slices: number;
  readonly sliceStep: number;
  readonly rowStep: number;
  readonly sliceRows: number;
}

type Kind = "gpu" | "cpu";

function kindOf({ isSoftware }: GpuRuntime): Kind {
  return isSoftware ? "cpu" : "gpu";
}

/** Slices of neighbouring rows on a CPU, for its caches; rows in turn on a GPU, where neighbours read at the same time. */
function sliced(rows: number, wanted: number, kind: Kind): Slices {
  const sliceRows = Math.ceil(rows / Math.max(1, Math.min(rows, Math.ceil(wanted))));
  const slices = Math.ceil(rows / sliceRows);
  return kind === "cpu"
    ? { slices, sliceStep: sliceRows, rowStep: 1, sliceRows }
    : { slices, sliceStep: 1, rowStep: slices, sliceRows };
}

/** Slices for a kernel that sums them up. */
export function readerSlices({ samples, rows, channels }: NormLayout, runtime: GpuRuntime): Slices {
  const kind = kindOf(runtime);
  return sliced(rows, READERS[kind] / (samples * channels), kind);
}

function writerSlices({ rows }: NormLayout, runtime: GpuRuntime): Slices {
  const kind = kindOf(runtime);
  return sliced(rows, rows / WRITER_ROWS[kind], kind);
}

/** A kernel over slices: its name, what follows walk.wgsl, and its constants. */
interface WalkProgram {
  readonly name: string;
  readonly source: string;
  readonly constants?: Readonly<Record<string, number>>;
}

/** Runs a kernel over the slices of all channels of all samples. */
export function runWalk(
  { name, source, constants }: WalkProgram,
  { layout, slices, epsilon = 0, ...arrays }: Pick<GpuCall, "inputs" | "outputs"> & {
    layout: NormLayout;
    slices: Slices;
    epsilon?: number;
  },
  runtime: GpuRuntime,
): void {
  const workgroup = WORKGROUP[kindOf(runtime)];
  const count = Math.ceil(slices.slices * layout.channels / workgroup);
  runtime.run({ name, source: walkSource + source, constants: { ...constants, WORKGROUP: workgroup } }, {
    ...arrays,
    workgroups: [...workgroupRow(count, runtime.limits), layout.samples],
    integers: walkIntegers(layout, slices),
    floats: [epsilon],
  });
}

function walkIntegers({ samples, rows, channels, groups }: NormLayout, slices: Slices): number[] {
  return [samples, rows, channels, groups, slices.slices, slices.sliceStep, slices.rowStep, slices.sliceRows];
}

/** A sample in parts that the device binds, each laid out as a sample of its own; the whole where it fits, or is several. */
function rowParts<K extends string>(
  arrays: Readonly<Record<K, GpuArray>>,
  layout: NormLayout,
  { limits }: GpuRuntime,
): { arrays: Readonly<Record<K, GpuArray>>; layout: NormLayout }[] {
  // Several samples are taken apart by whoever calls.
  const pieces = layout.samples > 1 ? [arrays] : bindablePieces(arrays, limits, { row: layout.channels });
  return pieces.map((piece) => {
    const [{ length }] = Object.values<GpuArray>(piece);
    return { arrays: piece, layout: { ...layout, rows: length / layout.samples / layout.channels } };
  });
}

/** Puts values into a row of a matrix. */
function putRow(x: GpuArray, { into, index }: { into: GpuArray; index: number }, runtime: GpuRuntime): void {
  runtime.copy(x, windowOf(into, { first: index * x.length, count: x.length, along: "values" }));
}

/** Where statistics of groups `[samples, groups]` go: mean, biased variance and 1/√(variance + ε). */
type Statistics = Record<"mean" | "variance" | "inverse", GpuArray>;

/** Statistics of every group of every sample; a sample that the device cannot bind is looked at in parts. */
export function gpuStatistics(
  x: GpuArray,
  statistics: Statistics,
  { layout, epsilon, runtime }: { layout: NormLayout; epsilon: number; runtime: GpuRuntime },
): void {
  const parts = rowParts({ x }, layout, runtime);
  if (parts.length === 1) {
    statisticsOfWhole(x, statistics, { layout, epsilon, runtime });
    return;
  }
  const { rows, groups } = layout;
  const [means, variances] = [0, 1].map(() => runtime.scratch(parts.length * groups));
  const [mean, variance, inverse] = [0, 1, 2].map(() => runtime.scratch(groups));
  parts.forEach(({ arrays, layout: own }, index) => {
    statisticsOfWhole(arrays.x, { mean, variance, inverse }, { layout: own, epsilon, runtime });
    putRow(mean, { into: means, index }, runtime);
    putRow(variance, { into: variances, index }, runtime);
  });
  runtime.run({ name: "join_statistics", source: joinSource }, {
    workgroups: workgroupRow(Math.ceil(groups / 64), runtime.limits),
    inputs: [means, variances],
    outputs: [statistics.mean, statistics.variance, statistics.inverse],
    integers: [parts.length, groups, parts[0].layout.rows, rows],
    floats: [epsilon],
  });
}

function statisticsOfWhole(
  x: GpuArray,
  { mean, variance, inverse }: Statistics,
  { layout, epsilon, runtime }: { layout: NormLayout; epsilon: number; runtime: GpuRuntime },
): void {
  const { samples, channels, groups } = layout;
  const slices = readerSlices(layout, runtime);
  const [means, squares] = [0, 1].map(() => runtime.scratch(slices.slices * samples * channels));
  const moments = { name: "norm_moments", source: momentsSource };
  runWalk(moments, { layout, slices, inputs: [x], outputs: [means, squares] }, runtime);
  const constants = { WORKGROUP: FOLDERS[kindOf(runtime)] };
  runtime.run({ name: "norm_statistics", source: walkSource + statisticsSource, constants }, {
    workgroups: workgroupRow(samples * groups, runtime.limits),
    inputs: [x, means, squares],
    outputs: [mean, variance, inverse],
    integers: walkIntegers(layout, slices),
    floats: [epsilon],
  });
}

/** What a normalisation applies: (x − mean)/√(variance + ε)·scale + shift, without the parts that are not given. */
export interface Normalisation {
  readonly statistics?: { readonly mean: GpuArray; readonly inverse: GpuArray };
  readonly scale?: GpuArray;
  readonly shift?: GpuArray;
  /** What negative results are multiplied by; 0 is ReLU. Default 1. */
  readonly slope?: number;
}

/** Applies a normalisation and the activation behind it. */
export function gpuNormalize(
  x: GpuArray,
  { statistics, scale, shift, slope = 1 }: Normalisation,
  { layout, runtime }: { layout: NormLayout; runtime: GpuRuntime },
): GpuArray {
  const y = runtime.activation(x.shape);
  const constants = {
    HAS_STATISTICS: Number(statistics !== undefined),
    HAS_SHIFT: Number(shift !== undefined),
    HAS_SCALE: Number(scale !== undefined),
    SLOPE: slope,
  };
  const program = { name: "normalize", source: normalizeSource, constants };
  for (const { arrays: part, layout: own } of rowParts({ x, y }, layout, runtime)) {
    const { mean, inverse } = statistics ?? { mean: part.x, inverse: part.x };
    const inputs = [part.x, mean, inverse, scale ?? part.x, shift ?? part.x];
    const slices = writerSlices(own, runtime);
    runWalk(program, { layout: own, slices, inputs, outputs: [part.y] }, runtime);
  }
  return y;
}

/** The gradient of an output, the input, and the output itself if an activation bent it. */
export interface GpuGradientArrays {
  readonly dy: GpuArray;
  readonly x: GpuArray;
  readonly y?: GpuArray;
  /** What the activation multiplied negative values by. */
  readonly slope?: number;
}

/** Σ dy and Σ dy·(x − mean), or Σ dy·x without a mean, of every channel of every sample: into `[samples, channels]`. */
export function gpuGradientSums(
  { slope, mean, ...arrays }: GpuGradientArrays & { readonly mean?: GpuArray },
  { sums, products }: { sums: GpuArray; products: GpuArray },
  { layout, runtime }: { layout: NormLayout; runtime: GpuRuntime },
): void {
  const parts = rowParts(present(arrays), layout, runtime);
  if (parts.length === 1) {
    sumsOfWhole({ ...arrays, slope, mean }, { sums, products }, { layout, runtime });
    return;
  }
  const rows = [0, 1].map(() => runtime.scratch(parts.length * sums.length));
  const own = [0, 1].map(() => runtime.scratch(sums.length));
  parts.forEach((part, index) => {
    const services = { layout: part.layout, runtime };
    sumsOfWhole({ ...part.arrays, slope, mean }, { sums: own[0], products: own[1] }, services);
    own.forEach((values, k) => putRow(values, { into: rows[k], index }, runtime));
  });
  foldSlices(rows, [sums, products], runtime);
}

/** The arrays of a gradient without y where there is none. */
function present(
  { dy, x, y }: Pick<GpuGradientArrays, "dy" | "x" | "y">,
): Record<"dy" | "x", GpuArray> & { y: GpuArray } {
  return (y ? { dy, x, y } : { dy, x }) as Record<"dy" | "x" | "y", GpuArray>;
}

function sumsOfWhole(
  { dy, x, y, slope = 0, mean }: GpuGradientArrays & { readonly mean?: GpuArray },
  { sums, products }: { sums: GpuArray; products: GpuArray },
  { layout, runtime }: { layout: NormLayout; runtime: GpuRuntime },
): void {
  const slices = readerSlices(layout, runtime);
  const partials = [0, 1].map(() => runtime.scratch(slices.slices * sums.length));
  const constants = { HAS_MEAN: Number(mean !== undefined), BENT: Number(y !== undefined), SLOPE: slope };
  const inputs = [dy, x, y ?? x, mean ?? x];
  const program = { name: "norm_gradient_sums", source: sumsSource, constants };
  runWalk(program, { layout, slices, inputs, outputs: partials }, runtime);
  foldSlices(partials, [sums, products], runtime);
}

/** Adds up the slices of two arrays `[slices, …]`. */
export function foldSlices(partials: readonly GpuArray[], sums: readonly GpuArray[], runtime: GpuRuntime): void {
  const { length } = sums[0];
  const constants = { WORKGROUP: FOLDERS[kindOf(runtime)] };
  runtime.run({ name: "fold_slices", source: foldSource, constants }, {
    workgroups: workgroupRow(length, runtime.limits),
    inputs: partials,
    outputs: sums,
    integers: [length, partials[0].length / length],
  });
}

/** What the statistics of the forward pass were; `spread` is the variance, or 1/√(variance + ε). */
export interface KnownStatistics {
  readonly scale?: GpuArray;
  readonly mean: GpuArray;
  readonly spread: GpuArray;
  readonly isVariance: boolean;
  /** Of a variance. */
  readonly epsilon?: number;
}

/** Gradients of x, and of scale and bias if there is a scale. */
export function gpuNormGradient(
  arrays: GpuGradientArrays,
  { scale, mean, spread, isVariance, epsilon }: KnownStatistics,
  { layout, runtime }: { layout: NormLayout; runtime: GpuRuntime },
): GpuArray[] {
  const { dy, x, y, slope = 0 } = arrays;
  const length = layout.samples * layout.channels;
  const [sums, products] = [0, 1].map(() => runtime.scratch(length));
  gpuGradientSums({ ...arrays, mean }, { sums, products }, { layout, runtime });
  const dx = runtime.activation(x.shape);
  const [dScale, dBias] = [0, 1].map(() => {
    return scale ? runtime.output(scale.shape) : runtime.scratch(layout.channels);
  });
  const factors = runtime.scratch(3 * length);
  const workgroup = WORKGROUP[kindOf(runtime)];
  const constants = {
    IS_VARIANCE: Number(isVariance),
    HAS_SCALE: Number(scale !== undefined),
    WORKGROUP: workgroup,
  };
  runtime.run({ name: "norm_gradient_factors", source: walkSource + factorsSource, constants }, {
    workgroups: [Math.ceil(length / workgroup)],
    inputs: [sums, products, scale ?? spread, spread],
    outputs: [factors, dScale, dBias],
    integers: walkIntegers(layout, writerSlices(layout, runtime)),
    floats: [epsilon ?? 0],
  });
  const program = {
    name: "norm_gradient",
    source: gradientSource,
    constants: { BENT: Number(y !== undefined), SLOPE: slope },
  };
  for (const { arrays: part, layout: own } of rowParts({ ...present({ dy, x, y }), dx }, layout, runtime)) {
    const inputs = [part.dy, part.x, part.y ?? part.x, mean, factors];
    runWalk(program, { layout: own, slices: writerSlices(own, runtime), inputs, outputs: [part.dx] }, runtime);
  }
  return scale ? [dx, dScale, dBias] : [dx];
}
