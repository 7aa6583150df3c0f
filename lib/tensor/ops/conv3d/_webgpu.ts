/** Dense convolution on the device: tiles, slices of long sums, and shaders for whole vectors of channels or any. */
import { sumSlices } from "../../webgpu/multiply.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import type { GpuProgram } from "../../webgpu/programs.ts";
import { chooseTile, nameOfTile, TILE_STEP as STEP, tilesOf, tileSource } from "../../webgpu/tiles.ts";
import type { TiledSizes, TileShape } from "../../webgpu/tiles.ts";
import type { ConvSize } from "./_plain.ts";
import geometry from "./geometry.wgsl" with { type: "text" };
import quads from "./quads.wgsl" with { type: "text" };
import values from "./values.wgsl" with { type: "text" };
import tapsRegisters from "./taps_registers.wgsl" with { type: "text" };
import tapsTiled from "./taps_tiled.wgsl" with { type: "text" };
import weightGradientRegisters from "./weight_gradient_registers.wgsl" with { type: "text" };
import weightGradientTiled from "./weight_gradient_tiled.wgsl" with { type: "text" };

type Triple = readonly [number, number, number];

/** A tile of the kernels without workgroup memory, and how many a workgroup computes. */
const REGISTERS = { rows: 8, channels: 8, tiles: 8 };
/** Workgroups that fill the two or more cores behind a software adapter. */
const FULL_CPU = 32;
/** Products, or voxels, that a slice of a sum has at least. */
const SHORTEST_SLICE = 256;

/** Sums over kernel taps: of x for the output, of dy for the gradient of x. */
interface TapSum {
  /** Sizes of the tensor whose taps are gathered, and of the one they belong to. */
  readonly gathered: { readonly size: Triple; readonly channels: number };
  readonly owner: { readonly size: Triple; readonly channels: number };
  readonly batch: number;
  readonly kernel: number;
  readonly stride: number;
}

/** How a kernel's result is cut into workgroups; no tile for adapters that compute on the CPU. */
interface Grid {
  readonly tile: TileShape | undefined;
  readonly rowTiles: number;
  readonly workgroups: number;
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
  const length = batch * output[0] * output[1] * output[2];
  const sizes = { rows: kernel ** 3 * inChannels, columns: outChannels, length };
  const { tile, rowTiles, workgroups } = gridOf("weight_gradient", sizes, runtime);
  const slices = sliceCount({ length, workgroups }, runtime);
  const target = slices === 1 ? dWeight : runtime.scratch(slices * dWeight.length);
  runtime.run(programFor("weight_gradient", { tile, hasVectors: hasVectors(sum, 4) }), {
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
  const sizes = { rows, columns: owner.channels, length: products };
  const { tile, rowTiles, workgroups } = gridOf("taps", sizes, runtime);
  const slices = sliceCount({ length: products, workgroups: workgroups * spread ** 3 }, runtime);
  const layers = spread ** 3 * slices;
  const target = slices === 1 ? y : runtime.scratch(slices * y.length);
  const program = programFor("taps", { tile, hasVectors: hasVectors(sum, STEP) });
  const constants = { ...program.constants, GRADIENT: Number(isGradient), HAS_BIAS: Number(bias !== undefined) };
  runtime.run({ ...program, constants }, {
    workgroups: workgroupRow(workgroups * layers, runtime.limits),
    inputs: [x, weight, bias ?? weight],
    outputs: [target],
    integers: [...sizesOf(sum), rowTiles, slices, layers],
  });
  if (slices > 1) sumSlices({ x: target, y }, { slices }, runtime);
}

/** Whether channels may be read and written as vectors of four, those gathered in whole steps of the kernel. */
function hasVectors({ gathered, owner }: TapSum, multiple: number): boolean {
  return gathered.channels % multiple === 0 && owner.channels % 4 === 0;
}

function gridOf(
  kernel: "taps" | "weight_gradient",
  sizes: TiledSizes,
  { isSoftware, tiles }: GpuRuntime,
): Grid {
  if (isSoftware) {
    const rowTiles = Math.ceil(sizes.rows / (REGISTERS.rows * REGISTERS.tiles));
    return { tile: undefined, rowTiles, workgroups: rowTiles * Math.ceil(sizes.columns / REGISTERS.channels) };
  }
  const tile = chooseTile(kernel, sizes, tiles);
  return { tile, rowTiles: Math.ceil(sizes.rows / tile.rows), workgroups: tilesOf(sizes, tile) };
}

function programFor(
  name: "taps" | "weight_gradient",
  { tile, hasVectors }: { tile: TileShape | undefined; hasVectors: boolean },
): GpuProgram {
  const kernels = tile
    ? { taps: tapsTiled, weight_gradient: weightGradientTiled }
    : { taps: tapsRegisters, weight_gradient: weightGradientRegisters };
  const variant = `${tile ? nameOfTile(tile) : "registers"}/${hasVectors ? "quads" : "values"}`;
  const constants = tile ? tileSource(tile) : "";
  return {
    name: `conv3d_${name}/${variant}`,
    source: [constants, geometry, hasVectors ? quads : values, kernels[name]].join("\n"),
  };
}

function sizesOf({ gathered, owner, batch, kernel, stride }: TapSum): number[] {
  return [...gathered.size, gathered.channels, ...owner.size, owner.channels, batch, kernel, stride];
}

/** Slices of a sum so that short of workgroups a GPU is not; they are added up in a fixed order. */
function sliceCount(
  { length, workgroups }: { length: number; workgroups: number },
  { isSoftware, tiles }: GpuRuntime,
): number {
  const full = isSoftware ? FULL_CPU : tiles.full;
  return Math.max(1, Math.min(Math.floor(full / workgroups), Math.floor(length / SHORTEST_SLICE)));
}
