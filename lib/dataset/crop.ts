/** Foreground boxes, crops that may reach beyond the image, and padding; affines stay true. */
import { sameTriple, translateOrigin, type Triple, type VolumeStack, voxelCount } from "../geometry.ts";

/** A box of voxels. */
export interface VoxelBox {
  /** First voxel along (x, y, z). */
  readonly start: Triple;
  /** One past the last voxel along (x, y, z). */
  readonly end: Triple;
}

/**
 * The smallest box that holds every voxel above 0 in any channel; null when there is none.
 *
 * @param channels volumes of one size, x fastest
 * @see MONAI `generate_spatial_bounding_box`, `select_fn = x > 0`, margin 0
 */
export function foregroundBox(channels: readonly Float32Array[], size: Triple): VoxelBox | null {
  const [nx, ny, nz] = size;
  const start: [number, number, number] = [nx, ny, nz];
  const end: [number, number, number] = [0, 0, 0];
  for (const data of channels) {
    for (let z = 0, row = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++, row += nx) {
        let first = 0;
        while (first < nx && !(data[row + first] > 0)) first++;
        if (first === nx) continue;
        let last = nx - 1;
        while (!(data[row + last] > 0)) last--;
        start[0] = Math.min(start[0], first);
        start[1] = Math.min(start[1], y);
        start[2] = Math.min(start[2], z);
        end[0] = Math.max(end[0], last + 1);
        end[1] = Math.max(end[1], y + 1);
        end[2] = Math.max(end[2], z + 1);
      }
    }
  }
  return end[0] === 0 ? null : { start, end };
}

/**
 * The smallest box about the image's centre that holds every voxel above 0; null when there is none.
 *
 * Along an axis of n voxels with foreground [s, e) it is [m, n − m) with m = min(s, n − e).
 *
 * @see the official code's `CenterCropForegroundd`
 */
export function centredForegroundBox(channels: readonly Float32Array[], size: Triple): VoxelBox | null {
  const box = foregroundBox(channels, size);
  return box && centreBox(box, size);
}

/** The smallest box about the centre of an image of a size that holds a box. */
export function centreBox(box: VoxelBox, size: Triple): VoxelBox {
  const margin = (axis: number): number => Math.min(box.start[axis], size[axis] - box.end[axis]);
  const start: Triple = [margin(0), margin(1), margin(2)];
  return { start, end: [size[0] - start[0], size[1] - start[1], size[2] - start[2]] };
}

/**
 * Cuts a box out of all channels; where it reaches beyond the image, voxels are 0.
 *
 * @returns the stack itself when the box is the whole image
 * @throws {RangeError} when the box has no voxel along an axis, or its bounds are not integers
 */
export function cropStack(stack: VolumeStack, box: VoxelBox): VolumeStack {
  const { start, end } = box;
  const size: Triple = [end[0] - start[0], end[1] - start[1], end[2] - start[2]];
  if (![...start, ...end].every(Number.isInteger) || size.some((length) => length < 1)) {
    throw new RangeError(
      `Cannot crop volume: expected integers start < end along every axis, got (${start.join(", ")}) to (${
        end.join(", ")
      })`,
    );
  }
  if (sameTriple(size, stack.size) && start.every((value) => value === 0)) return stack;
  return {
    modalities: stack.modalities,
    channels: stack.channels.map((data) => copyBox(data, { from: stack.size, start, size })),
    size,
    affine: translateOrigin(stack.affine, start),
  };
}

/**
 * Pads all channels with zeros up to a size: floor(w/2) of the w missing voxels before, the rest after. Axes that are
 * long enough already stay as they are.
 *
 * @see MONAI `SpatialPadd(method="symmetric", mode="constant")`
 */
export function padToSize(stack: VolumeStack, size: Triple): VolumeStack {
  const missing = size.map((length, axis) => Math.max(0, length - stack.size[axis]));
  const before = missing.map((width) => Math.floor(width / 2));
  const bounds = (axis: number): [number, number] => [
    0 - before[axis],
    stack.size[axis] + missing[axis] - before[axis],
  ];
  const [[x0, x1], [y0, y1], [z0, z1]] = [bounds(0), bounds(1), bounds(2)];
  return cropStack(stack, { start: [x0, y0, z0], end: [x1, y1, z1] });
}

function copyBox(
  data: Float32Array,
  { from, start, size }: { from: Triple; start: Triple; size: Triple },
): Float32Array {
  const out = new Float32Array(voxelCount(size));
  const [x0, x1] = overlap(start[0], size[0], from[0]);
  const [y0, y1] = overlap(start[1], size[1], from[1]);
  const [z0, z1] = overlap(start[2], size[2], from[2]);
  if (x0 >= x1) return out;
  for (let z = z0; z < z1; z++) {
    for (let y = y0; y < y1; y++) {
      const row = from[0] * (y + from[1] * z);
      const target = x0 - start[0] + size[0] * (y - start[1] + size[1] * (z - start[2]));
      out.set(data.subarray(row + x0, row + x1), target);
    }
  }
  return out;
}

/** The part [low, high) of [start, start + length) that lies in [0, available). */
function overlap(start: number, length: number, available: number): [number, number] {
  return [Math.max(0, start), Math.min(available, start + length)];
}
