/** Dense convolution on the device: tiles, slices of long sums, and shaders for whole vectors of channels or any. */
import { sumSlices } from "../../webgpu/multiply.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import type { GpuProgram } from "../../webgpu/programs.ts";
import type { ConvSize } from "./_plain.ts";
import geometry from "./geometry.wgsl" with { type: "text" };
import quads from "./quads.wgsl" with { type: "text" };
import values from "./values.wgsl" with { type: "text" };
import tapsRegisters from "./taps_registers.wgsl" with { type: "text" };
import tapsTiled from "./taps_tiled.wgsl" with { type: "text" };
import weightGradientRegisters from "./weight_gradient_registers.wgsl" with { type: "text" };
import weightGradientTiled from "./weight_gradient_tiled.wgsl" with { type: "text" };

type Triple = readonly [number, number, number];

/** Workgroups that fill a GPU, and the two or more cores behind a software adapter. */
const FULL = { tiled: 512, registers: 32 };
/** Products, or voxels, that a slice of a sum has at least. */
const SHORTEST_SLICE = 256;
/** Products of a step of the tiled kernels, which must not cross a tap where channels are read as vectors. */
const STEP = 16;

/** Sums over kernel taps: of x for the output, of dy for the gradient of x. */
interface TapSum {
  /** Sizes of the tensor whose taps are gathered, and of the one they belong to. */
  readonly gathered: { readonly size: Triple; readonly channels: number };
  readonly owner: { readonly size: Triple; readonly channels: number };
  readonly batch: number;
  readonly kernel: number;
  readonly stride: number;
}

/** How a kernel's result is cut into workgroups: rows and channels of a tile, tiles of a workgroup. */
interface Tiling {
  readonly rows: number;
  readonly channels: number;
  readonly tiles: number;
}

/** y = x ⋆ weight (+ bias). */
export function convolve(
  { x, weight, bias }: { x: GpuArray; weight: GpuArray; bias?: GpuArray },
  size: ConvSize,
  runtime: GpuRuntime,
): GpuArray {
  const y = runtime.activation([size.batch, ...size.output, size.outChannels]);
  sumTaps({ x, weight, bias, y }, { ...size, ...tensorsOf(size) }, runtime);
  return y;
}

/** dx: every input voxel gathers the taps of dy that reached it. */
export function inputGradient(
  { dy, weight }: { dy: GpuArray; weight: GpuArray },
  size: ConvSize,
  runtime: GpuRuntime,
): GpuArray {
  const dx = runtime.activation([size.batch, ...size.input, size.inChannels]);
  const { gathered, owner } = tensorsOf(size);
  sumTaps({ x: dy, weight, y: dx, isGradient: true }, { ...size, gathered: owner, owner: gathered }, runtime);
  return dx;
}

/** dWeight[k] = Σ over voxels of x[v·stride + k]ᵀ·dy[v]. */
export function weightGradient(
  { x, dy }: { x: GpuArray; dy: GpuArray },
  size: ConvSize,
  runtime: GpuRuntime,
): GpuArray {
  const { batch, kernel, output, inChannels, outChannels } = size;
  const dWeight = runtime.output([kernel, kernel, kernel, inChannels, outChannels]);
  const sum = { ...size, ...tensorsOf(size) };
  const tiling = tilingOf(sum, runtime);
  const rowTiles = Math.ceil(kernel ** 3 * inChannels / (tiling.rows * tiling.tiles));
  const workgroups = rowTiles * Math.ceil(outChannels / tiling.channels);
  const slices = sliceCount({ length: batch * output[0] * output[1] * output[2], workgroups }, runtime);
  const target = slices === 1 ? dWeight : runtime.scratch(slices * dWeight.length);
  runtime.run(programFor("weight_gradient", { sum, hasVectors: hasVectors(sum, 4) }, runtime), {
    workgroups: workgroupRow(workgroups * slices, runtime.limits),
    inputs: [x, dy, dy],
    outputs: [target],
    integers: [...sizesOf(sum), rowTiles, slices, slices],
  });
  if (slices > 1) sumSlices({ x: target, y: dWeight }, { slices }, runtime);
  return dWeight;
}

