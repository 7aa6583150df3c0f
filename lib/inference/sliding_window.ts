/** Predicts a volume of any size with a network that takes windows of one size. */
import { formatShape } from "../errors.ts";
import { type Triple, voxelCount } from "../geometry.ts";
import { takeValues, tf } from "../tensor/mod.ts";
import type { Tensor5D } from "../tensor/mod.ts";
import { addWeights, addWindow, hasForeground, readWindow, type Window } from "./_window_copy.ts";
import { type Mirror, NO_MIRROR } from "./mirrors.ts";
import { windowPositions } from "./window_positions.ts";
import { type Weighting, windowWeights } from "./window_weights.ts";

/** How far a volume is predicted. */
export interface WindowProgress {
  /** Windows predicted, each mirror image counted. */
  readonly done: number;
  /** Windows in all. */
  readonly total: number;
}

/** How a volume is cut into windows and put together again. */
export interface SlidingWindowOptions {
  /** Voxels of a window along (x, y, z). */
  readonly windowSize: Triple;
  /** Share of a window that its neighbour along an axis covers too, in [0, 1). The official code has 0.5. */
  readonly overlap: number;
  /** How much a window's voxels count; default `constant`, as in the official code. */
  readonly weighting?: Weighting;
  /** Windows that the network sees at once; default 1. */
  readonly batchSize?: number;
  /** Mirror images of every window whose results are averaged; default the window as it is. */
  readonly mirrors?: readonly Mirror[];
  /**
   * When given, windows without a voxel above 0 are left out, and these are the logits of voxels in no other window.
   *
   * A network may well find something in empty windows: that is lost.
   */
  readonly emptyLogits?: readonly number[];
  /** The network: windows `[B, D, H, W, C]` → logits `[B, D, H, W, K]`. What it leaves behind is freed. */
  readonly predict: (windows: Tensor5D) => Tensor5D;
  /** Told after every batch. */
  readonly onProgress?: (progress: WindowProgress) => void;
}

/**
 * Predicts a volume window by window; the logits of overlapping windows are averaged.
 *
 * Windows are placed by {@linkcode windowPositions}; beyond the volume they see 0. Sums are held in plain arrays, so that
 * besides the network's own tensors K + 1 volumes are in memory.
 *
 * Shapes: C channels of one size, x fastest → K volumes of logits of that size.
 *
 * @throws {RangeError} when there is no channel or mirror, the batch size is not a positive integer, a channel's length
 *   contradicts the size, or the network's output is not one volume of logits per window; as {@linkcode windowStarts} does
 * @see MONAI `sliding_window_inference`, as the official code calls it for validation and test
 */
export async function slidingWindow(
  channels: readonly Float32Array[],
  size: Triple,
  options: SlidingWindowOptions,
): Promise<Float32Array[]> {
  const { windowSize, weighting = "constant", batchSize = 1, emptyLogits, onProgress } = options;
  checkInputs(channels, size, options);
  const windows = plan(channels, size, options);
  const weights = windowWeights(windowSize, weighting);
  const total = new Float32Array(voxelCount(size));
  let sums = emptyLogits?.map(() => new Float32Array(total.length));
  for (let done = 0; done < windows.length; done += batchSize) {
    const batch = windows.slice(done, done + batchSize);
    const { results, outputs } = await predictBatch(batch, { ...options, channels, size });
    sums ??= Array.from({ length: outputs }, () => new Float32Array(total.length));
    if (outputs !== sums.length) throw outputError(`${sums.length} outputs`, String(outputs));
    const length = weights.length * outputs;
    batch.forEach((window, i) => {
      addWindow(sums!, { results: results.subarray(i * length, (i + 1) * length), weights, window, size, windowSize });
      addWeights(total, { weights, window, size, windowSize });
    });
    onProgress?.({ done: done + batch.length, total: windows.length });
  }
  return (sums ?? []).map((sum, k) => divide(sum, total, emptyLogits?.[k] ?? 0));
}

function checkInputs(
  channels: readonly Float32Array[],
  size: Triple,
  { batchSize = 1, mirrors }: SlidingWindowOptions,
): void {
  if (channels.length === 0) throw new RangeError("Cannot predict volume: expected at least 1 channel, got none");
  const wrong = channels.find(({ length }) => length !== voxelCount(size));
  if (wrong) {
    throw new RangeError(
      `Cannot predict volume: expected ${voxelCount(size)} voxels per channel for size (${size.join(", ")}), ` +
        `got ${wrong.length}`,
    );
  }
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new RangeError(`Cannot predict volume: expected a batchSize of at least 1, got ${batchSize}`);
  }
  if (mirrors?.length === 0) throw new RangeError("Cannot predict volume: expected at least 1 mirror, got none");
}

/** The windows to predict, mirror images of one place after another. */
function plan(
  channels: readonly Float32Array[],
  size: Triple,
  { windowSize, overlap, mirrors = [NO_MIRROR], emptyLogits }: SlidingWindowOptions,
): Window[] {
  const places = windowPositions(size, { windowSize, overlap });
  const worthwhile = places.filter((start) =>
    emptyLogits === undefined || hasForeground(channels, { size, windowSize, window: { start, mirror: NO_MIRROR } })
  );
  return worthwhile.flatMap((start) => mirrors.map((mirror) => ({ start, mirror })));
}

async function predictBatch(
  batch: readonly Window[],
  { channels, size, windowSize, predict }: SlidingWindowOptions & {
    channels: readonly Float32Array[];
    size: Triple;
  },
): Promise<{ results: Float32Array; outputs: number }> {
  const [width, height, depth] = windowSize;
  const length = voxelCount(windowSize) * channels.length;
  const voxels = new Float32Array(batch.length * length);
  batch.forEach((window, i) => {
    readWindow(channels, { target: voxels.subarray(i * length, (i + 1) * length), window, size, windowSize });
  });
  const grid = [batch.length, depth, height, width] as const;
  const logits = tf.tidy(() => predict(tf.tensor5d(voxels, [...grid, channels.length])));
  const { shape } = logits;
  if (shape.length !== 5 || grid.some((count, axis) => shape[axis] !== count)) {
    logits.dispose();
    throw outputError(`[${grid.join(", ")}, K]`, formatShape(shape));
  }
  return { results: await takeValues(logits), outputs: shape[4] };
}

function outputError(expected: string, got: string): RangeError {
  return new RangeError(`Cannot predict volume: expected ${expected} from the network, got ${got}`);
}

function divide(sum: Float32Array, total: Float32Array, empty: number): Float32Array {
  for (let i = 0; i < sum.length; i++) sum[i] = total[i] === 0 ? empty : sum[i] / total[i];
  return sum;
}
