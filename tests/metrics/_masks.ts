/** Small masks for tests. */
import type { Triple } from "../../lib/geometry.ts";
import { randomStream } from "../../lib/random.ts";

/** A mask in which the voxels with these indices (x, y, z) are set. */
export function maskOf(size: Triple, voxels: readonly Triple[]): Uint8Array {
  const mask = new Uint8Array(size[0] * size[1] * size[2]);
  for (const [x, y, z] of voxels) mask[x + size[0] * (y + size[1] * z)] = 1;
  return mask;
}

/** A mask of the voxels for which a predicate holds. */
export function maskWhere(size: Triple, holds: (voxel: Triple) => boolean): Uint8Array {
  return maskOf(size, voxelsOf(size).filter(holds));
}

/** A box of voxels from `start`. */
export function boxMask(size: Triple, start: Triple, extent: Triple): Uint8Array {
  return maskWhere(size, (voxel) => voxel.every((v, axis) => v >= start[axis] && v < start[axis] + extent[axis]));
}

/** Voxels that are set with a probability. */
export function randomMask(size: Triple, options: { seed: number; share: number }): Uint8Array {
  const random = randomStream(options.seed, "mask");
  return maskWhere(size, () => random.uniform() < options.share);
}

/** All voxels of a grid, x fastest. */
export function voxelsOf([width, height, depth]: Triple): Triple[] {
  const count = width * height * depth;
  return Array.from({ length: count }, (_, i): Triple => {
    return [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
  });
}

/** Voxels of a grid that are set in a mask. */
export function setVoxels(mask: Uint8Array, size: Triple): Triple[] {
  return voxelsOf(size).filter((_, i) => mask[i] !== 0);
}

/** Distance in mm between two voxels. */
export function distanceMm(a: Triple, b: Triple, spacingMm: Triple): number {
  return Math.hypot(...a.map((value, axis) => (value - b[axis]) * spacingMm[axis]));
}
