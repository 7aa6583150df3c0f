/** Masks on one grid: what is checked of them, and the box that holds all that is set. */
import { type Triple, voxelCount } from "../geometry.ts";

/** The grid of a mask. */
export interface MaskGrid {
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Length in mm of one voxel step along (x, y, z). */
  readonly spacingMm: Triple;
}

/** A grid whose outermost voxels are known to be 0 in every mask on it. */
export interface MaskPair extends MaskGrid {
  readonly prediction: Uint8Array;
  readonly reference: Uint8Array;
}

/**
 * Checks that masks fill a grid.
 *
 * @throws {TypeError} when a mask has another number of voxels than the grid
 * @throws {RangeError} when a spacing is not a positive number
 */
export function checkMasks(masks: readonly Uint8Array[], { size, spacingMm }: MaskGrid): void {
  for (const mask of masks) {
    if (mask.length === voxelCount(size)) continue;
    throw new TypeError(
      `Cannot compare masks: expected ${voxelCount(size)} voxels of (${size.join(", ")}), got ${mask.length}`,
    );
  }
  if (!spacingMm.every((step) => step > 0 && step < Infinity)) {
    throw new RangeError(`Cannot compare masks: expected a spacing of positive mm, got (${spacingMm.join(", ")})`);
  }
}

/**
 * Cuts the box that holds all that is set in either mask out of both, with one layer of empty voxels around it: what
 * lies at the grid's edge has the outside as its neighbour, and no loop over neighbours needs to look for edges.
 *
 * @returns undefined when both are empty
 */
export function cropPair(
  prediction: Uint8Array,
  reference: Uint8Array,
  grid: MaskGrid,
): MaskPair | undefined {
  const box = boundingBox([prediction, reference], grid.size);
  if (box === undefined) return undefined;
  const size = padded(box.size);
  const crop = (mask: Uint8Array): Uint8Array => cropPadded(mask, { size: grid.size, box });
  return { prediction: crop(prediction), reference: crop(reference), size, spacingMm: grid.spacingMm };
}

/** A mask with one layer of empty voxels around it. */
export function padMask(mask: Uint8Array, size: Triple): { mask: Uint8Array; size: Triple } {
  return { mask: cropPadded(mask, { size, box: { start: [0, 0, 0], size } }), size: padded(size) };
}

interface Box {
  readonly start: Triple;
  readonly size: Triple;
}

function padded(size: Triple): Triple {
  return [size[0] + 2, size[1] + 2, size[2] + 2];
}

/** The smallest box with all voxels that are set in any of the masks. */
function boundingBox(masks: readonly Uint8Array[], size: Triple): Box | undefined {
  const [width, height, depth] = size;
  const low = [width, height, depth], high = [-1, -1, -1];
  for (const mask of masks) {
    for (let z = 0, row = 0; z < depth; z++) {
      for (let y = 0; y < height; y++, row += width) {
        let first = 0;
        while (first < width && mask[row + first] === 0) first++;
        if (first === width) continue;
        let last = width - 1;
        while (mask[row + last] === 0) last--;
        [[first, last], [y, y], [z, z]].forEach(([from, to], axis) => {
          low[axis] = Math.min(low[axis], from);
          high[axis] = Math.max(high[axis], to);
        });
      }
    }
  }
  if (high[0] < 0) return undefined;
  const start: Triple = [low[0], low[1], low[2]];
  return { start, size: [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1] };
}

/** The voxels of a box as 0 and 1, with one layer of 0 around them. */
function cropPadded(mask: Uint8Array, { size, box }: { size: Triple; box: Box }): Uint8Array {
  const [width, height, depth] = padded(box.size);
  const cropped = new Uint8Array(width * height * depth);
  for (let z = 0; z < depth - 2; z++) {
    for (let y = 0; y < height - 2; y++) {
      const from = box.start[0] + size[0] * (box.start[1] + y + size[1] * (box.start[2] + z));
      const to = 1 + width * (y + 1 + height * (z + 1));
      for (let x = 0; x < width - 2; x++) cropped[to + x] = mask[from + x] === 0 ? 0 : 1;
    }
  }
  return cropped;
}
