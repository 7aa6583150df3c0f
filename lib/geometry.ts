/**
 * Voxel space and scanner space: the one place that fixes the conventions.
 *
 * - Voxel triples are (x, y, z): x runs fastest in memory, as in NIfTI. World coordinates are mm in RAS+.
 * - A tensor of the same voxels has the shape `[D, H, W] = [z, y, x]`; no data moves between the two views.
 * - An affine maps homogeneous voxel indices (x, y, z, 1) to world mm; four rows of four numbers.
 */

/** A triple along (x, y, z). */
export type Triple = readonly [number, number, number];

/** Voxel → world (mm, RAS+): four rows of four numbers, the last row 0 0 0 1. */
export type Affine = readonly (readonly number[])[];

/** A 3-D image with its place in the scanner. */
export interface Volume {
  /** Voxels, x fastest. */
  readonly data: Float32Array;
  /** Number of voxels along (x, y, z). */
  readonly size: Triple;
  /** Voxel → world mm, RAS+. */
  readonly affine: Affine;
}

/** All modalities of one subject on one grid. */
export interface VolumeStack {
  /** Canonical modality names, one per channel. */
  readonly modalities: readonly string[];
  /** One volume's voxels per channel, x fastest. */
  readonly channels: readonly Float32Array[];
  /** Number of voxels along (x, y, z), the same for all channels. */
  readonly size: Triple;
  /** Voxel → world mm, RAS+. */
  readonly affine: Affine;
}

/** Number of voxels of a grid. */
export function voxelCount(size: Triple): number {
  return size[0] * size[1] * size[2];
}

/** Length in mm of one voxel step along (x, y, z). */
export function spacingOf(affine: Affine): Triple {
  const length = (column: number): number => Math.hypot(affine[0][column], affine[1][column], affine[2][column]);
  return [length(0), length(1), length(2)];
}

/** World position (mm) of a voxel index. */
export function voxelToWorld(affine: Affine, voxel: Triple): Triple {
  const row = (r: number): number =>
    affine[r][0] * voxel[0] + affine[r][1] * voxel[1] + affine[r][2] * voxel[2] + affine[r][3];
  return [row(0), row(1), row(2)];
}

/** The affine after moving the grid's origin to `start` (voxels, may be negative). */
export function translateOrigin(affine: Affine, start: Triple): Affine {
  const origin = voxelToWorld(affine, start);
  return affine.map((row, r) => (r < 3 ? [row[0], row[1], row[2], origin[r]] : [...row]));
}

/** Matrix product a·b of two affines. */
export function multiplyAffines(a: Affine, b: Affine): Affine {
  return a.map((row) => [0, 1, 2, 3].map((c) => row.reduce((sum, value, k) => sum + value * b[k][c], 0)));
}

/**
 * The inverse of an affine.
 *
 * @throws {RangeError} when its 3×3 part is singular
 */
export function invertAffine(affine: Affine): Affine {
  const [[a, b, c, x], [d, e, f, y], [g, h, i, z]] = affine;
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (!Number.isFinite(determinant) || determinant === 0) {
    throw new RangeError(`Cannot invert affine: expected a regular matrix, got determinant ${determinant}`);
  }
  const m = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / determinant));
  return [...m.map((row) => [...row, -(row[0] * x + row[1] * y + row[2] * z)]), [0, 0, 0, 1]];
}

/** True when two affines agree like `numpy.allclose(a, b)`: |a − b| ≤ 1e-8 + 1e-5·|b|. */
export function affinesAgree(a: Affine, b: Affine): boolean {
  return a.every((row, r) => row.every((value, c) => Math.abs(value - b[r][c]) <= 1e-8 + 1e-5 * Math.abs(b[r][c])));
}

/** True when two triples are equal. */
export function sameTriple(a: Triple, b: Triple): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}
