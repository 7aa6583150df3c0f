/** Thick slices: what a 2-D acquisition does to the voxels of a brain along one axis. */
import type { TissueMap } from "./tissue_map.ts";

/** How the slices of a 2-D acquisition lie. */
export interface SliceStack {
  /** Axis across the slices: 0 = sagittal, 1 = coronal, 2 = axial slices. */
  readonly axis: 0 | 1 | 2;
  /** Thickness of a slice, and distance from slice to slice (thickness and gap), in voxels. */
  readonly thickness: number;
  readonly pitch: number;
  /** Position of some slice's middle along the axis, in voxels. */
  readonly offset: number;
}

/** Taps of an output position: input positions from `first` on with their weights, which add up to 1. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * Averages over the thickness of each slice and interpolates linearly between slices, as resampling a 2-D scan does.
 *
 * Only voxels of the brain count; those beyond its border have been stripped off.
 *
 * @param values one per voxel of the map
 * @returns as many
 */
export function acquireSlices(values: Float32Array, { tissues, inside, stack }: {
  tissues: Pick<TissueMap, "size" | "voxels">;
  /** 1 at the voxels of the map, 0 elsewhere; `size`³. */
  inside: Float32Array;
  stack: SliceStack;
}): Float32Array {
  const { size, voxels } = tissues, stride = size ** stack.axis;
  const cube = new Float32Array(size ** 3), result = new Float32Array(values.length);
  for (let n = 0; n < voxels.length; n++) cube[voxels[n]] = values[n];
  const taps = Array.from({ length: size }, (_, position) => sliceTaps(position, { ...stack, size }));
  for (let n = 0; n < voxels.length; n++) {
    const position = Math.floor(voxels[n] / stride) % size, { first, weights } = taps[position];
    let sum = 0, weight = 0;
    for (let k = 0, i = voxels[n] + (first - position) * stride; k < weights.length; k++, i += stride) {
      sum += weights[k] * cube[i];
      weight += weights[k] * inside[i];
    }
    result[n] = weight > 0 ? sum / weight : values[n];
  }
  return result;
}

/** The two slices nearest to a position, each a box of the slice's thickness, weighted by their nearness. */
function sliceTaps(position: number, { thickness, pitch, offset, size }: SliceStack & { size: number }): Taps {
  const slice = (position - offset) / pitch, lower = Math.floor(slice), share = slice - lower;
  const half = thickness / 2, low = offset + lower * pitch, high = low + pitch;
  const first = Math.max(0, Math.ceil(low - half - 0.5));
  const last = Math.min(size - 1, Math.floor(high + half + 0.5));
  const overlap = (i: number, middle: number): number =>
    Math.max(0, Math.min(i + 0.5, middle + half) - Math.max(i - 0.5, middle - half)) / thickness;
  const weights = Float64Array.from(
    { length: last - first + 1 },
    (_, k) => (1 - share) * overlap(first + k, low) + share * overlap(first + k, high),
  );
  return { first, weights };
}
