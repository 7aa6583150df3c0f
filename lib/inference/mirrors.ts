/** Mirror images of a window, for test-time augmentation. */
import type { Triple } from "../geometry.ts";

/** For each axis (x, y, z), whether the window is seen from its other end. */
export type Mirror = readonly [x: boolean, y: boolean, z: boolean];

/** The window as it is. */
export const NO_MIRROR: Mirror = [false, false, false];

/** The window and its seven mirror images. */
export const ALL_MIRRORS: readonly Mirror[] = [0, 1, 2, 3, 4, 5, 6, 7].map((bits): Mirror => [
  (bits & 1) !== 0,
  (bits & 2) !== 0,
  (bits & 4) !== 0,
]);

/** A walk through a mirrored window in the memory order of the window itself. */
export interface MirroredWalk {
  /** Index of the voxel that is seen first. */
  readonly first: number;
  /** Steps of the index along (x, y, z). */
  readonly steps: Triple;
}

/** Where voxel (x, y, z) of a mirror image is in the window: at first + x·steps[0] + y·steps[1] + z·steps[2]. */
export function mirroredWalk(size: Triple, mirror: Mirror): MirroredWalk {
  const strides: Triple = [1, size[0], size[0] * size[1]];
  const step = (axis: number): number => (mirror[axis] ? -strides[axis] : strides[axis]);
  const first = [0, 1, 2].reduce((sum, axis) => sum + (mirror[axis] ? strides[axis] * (size[axis] - 1) : 0), 0);
  return { first, steps: [step(0), step(1), step(2)] };
}
