/** Calls of the SIMD kernels of the depthwise convolution. */
import { sumSlices } from "../../simd/multiply.ts";
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import { convolve, flipKernel, padBorder, sizeOf, weightGradient } from "./_plain.ts";
import type { DepthwiseSize } from "./_plain.ts";

/** Channels that a unit of work computes. */
const BLOCK = 16;
/** Bytes of 8 packed channels. */
const VOXEL = 32;
/** Most voxels of a box along W. */
const BOX_WIDTH = 64;
/** Bytes of scratch that a box may take while it can be made smaller: most of a second-level cache. */
const BOX_BYTES = 960 * 1024;
/** Bytes of scratch that a thread has. */
const SCRATCH_BYTES = 4 * 2 ** 20;
/** Units that are enough to keep all threads busy till the end. */
const ENOUGH_UNITS = 16;
/** Partial sums of the weight gradient, over all blocks. */
const PARTIALS = 32;

/** Voxels of a box of output, the work that a thread does without moving its input twice. */
interface Box {
  readonly boxDepth: number;
  readonly boxHeight: number;
  readonly boxWidth: number;
}

/** y = x ⋆ weight (+ bias); with `turned` the kernel is turned by 180°, which makes it the input gradient. */
export function simdConvolve(
  { x, weight, bias }: { x: SimdArray; weight: SimdArray; bias?: SimdArray },
  { turned, runtime }: { turned: boolean; runtime: SimdRuntime },
): SimdArray {
  const size = sizeOf(x, weight.shape[0]);
  const box = boxOf(size);
  const y = runtime.output(x.shape);
  if (!box) {
    const taps = turned ? flipKernel(weight.data, size.channels) : weight.data;
    y.data.set(convolve(padBorder(x.data, size), taps, size, bias?.data));
    return y;
  }
  const units = blocksOf(size) * boxesOf(size, box);
  const addresses = [x.pointer, weight.pointer, bias?.pointer ?? 0, Number(turned), y.pointer];
  // Many small boxes: several at a time, as every range packs the weights anew.
  const grain = Math.max(1, Math.floor(units / 64));
  runtime.run("depthwiseForward", { units, grain }, [...addresses, ...sizesOf(size, box)]);
  return y;
}

/** dWeight `[k, k, k, C]`. */
export function simdWeightGradient(
  { x, dy }: { x: SimdArray; dy: SimdArray },
  { kernel, runtime }: { kernel: number; runtime: SimdRuntime },
): SimdArray {
  const size = sizeOf(x, kernel);
  const box = boxOf(size);
  const dWeight = runtime.output([kernel, kernel, kernel, size.channels]);
  if (!box) {
    dWeight.data.set(weightGradient(padBorder(x.data, size), dy.data, size));
    return dWeight;
  }
  const blocks = blocksOf(size);
  const groups = Math.min(boxesOf(size, box), Math.ceil(PARTIALS / blocks));
  const partials = groups === 1 ? dWeight : runtime.scratch(groups * dWeight.length);
  const addresses = [x.pointer, dy.pointer, partials.pointer, groups];
  const range = { units: blocks * groups, grain: 1 };
  runtime.run("depthwiseWeightGradient", range, [...addresses, ...sizesOf(size, box)]);
  if (groups > 1) {
    const { length } = dWeight;
    sumSlices(partials, { to: dWeight, count: groups, stride: length, length }, runtime);
  }
  return dWeight;
}

/** The kernels' last arguments. */
function sizesOf(size: DepthwiseSize, { boxDepth, boxHeight, boxWidth }: Box): number[] {
  const { batch, depth, height, width, channels, kernel } = size;
  return [batch, depth, height, width, channels, kernel, boxDepth, boxHeight, boxWidth];
}

function blocksOf({ channels }: DepthwiseSize): number {
  return Math.ceil(channels / BLOCK);
}

function boxesOf({ batch, depth, height, width }: DepthwiseSize, { boxDepth, boxHeight, boxWidth }: Box): number {
  return batch * Math.ceil(depth / boxDepth) * Math.ceil(height / boxHeight) * Math.ceil(width / boxWidth);
}

/** The box for a size: as large as the cache allows, but enough of them; none when nothing fits the thread's scratch. */
function boxOf(size: DepthwiseSize): Box | undefined {
  const { batch, depth, height, width, kernel } = size;
  let boxHeight = height, boxWidth = part(width, Math.ceil(width / BOX_WIDTH));
  for (let parts = 2; boxHeight > 8 && scratchBytes(size, boxHeight, boxWidth) > BOX_BYTES; parts++) {
    boxHeight = part(height, parts);
  }
  while (scratchBytes(size, boxHeight, boxWidth) > SCRATCH_BYTES) {
    if (boxHeight > 1) boxHeight = part(boxHeight, 2);
    else if (boxWidth > 1) boxWidth = part(boxWidth, 2);
    else return undefined;
  }
  const units = blocksOf(size) * batch * Math.ceil(height / boxHeight) * Math.ceil(width / boxWidth);
  // Every box reads kernel − 1 planes that its neighbours read too.
  const mostParts = Math.max(1, Math.floor(depth / (2 * (kernel - 1) || 1)));
  const boxDepth = part(depth, Math.min(mostParts, Math.ceil(ENOUGH_UNITS / units)));
  return { boxDepth, boxHeight, boxWidth };
}

function part(length: number, parts: number): number {
  return Math.ceil(length / parts);
}

/** Bytes of scratch that a thread takes for a box, as kernel.as.ts lays them out. */
function scratchBytes({ depth, kernel }: DepthwiseSize, boxHeight: number, boxWidth: number): number {
  const columns = Math.ceil(boxWidth / 8) * 8;
  const ring = 2 * Math.min(kernel, depth) * (boxHeight + kernel - 1) * (columns + kernel - 1) * VOXEL;
  const taps = 2 * kernel ** 3 * VOXEL;
  return 1024 + 4 * kernel + taps + 2 * boxHeight * columns * VOXEL + ring;
}
