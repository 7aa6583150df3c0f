/** Slices through a volume, turned the way a reader of brain scans expects to see them. */
import { formatShape } from "../errors.ts";
import { type Triple, voxelCount } from "../geometry.ts";

/** Voxels without a place in the scanner; RAS+ axes, x fastest. */
export interface ScalarImage {
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Voxels, x fastest. */
  readonly data: Float32Array;
}

/** A greyscale picture, rows from top to bottom, values not yet mapped to grey levels. */
export interface Picture {
  /** Pixels along a row. */
  readonly width: number;
  /** Number of rows. */
  readonly height: number;
  /** `height` rows of `width` values. */
  readonly pixels: Float32Array;
}

/** Anatomical plane of a slice: axial cuts across z, coronal across y, sagittal across x. */
export type Plane = "axial" | "coronal" | "sagittal";

/**
 * Which side of the subject is drawn on the left.
 *
 * `"radiological"`: the subject's right is on the picture's left (axial, coronal) and the nose points left (sagittal).
 * `"neurological"`: the subject's left is on the picture's left and the nose points right.
 */
export type Convention = "radiological" | "neurological";

/** Which cut to take. */
export interface SliceOptions {
  /** Plane that the slice lies in. */
  readonly plane: Plane;
  /** Voxel index along the axis that the plane cuts across. */
  readonly index: number;
  /** Defaults to `"radiological"`, as in clinical viewers. */
  readonly convention?: Convention;
}

/** Axes (0 = x, 1 = y, 2 = z) that run along columns, along rows and across the picture. */
const PLANE_AXES: Readonly<Record<Plane, { column: number; row: number; normal: number }>> = {
  axial: { column: 0, row: 1, normal: 2 },
  coronal: { column: 0, row: 2, normal: 1 },
  sagittal: { column: 1, row: 2, normal: 0 },
};

/** The planes in the order in which figures show them. */
export const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

/** Letter of the axis that a plane cuts across. */
export function normalAxis(plane: Plane): "x" | "y" | "z" {
  return (["x", "y", "z"] as const)[PLANE_AXES[plane].normal];
}

/** Number of slices that a plane cuts a grid into. */
export function sliceCount(size: Triple, plane: Plane): number {
  return size[PLANE_AXES[plane].normal];
}

/**
 * Cuts one slice; axial pictures have anterior up, coronal and sagittal ones superior up.
 *
 * @throws {TypeError} when the voxels do not fill the grid
 * @throws {RangeError} when the index is not a slice of the grid
 */
export function takeSlice(image: ScalarImage, options: SliceOptions): Picture {
  const { plane, index, convention = "radiological" } = options;
  checkVoxels(image);
  const axes = PLANE_AXES[plane];
  const count = sliceCount(image.size, plane);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`Cannot cut ${plane} slice: expected an index from 0 to ${count - 1}, got ${index}`);
  }
  const strides = [1, image.size[0], image.size[0] * image.size[1]];
  const width = image.size[axes.column];
  const height = image.size[axes.row];
  const pixels = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = index * strides[axes.normal] + (height - 1 - row) * strides[axes.row];
    for (let column = 0; column < width; column++) {
      const along = convention === "radiological" ? width - 1 - column : column;
      pixels[row * width + column] = image.data[start + along * strides[axes.column]];
    }
  }
  return { width, height, pixels };
}

/** `count` slice indices at equal distances, the outermost ones inside the grid by one such distance. */
export function evenSlices(size: Triple, options: { plane: Plane; count: number }): number[] {
  const n = sliceCount(size, options.plane);
  return Array.from({ length: options.count }, (_, i) => Math.floor(((i + 1) * n) / (options.count + 1)));
}

/** The slice of a plane in which an image varies most, the first of equals: a choice that knows no reconstruction. */
export function richestSlice(image: ScalarImage, plane: Plane): number {
  let best = 0;
  let bestVariance = -Infinity;
  for (let index = 0; index < sliceCount(image.size, plane); index++) {
    const variance = varianceOf(takeSlice(image, { plane, index }).pixels);
    if (variance > bestVariance) [best, bestVariance] = [index, variance];
  }
  return best;
}

function varianceOf(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

function checkVoxels(image: ScalarImage): void {
  const expected = voxelCount(image.size);
  if (image.data.length !== expected) {
    throw new TypeError(
      `Cannot draw image of size ${formatShape(image.size)}: expected ${expected} voxels, got ${image.data.length}`,
    );
  }
}
