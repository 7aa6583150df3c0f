/** Windows out of volumes, and their results back, through any mirror. */
import type { Triple } from "../geometry.ts";
import { type Mirror, mirroredWalk } from "./mirrors.ts";

/** A window over a volume. */
export interface Window {
  /** First voxel (x, y, z) in the volume; may lie outside. */
  readonly start: Triple;
  /** From which ends it is seen. */
  readonly mirror: Mirror;
}

/** Sizes along (x, y, z). */
interface Sizes {
  readonly size: Triple;
  readonly windowSize: Triple;
}

/** Calls back for every row (along x) of a window that has voxels in the volume. */
function forEachRow(
  { start, mirror }: Window,
  { size, windowSize }: Sizes,
  visit: (row: { inVolume: number; inWindow: number; step: number; count: number }) => void,
): void {
  const { first, steps } = mirroredWalk(windowSize, mirror);
  const low = start.map((voxel) => Math.max(0, -voxel));
  const high = start.map((voxel, axis) => Math.min(windowSize[axis], size[axis] - voxel));
  for (let z = low[2]; z < high[2]; z++) {
    for (let y = low[1]; y < high[1]; y++) {
      visit({
        inVolume: start[0] + low[0] + size[0] * (start[1] + y + size[1] * (start[2] + z)),
        inWindow: first + low[0] * steps[0] + y * steps[1] + z * steps[2],
        step: steps[0],
        count: high[0] - low[0],
      });
    }
  }
}

/** True when a voxel of the window is above 0 in any channel. */
export function hasForeground(channels: readonly Float32Array[], options: Sizes & { window: Window }): boolean {
  let found = false;
  forEachRow(options.window, options, ({ inVolume, count }) => {
    found ||= channels.some((data) => data.subarray(inVolume, inVolume + count).some((value) => value > 0));
  });
  return found;
}

/** Writes a window's voxels into zeros, channels last: `[D, H, W, C]`. */
export function readWindow(
  channels: readonly Float32Array[],
  { target, window, ...sizes }: Sizes & { target: Float32Array; window: Window },
): void {
  const count = channels.length;
  channels.forEach((data, channel) => {
    forEachRow(window, sizes, (row) => {
      let to = row.inWindow * count + channel;
      for (let i = 0; i < row.count; i++, to += row.step * count) target[to] = data[row.inVolume + i];
    });
  });
}

/** Adds a window's results `[D, H, W, K]`, times the weight of their voxels, to K volumes. */
export function addWindow(
  sums: readonly Float32Array[],
  { results, weights, window, ...sizes }: Sizes & { results: Float32Array; weights: Float32Array; window: Window },
): void {
  const count = sums.length;
  sums.forEach((sum, k) => {
    forEachRow(window, sizes, (row) => {
      let from = row.inWindow;
      for (let i = 0; i < row.count; i++, from += row.step) {
        sum[row.inVolume + i] += weights[from] * results[from * count + k];
      }
    });
  });
}

/** Adds the weights of a window's voxels to a volume. */
export function addWeights(
  total: Float32Array,
  { weights, window, ...sizes }: Sizes & { weights: Float32Array; window: Window },
): void {
  forEachRow(window, sizes, (row) => {
    let from = row.inWindow;
    for (let i = 0; i < row.count; i++, from += row.step) total[row.inVolume + i] += weights[from];
  });
}
