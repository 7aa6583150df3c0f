/** How a channels-last tensor is cut up for the kernels that go along its channels. */
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";

/** Values of a row: in multiples of a pair of vectors; with 128 a map takes 0.12 ns per value in cache, with 32 0.17. */
const LANES = 8, SMALLEST_WIDTH = 128;
/** Values of a chunk: 128 KiB stay in the second-level cache for a second look. */
const CHUNK_VALUES = 32768;
/** Rows of a chunk at most: sums in float32 stay accurate. */
const LARGEST_CHUNK = 512;

/**
 * Samples as rows of `width` values: so many voxels next to each other that whole vectors fit, for any number of
 * channels. What is left of a sample after its last full row is its tail.
 */
export interface ChannelLayout {
  readonly samples: number;
  readonly channels: number;
  /** Values of a sample. */
  readonly length: number;
  readonly width: number;
  /** Full rows of a sample. */
  readonly rows: number;
  readonly chunkRows: number;
  /** Chunks of a sample's full rows. */
  readonly chunks: number;
}

/** The layout of a tensor: sample by sample, or its whole batch as one sample. */
export function channelLayout(shape: readonly number[], { samples = 1 }: { samples?: number } = {}): ChannelLayout {
  const channels = shape[shape.length - 1];
  const length = shape.reduce((product, size) => product * size, 1) / samples;
  const period = leastCommonMultiple(channels, LANES);
  const width = period * Math.ceil(SMALLEST_WIDTH / period);
  const rows = Math.floor(length / width);
  const chunkRows = Math.max(1, Math.min(LARGEST_CHUNK, Math.floor(CHUNK_VALUES / width)));
  return { samples, channels, length, width, rows, chunkRows, chunks: Math.ceil(rows / chunkRows) };
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return a / divisor * b;
}

/** What a kernel over chunks writes: `count` rows of `width` values per chunk. */
export function runOverChunks(
  kernel: string,
  { layout, count, before }: { layout: ChannelLayout; count: number; before: readonly number[] },
  runtime: SimdRuntime,
): Float32Array {
  const { samples, length, width, rows, chunkRows, chunks } = layout;
  const partials = runtime.scratch(samples * chunks * count * width);
  const args = [...before, partials.pointer, length, width, rows, chunkRows, chunks];
  runtime.run(kernel, { units: samples * chunks, grain: 1 }, args);
  return partials.data;
}

/** Adds up row `index` of `count` of every chunk: `[samples, channels]`. The tails are not in it. */
export function foldChunks(
  partials: Float32Array,
  { samples, channels, width, chunks }: Pick<ChannelLayout, "samples" | "channels" | "width" | "chunks">,
  { index, count }: { index: number; count: number },
): Float64Array {
  const sums = new Float64Array(samples * channels);
  for (let unit = 0; unit < samples * chunks; unit++) {
    const to = Math.floor(unit / chunks) * channels;
    const from = (unit * count + index) * width;
    for (let i = from; i < from + width; i += channels) {
      for (let c = 0; c < channels; c++) sums[to + c] += partials[i + c];
    }
  }
  return sums;
}

/** Visits the values after the last full row of every sample: their place in the tensor, and in `[samples, channels]`. */
export function forEachInTail(
  { samples, channels, length, width, rows }: ChannelLayout,
  visit: (i: number, channel: number) => void,
): void {
  for (let sample = 0; sample < samples; sample++) {
    for (let i = rows * width; i < length; i++) visit(sample * length + i, sample * channels + i % channels);
  }
}

/** Values `[samples, channels]`, of a tensor or computed. */
export type ChannelValues = Float32Array | Float64Array;

/** Values repeated along the rows: `[samples, width]`, for kernels. */
export function repeated(
  values: ChannelValues,
  { samples, channels, width }: ChannelLayout,
  runtime: SimdRuntime,
): SimdArray {
  const array = runtime.scratch(samples * width);
  for (let sample = 0; sample < samples; sample++) {
    const period = values.subarray(sample * channels, (sample + 1) * channels);
    for (let i = 0; i < width; i += channels) array.data.set(period, sample * width + i);
  }
  return array;
}

/** An output of plain values. */
export function outputOf(values: ArrayLike<number>, shape: readonly number[], runtime: SimdRuntime): SimdArray {
  const output = runtime.output(shape);
  output.data.set(values);
  return output;
}
