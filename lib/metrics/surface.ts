/** Distances between the surfaces of two masks: Hausdorff, HD95, mean surface distance, surface Dice. */
import { checkMasks, cropPair, type MaskGrid } from "./_masks.ts";
import { squaredDistances } from "./distance_transform.ts";
import { quantile } from "./quantile.ts";

/**
 * Distances in mm from every surface voxel of one mask to the nearest surface voxel of the other.
 *
 * Where the other mask is empty they are Infinity; an empty mask has no surface, and its list is empty.
 */
export interface SurfaceDistances {
  readonly predictionToReference: Float64Array;
  readonly referenceToPrediction: Float64Array;
}

/**
 * Measures the distances between two surfaces.
 *
 * The surface of a mask are its voxels of which one of the 6 neighbours is not set; beyond the grid nothing is set. Only
 * the box that holds both masks is looked at, so time and memory follow the size of what is compared.
 *
 * @throws {TypeError | RangeError} when a mask does not fill the grid, or the spacing is not positive
 * @see MONAI 1.3 `get_mask_edges` and `get_surface_distance`
 */
export function surfaceDistances(
  prediction: Uint8Array,
  reference: Uint8Array,
  grid: MaskGrid,
): SurfaceDistances {
  checkMasks([prediction, reference], grid);
  const pair = cropPair(prediction, reference, grid);
  if (pair === undefined) {
    return { predictionToReference: new Float64Array(), referenceToPrediction: new Float64Array() };
  }
  const predicted = surfaceVoxels(pair.prediction, pair), present = surfaceVoxels(pair.reference, pair);
  return {
    predictionToReference: distancesBetween(predicted, present, pair),
    referenceToPrediction: distancesBetween(present, predicted, pair),
  };
}

/** Indices of the surface voxels of a mask whose outermost voxels are empty. */
function surfaceVoxels(mask: Uint8Array, { size: [width, height] }: MaskGrid): Int32Array {
  const plane = width * height;
  const isInner = (i: number): boolean =>
    mask[i - 1] !== 0 && mask[i + 1] !== 0 && mask[i - width] !== 0 && mask[i + width] !== 0 &&
    mask[i - plane] !== 0 && mask[i + plane] !== 0;
  let count = 0;
  const found = new Int32Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 0 && !isInner(i)) found[count++] = i;
  }
  return found.slice(0, count);
}

/** Distance of each voxel of one list to the nearest of the other. */
function distancesBetween(from: Int32Array, to: Int32Array, grid: MaskGrid): Float64Array {
  if (from.length === 0) return new Float64Array();
  if (to.length === 0) return new Float64Array(from.length).fill(Infinity);
  const [width, height, depth] = grid.size;
  const targets = new Uint8Array(width * height * depth), columns = new Uint8Array(width * height);
  for (const i of to) targets[i] = 1;
  for (const i of from) columns[i % columns.length] = 1;
  const squares = squaredDistances(targets, grid, columns);
  return Float64Array.from(from, (i) => Math.sqrt(squares[i]));
}

/**
 * Hausdorff distance in mm, or a percentile of it: that of the distances each way, the larger of the two.
 *
 * @param options `percentile`: 100 (the default) for the Hausdorff distance, 95 for HD95
 * @returns NaN when both masks are empty, Infinity when one is
 * @throws {RangeError} when the percentile is outside 0…100
 * @see MONAI 1.3 `compute_hausdorff_distance`
 */
export function hausdorffDistance(distances: SurfaceDistances, options: { percentile?: number } = {}): number {
  const share = (options.percentile ?? 100) / 100;
  const lists = bothLists(distances);
  if (lists.every(({ length }) => length === 0)) return NaN;
  if (lists.some(({ length }) => length === 0)) return Infinity;
  return Math.max(...lists.map((list) => quantile(list.toSorted(), share)));
}

/**
 * Mean distance in mm over the surface voxels of both masks; with `directed`, over those of the prediction alone.
 *
 * @returns NaN when both masks are empty, Infinity when one is
 * @see MONAI 1.3 `compute_average_surface_distance`, symmetric or not
 */
export function averageSurfaceDistance(distances: SurfaceDistances, options: { directed?: boolean } = {}): number {
  const lists = bothLists(distances);
  if (lists.every(({ length }) => length === 0)) return NaN;
  if (lists.some(({ length }) => length === 0)) return Infinity;
  const measured = options.directed === true ? [distances.predictionToReference] : lists;
  let sum = 0, count = 0;
  for (const list of measured) {
    for (const distance of list) sum += distance;
    count += list.length;
  }
  return sum / count;
}

/**
 * Share of the surface voxels of both masks that are at most a tolerance away from the other's surface.
 *
 * @param toleranceMm at least 0
 * @returns NaN when both masks are empty, 0 when one is
 * @throws {RangeError} when the tolerance is negative
 * @see Nikolov et al., arXiv 1809.04430; MONAI 1.3 `compute_surface_dice` without subvoxels
 */
export function surfaceDice(distances: SurfaceDistances, toleranceMm: number): number {
  if (!(toleranceMm >= 0)) {
    throw new RangeError(`Cannot compute surface Dice: expected a tolerance of at least 0 mm, got ${toleranceMm}`);
  }
  let within = 0, count = 0;
  for (const list of bothLists(distances)) {
    for (const distance of list) if (distance <= toleranceMm) within++;
    count += list.length;
  }
  return within / count;
}

function bothLists({ predictionToReference, referenceToPrediction }: SurfaceDistances): Float64Array[] {
  return [predictionToReference, referenceToPrediction];
}
