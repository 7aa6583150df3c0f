/** Puts a volume on another voxel grid. */
import {
  type Affine,
  invertAffine,
  multiplyAffines,
  sameTriple,
  spacingOf,
  type Triple,
  type Volume,
  voxelCount,
} from "../geometry.ts";
import { shearFreeGrid } from "./_shear_free_grid.ts";
import { roundHalfEven } from "./_round.ts";

/** How a value between voxel centres is found: linearly along each axis, or from the closest voxel (for labels). */
export type Interpolation = "trilinear" | "nearest";

/** Spacings closer than this to the wanted one are left alone (MONAI `AFFINE_TOL`); also the slack for "same grid". */
const TOLERANCE_MM = 1e-3;

/**
 * Resamples a volume to a voxel spacing; the directions of its axes are kept, shear is removed.
 *
 * An axis whose spacing is within 0.001 mm of the wanted one keeps its own. The new grid has round((n − 1)·s/s′) + 1
 * voxels along an axis (halves to even). Samples beyond the outermost voxel centres take the outermost value.
 *
 * @returns the volume itself when that changes neither its size nor its affine
 * @throws {RangeError} when a spacing is not a positive number, or the affine is singular
 * @see MONAI 1.3 `Spacingd(pixdim, mode, padding_mode="border", align_corners=False)`, `diagonal=False`
 */
export function resampleToSpacing(
  volume: Volume,
  options: { spacingMm: Triple; interpolation: Interpolation },
): Volume {
  const { spacingMm, interpolation } = options;
  const grid = gridOfSpacing(volume, spacingMm);
  return grid === null ? volume : { ...grid, data: sample(volume, { ...grid, interpolation, beyond: Infinity }) };
}

/**
 * The grid that {@link resampleToSpacing} samples on; null where it leaves the volume as it is.
 *
 * @throws {RangeError} as it does
 */
export function gridOfSpacing(
  volume: Pick<Volume, "size" | "affine">,
  spacingMm: Triple,
): Pick<Volume, "size" | "affine"> | null {
  if (!spacingMm.every((mm) => mm > 0 && mm < Infinity)) {
    throw new RangeError(`Cannot resample volume: expected a spacing above 0 mm, got (${spacingMm.join(", ")})`);
  }
  const own = spacingOf(volume.affine);
  const target = spacingMm.map((mm, axis) => Math.abs(mm - own[axis]) <= TOLERANCE_MM ? own[axis] : mm);
  const grid = shearFreeGrid(volume, [target[0], target[1], target[2]]);
  return sameTriple(grid.size, volume.size) && affinesClose(grid.affine, volume.affine) ? null : grid;
}

/**
 * Resamples a volume to a given grid, for example that of another scan of the same session.
 *
 * A sample is inside while it lies within the outermost voxels (half a voxel beyond their centres) and takes the
 * outermost value there; further out it is 0.
 *
 * @param options.size voxels of the new grid along (x, y, z)
 * @param options.affine voxel → world mm of the new grid
 * @throws {RangeError} when the volume's affine is singular
 */
export function resampleToGrid(
  volume: Volume,
  options: { size: Triple; affine: Affine; interpolation: Interpolation },
): Volume {
  const { size, affine } = options;
  return { data: sample(volume, { ...options, beyond: 0.5 }), size, affine };
}

/** Where to sample, and how. */
interface Grid {
  readonly size: Triple;
  readonly affine: Affine;
  readonly interpolation: Interpolation;
  /** Voxels beyond the outermost centres up to which the border value holds; 0 further out. */
  readonly beyond: number;
}

function sample(volume: Volume, grid: Grid): Float32Array {
  const toVoxel = multiplyAffines(invertAffine(volume.affine), grid.affine);
  const valueAt = grid.interpolation === "nearest" ? nearestSampler(volume) : trilinearSampler(volume);
  const [nx, ny, nz] = volume.size;
  const [mx, my, mz] = grid.size;
  const [[xx, xy, xz, x0], [yx, yy, yz, y0], [zx, zy, zz, z0]] = toVoxel;
  const low = -grid.beyond;
  const [highX, highY, highZ] = [nx - 1 + grid.beyond, ny - 1 + grid.beyond, nz - 1 + grid.beyond];
  const out = new Float32Array(voxelCount(grid.size));
  let target = 0;
  for (let k = 0; k < mz; k++) {
    for (let j = 0; j < my; j++) {
      const rowX = xy * j + xz * k + x0;
      const rowY = yy * j + yz * k + y0;
      const rowZ = zy * j + zz * k + z0;
      for (let i = 0; i < mx; i++, target++) {
        const x = xx * i + rowX;
        const y = yx * i + rowY;
        const z = zx * i + rowZ;
        if (x < low || y < low || z < low || x > highX || y > highY || z > highZ) continue;
        out[target] = valueAt(clamp(x, nx - 1), clamp(y, ny - 1), clamp(z, nz - 1));
      }
    }
  }
  return out;
}

/** Reads a volume at (x, y, z) in voxels, each within [0, n − 1]. */
type Sampler = (x: number, y: number, z: number) => number;

function trilinearSampler({ data, size: [nx, ny, nz] }: Volume): Sampler {
  const slice = nx * ny;
  return (x, y, z) => {
    const i = Math.floor(x);
    const j = Math.floor(y);
    const k = Math.floor(z);
    // On the last voxel the weight of its absent neighbour is 0; any valid index will do.
    const right = i + 1 < nx ? 1 : 0;
    const front = j + 1 < ny ? nx : 0;
    const up = k + 1 < nz ? slice : 0;
    const fx = x - i;
    const fy = y - j;
    const fz = z - k;
    const a = i + nx * j + slice * k;
    const b = a + front;
    const c = a + up;
    const d = c + front;
    const below = (data[a] * (1 - fx) + data[a + right] * fx) * (1 - fy) +
      (data[b] * (1 - fx) + data[b + right] * fx) * fy;
    const above = (data[c] * (1 - fx) + data[c + right] * fx) * (1 - fy) +
      (data[d] * (1 - fx) + data[d + right] * fx) * fy;
    return below * (1 - fz) + above * fz;
  };
}

function nearestSampler({ data, size: [nx, ny] }: Volume): Sampler {
  return (x, y, z) => data[roundHalfEven(x) + nx * (roundHalfEven(y) + ny * roundHalfEven(z))];
}

function clamp(value: number, high: number): number {
  return value < 0 ? 0 : value > high ? high : value;
}

/** MONAI's test for "nothing to resample": `numpy.allclose(a, b, atol=1e-3)`. */
function affinesClose(a: Affine, b: Affine): boolean {
  return a.every((row, r) =>
    row.every((value, c) => Math.abs(value - b[r][c]) <= TOLERANCE_MM + 1e-5 * Math.abs(b[r][c]))
  );
}