function tensorsOf({ input, output, inChannels, outChannels }: ConvSize): Pick<TapSum, "gathered" | "owner"> {
  return { gathered: { size: input, channels: inChannels }, owner: { size: output, channels: outChannels } };
}

function sumTaps(
  { x, weight, bias, y, isGradient = false }: {
    x: GpuArray;
    weight: GpuArray;
    bias?: GpuArray;
    y: GpuArray;
    isGradient?: boolean;
  },
  sum: TapSum,
  runtime: GpuRuntime,
): void {
  const { gathered, owner, batch, kernel, stride } = sum;
  // A gradient's voxels are classes by their remainders by the stride; the first is the largest.
  const spread = isGradient ? stride : 1;
  const rows = owner.size.reduce((product, length) => product * Math.ceil(length / spread), batch);
  const products = Math.ceil(kernel / spread) ** 3 * gathered.channels;
  const tiling = tilingOf(sum, runtime);
  const rowTiles = Math.ceil(rows / (tiling.rows * tiling.tiles));
  const workgroups = rowTiles * Math.ceil(owner.channels / tiling.channels);
  const slices = sliceCount({ length: products, workgroups: workgroups * spread ** 3 }, runtime);
  const layers = spread ** 3 * slices;
  const target = slices === 1 ? y : runtime.scratch(slices * y.length);
  const program = programFor("taps", { sum, hasVectors: hasVectors(sum, STEP) }, runtime);
  const constants = { ...program.constants, GRADIENT: Number(isGradient), HAS_BIAS: Number(bias !== undefined) };
  runtime.run({ ...program, constants }, {
    workgroups: workgroupRow(workgroups * layers, runtime.limits),
    inputs: [x, weight, bias ?? weight],
    outputs: [target],
    integers: [...sizesOf(sum), rowTiles, slices, layers],
  });
  if (slices > 1) sumSlices({ x: target, y }, { slices }, runtime);
}

/** Whether channels may be read and written as vectors of four. */
function hasVectors({ gathered, owner }: TapSum, multiple: number): boolean {
  return gathered.channels % multiple === 0 && owner.channels % 4 === 0;
}

function tilingOf({ owner }: TapSum, { isSoftware }: GpuRuntime): Tiling {
  if (isSoftware) return { rows: 8, channels: 8, tiles: 8 };
  return { rows: 128, channels: 32 * widthFor(owner.channels), tiles: 1 };
}

/** Quads of channels that an invocation of a tiled kernel holds. */
function widthFor(channels: number): number {
  return channels > 32 ? 2 : 1;
}

function programFor(
  name: "taps" | "weight_gradient",
  { sum, hasVectors }: { sum: TapSum; hasVectors: boolean },
  { isSoftware }: GpuRuntime,
): GpuProgram {
  const kernels = isSoftware
    ? { taps: tapsRegisters, weight_gradient: weightGradientRegisters }
    : { taps: tapsTiled, weight_gradient: weightGradientTiled };
  const variant = `${isSoftware ? "registers" : "tiled"}_${hasVectors ? "quads" : "values"}`;
  return {
    name: `conv3d_${name}_${variant}`,
    source: [geometry, hasVectors ? quads : values, kernels[name]].join("\n"),
    constants: isSoftware ? {} : { WIDE: widthFor(sum.owner.channels) },
  };
}

function sizesOf({ gathered, owner, batch, kernel, stride }: TapSum): number[] {
  return [...gathered.size, gathered.channels, ...owner.size, owner.channels, batch, kernel, stride];
}

/** Slices of a sum so that short of workgroups a GPU is not; they are added up in a fixed order. */
function sliceCount(
  { length, workgroups }: { length: number; workgroups: number },
  { isSoftware }: GpuRuntime,
): number {
  const full = isSoftware ? FULL.registers : FULL.tiled;
  return Math.max(1, Math.min(Math.floor(full / workgroups), Math.floor(length / SHORTEST_SLICE)));
}
