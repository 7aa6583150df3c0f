/** Exact Euclidean distances to a mask on voxels of any spacing, in linear time. */
import { checkMasks, type MaskGrid } from "./_masks.ts";

/**
 * Distance in mm of every voxel to the nearest one that is set: 0 where it is set itself, Infinity when none is.
 *
 * @returns one distance per voxel, x fastest
 * @throws {TypeError | RangeError} when the mask does not fill the grid, or the spacing is not positive
 */
export function distanceTransform(mask: Uint8Array, grid: MaskGrid): Float64Array {
  checkMasks([mask], grid);
  const distances = squaredDistances(mask, grid);
  for (let i = 0; i < distances.length; i++) distances[i] = Math.sqrt(distances[i]);
  return distances;
}

/**
 * Squares of the distances, axis by axis: along x steps are counted from both ends of a row; along y and z the distance
 * to any voxel of a line is the lower envelope of one parabola per voxel.
 *
 * @param columns one value per (x, y): where it is 0, nobody asks for the distances along z, and they are left undefined
 * @see Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", Theory of Computing 8 (2012), §2
 */
export function squaredDistances(mask: Uint8Array, grid: MaskGrid, columns?: Uint8Array): Float64Array {
  const [width, height, depth] = grid.size;
  const squares = distancesAlongRows(mask, grid);
  const envelopeY = new Envelope(height, grid.spacingMm[1]), envelopeZ = new Envelope(depth, grid.spacingMm[2]);
  const plane = width * height;
  for (let z = 0; z < depth; z++) {
    for (let x = 0; x < width; x++) envelopeY.apply(squares, z * plane + x, width);
  }
  for (let column = 0; column < plane; column++) {
    if (columns === undefined || columns[column] !== 0) envelopeZ.apply(squares, column, plane);
  }
  return squares;
}

/** Squared distance of each voxel to the nearest one of its own row. */
function distancesAlongRows(mask: Uint8Array, { size: [width], spacingMm: [step] }: MaskGrid): Float64Array {
  const squares = new Float64Array(mask.length);
  for (let row = 0; row < mask.length; row += width) {
    let steps = Infinity;
    for (let i = row; i < row + width; i++) {
      steps = mask[i] !== 0 ? 0 : steps + 1;
      squares[i] = steps;
    }
    steps = Infinity;
    for (let i = row + width - 1; i >= row; i--) {
      steps = mask[i] !== 0 ? 0 : steps + 1;
      squares[i] = (Math.min(steps, squares[i]) * step) ** 2;
    }
  }
  return squares;
}

/** The lower envelope of the parabolas of one line; its arrays serve one line after the other. */
class Envelope {
  readonly #length: number;
  readonly #squaredStep: number;
  /** Values of the line. */
  readonly #heights: Float64Array;
  /** Voxels whose parabolas form the envelope. */
  readonly #vertices: Int32Array;
  /** From where on each of them is the lowest, in voxels. */
  readonly #from: Float64Array;

  constructor(length: number, stepMm: number) {
    this.#length = length;
    this.#squaredStep = stepMm ** 2;
    this.#heights = new Float64Array(length);
    this.#vertices = new Int32Array(length);
    this.#from = new Float64Array(length);
  }

  /** Replaces each value f(p) of a line by the least f(q) + (step·(p − q))² over its voxels q. */
  apply(values: Float64Array, start: number, stride: number): void {
    const count = this.#build(values, start, stride);
    if (count === 0) return;
    const vertices = this.#vertices, from = this.#from, heights = this.#heights;
    let k = 0;
    for (let p = 0, i = start; p < this.#length; p++, i += stride) {
      while (k + 1 < count && from[k + 1] < p) k++;
      const q = vertices[k];
      values[i] = heights[q] + this.#squaredStep * (p - q) ** 2;
    }
  }

  /** Collects the parabolas that are lowest somewhere, and returns how many there are. */
  #build(values: Float64Array, start: number, stride: number): number {
    const vertices = this.#vertices, from = this.#from, heights = this.#heights;
    let count = 0;
    for (let q = 0, i = start; q < this.#length; q++, i += stride) {
      const height = values[i];
      heights[q] = height;
      if (height === Infinity) continue;
      let crossing = -Infinity;
      while (count > 0) {
        const v = vertices[count - 1];
        crossing = ((height - heights[v]) / this.#squaredStep + (q - v) * (q + v)) / (2 * (q - v));
        if (crossing > from[count - 1]) break;
        count--;
        crossing = -Infinity;
      }
      vertices[count] = q;
      from[count] = crossing;
      count++;
    }
    return count;
  }
}
