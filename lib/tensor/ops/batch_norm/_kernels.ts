/** The kernels of normalisation along the channels, as batch and group normalisation call them. */
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import { foldChunks, forEachInTail, repeated, runOverChunks } from "../channel_sum/layout.ts";
import type { ChannelLayout, ChannelValues } from "../channel_sum/layout.ts";

/** Mean and biased variance of every channel of every sample. */
export function channelMoments(
  x: SimdArray,
  layout: ChannelLayout,
  runtime: SimdRuntime,
): { mean: Float64Array; variance: Float64Array } {
  const partials = runOverChunks("channelMoments", { layout, count: 2, before: [x.pointer] }, runtime);
  const positions = layout.length / layout.channels;
  const mean = new Float64Array(layout.samples * layout.channels);
  forEachChunkRow(layout, 2, ({ from, to, rows }) => {
    for (let c = 0; c < layout.channels; c++) mean[to + c] += rows * partials[from + c];
  });
  forEachInTail(layout, (i, c) => mean[c] += x.data[i]);
  for (let c = 0; c < mean.length; c++) mean[c] /= positions;
  const variance = new Float64Array(mean.length);
  // Chan et al. 1983: squares around a chunk's own mean, and that mean's distance from the whole one's.
  forEachChunkRow(layout, 2, ({ from, to, rows }) => {
    for (let c = 0; c < layout.channels; c++) {
      const distance = partials[from + c] - mean[to + c];
      variance[to + c] += partials[from + layout.width + c] + rows * distance * distance;
    }
  });
  forEachInTail(layout, (i, c) => variance[c] += (x.data[i] - mean[c]) ** 2);
  for (let c = 0; c < mean.length; c++) variance[c] /= positions;
  return { mean, variance };
}

/** A stretch of `channels` values in the first row of a chunk's partial results, and how many rows it stands for. */
interface ChunkPart {
  readonly from: number;
  /** Where the sample's channels start. */
  readonly to: number;
  readonly rows: number;
}

function forEachChunkRow(
  { samples, channels, width, rows, chunkRows, chunks }: ChannelLayout,
  count: number,
  visit: (part: ChunkPart) => void,
): void {
  for (let unit = 0; unit < samples * chunks; unit++) {
    const first = unit % chunks * chunkRows;
    const to = Math.floor(unit / chunks) * channels;
    for (let i = 0; i < width; i += channels) {
      visit({ from: unit * count * width + i, to, rows: Math.min(chunkRows, rows - first) });
    }
  }
}

/** (x − mean)·scale + shift, then `slope`-fold where negative: 1 leaves it, 0 is ReLU. */
export function normalizeChannels(
  x: SimdArray,
  { mean, scale, shift, slope = 1 }: Record<"mean" | "scale" | "shift", ChannelValues> & { slope?: number },
  { layout, runtime }: { layout: ChannelLayout; runtime: SimdRuntime },
): SimdArray {
  const vectors = [mean, scale, shift].map((values) => repeated(values, layout, runtime).pointer);
  const y = runtime.output(x.shape);
  runOverValues("channelNormalize", { layout, before: [x.pointer, ...vectors, slope, y.pointer] }, runtime);
  return y;
}

/** The gradient of an output, the input, and the output itself if an activation followed. */
export interface GradientArrays {
  readonly dy: SimdArray;
  readonly x: SimdArray;
  readonly y?: SimdArray;
  /** What dy is multiplied by where y is not positive. */
  readonly slope?: number;
}

/** Σ dy and Σ dy·(x − mean) for every channel of every sample. */
export function channelGradientSums(
  { dy, x, y, slope = 0 }: GradientArrays,
  mean: ChannelValues,
  { layout, runtime }: { layout: ChannelLayout; runtime: SimdRuntime },
): { sumDy: Float64Array; sumDyX: Float64Array } {
  const before = [dy.pointer, x.pointer, y?.pointer ?? 0, slope, repeated(mean, layout, runtime).pointer];
  const partials = runOverChunks("channelGradientSums", { layout, count: 2, before }, runtime);
  const [sumDy, sumDyX] = [0, 1].map((index) => foldChunks(partials, layout, { index, count: 2 }));
  forEachInTail(layout, (i, c) => {
    const gradient = y && !(y.data[i] > 0) ? slope * dy.data[i] : dy.data[i];
    sumDy[c] += gradient;
    sumDyX[c] += gradient * (x.data[i] - mean[c]);
  });
  return { sumDy, sumDyX };
}

/** a·dy + b·(x − mean) + c. */
export function normGradient(
  { dy, x, y, slope = 0 }: GradientArrays,
  { mean, a, b, c }: Record<"mean" | "a" | "b" | "c", ChannelValues>,
  { layout, runtime }: { layout: ChannelLayout; runtime: SimdRuntime },
): SimdArray {
  const vectors = [mean, a, b, c].map((values) => repeated(values, layout, runtime).pointer);
  const dx = runtime.output(x.shape);
  const before = [dy.pointer, x.pointer, y?.pointer ?? 0, slope, ...vectors, dx.pointer];
  runOverValues("channelNormGradient", { layout, before }, runtime);
  return dx;
}

/** Units are chunks of all values of a sample, its tail included. */
function runOverValues(
  kernel: string,
  { layout, before }: { layout: ChannelLayout; before: readonly number[] },
  runtime: SimdRuntime,
): void {
  const { samples, length, width, chunkRows } = layout;
  const chunks = Math.ceil(length / (width * chunkRows));
  runtime.run(kernel, { units: samples * chunks, grain: 1 }, [...before, length, width, chunkRows, chunks]);
}
