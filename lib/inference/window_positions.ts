/** Where the windows over a volume lie. */
import type { Triple } from "../geometry.ts";

/** Windows along one axis. */
export interface AxisWindows {
  /** Voxels of a window. */
  readonly window: number;
  /** Share of a window that its neighbour covers too, in [0, 1). */
  readonly overlap: number;
}

/**
 * First voxels of the windows along an axis, ascending.
 *
 * They are ⌊window·(1 − overlap)⌋ voxels apart, at least 1, and the last one is shifted back to end with the axis. An axis
 * that is shorter than the window has a single one that sticks out on both sides: by ⌊missing / 2⌋ voxels before.
 *
 * @param length voxels of the axis
 * @throws {RangeError} when a number of voxels is not a positive integer, or the overlap not in [0, 1)
 * @see MONAI `sliding_window_inference(roi_size, overlap)` with symmetric padding
 */
export function windowStarts(length: number, { window, overlap }: AxisWindows): number[] {
  if (![length, window].every((voxels) => Number.isInteger(voxels) && voxels >= 1)) {
    throw new RangeError(`Cannot place windows: expected at least 1 voxel, got windows of ${window} along ${length}`);
  }
  if (!(overlap >= 0 && overlap < 1)) {
    throw new RangeError(`Cannot place windows: expected an overlap in [0, 1), got ${overlap}`);
  }
  if (length <= window) return [0 - Math.floor((window - length) / 2)];
  const interval = Math.max(1, Math.floor(window * (1 - overlap)));
  const last = length - window;
  const count = Math.ceil(last / interval) + 1;
  return Array.from({ length: count }, (_, i) => Math.min(i * interval, last));
}

/**
 * First voxels (x, y, z) of all windows over a volume, x slowest.
 *
 * @throws {RangeError} as {@linkcode windowStarts} does
 */
export function windowPositions(size: Triple, options: { windowSize: Triple; overlap: number }): Triple[] {
  const { windowSize, overlap } = options;
  const [xs, ys, zs] = size.map((length, axis) => windowStarts(length, { window: windowSize[axis], overlap }));
  return xs.flatMap((x) => ys.flatMap((y) => zs.map((z): Triple => [x, y, z])));
}
