/** The grid of a wanted spacing that covers a volume, placed as MONAI places it. */
import { type Affine, invertAffine, multiplyAffines, type Triple, type Volume, voxelToWorld } from "../geometry.ts";
import { roundHalfEven } from "./_round.ts";

/** `numpy.allclose`'s default absolute tolerance, here in output voxels. */
const CORNER_TOLERANCE = 1e-8;

/**
 * The size and affine of the grid with `spacingMm` along a volume's own axes, made orthogonal.
 *
 * If one corner of the volume comes first along all new axes, it becomes the new origin. Otherwise, and that includes
 * rotated affines stored in single precision, the centres n/2 of both grids coincide.
 *
 * @see MONAI 1.3 `zoom_affine(diagonal=False)` and `compute_shape_offset(scale_extent=False)`
 */
export function shearFreeGrid({ size, affine }: Pick<Volume, "size" | "affine">, spacingMm: Triple): {
  size: Triple;
  affine: Affine;
} {
  const axes = orthonormalAxes(affine);
  const directions: Affine = [
    ...[0, 1, 2].map((row) => [...axes.map((axis, column) => axis[row] * spacingMm[column]), 0]),
    [0, 0, 0, 1],
  ];
  const corners = cornersOf(size);
  const toGrid = multiplyAffines(invertAffine(directions), affine);
  const placed = corners.map((corner) => voxelToWorld(toGrid, corner));
  const lowest = [0, 1, 2].map((axis) => Math.min(...placed.map((p) => p[axis])));
  const count = (axis: number): number => roundHalfEven(Math.max(...placed.map((p) => p[axis])) - lowest[axis] + 1);
  const newSize: Triple = [count(0), count(1), count(2)];
  const first = placed.findIndex((p) => lowest.every((value, axis) => p[axis] - value <= CORNER_TOLERANCE));
  const origin = first >= 0
    ? voxelToWorld(affine, corners[first])
    : centredOrigin({ size, affine }, newSize, directions);
  return {
    size: newSize,
    affine: directions.map((row, r) => r < 3 ? [row[0], row[1], row[2], origin[r]] : row),
  };
}

/** The origin that puts voxel index n/2 of both grids on one world position. */
function centredOrigin(
  { size, affine }: Pick<Volume, "size" | "affine">,
  newSize: Triple,
  directions: Affine,
): Triple {
  const centre = voxelToWorld(affine, [size[0] / 2, size[1] / 2, size[2] / 2]);
  const reach = voxelToWorld(directions, [newSize[0] / 2, newSize[1] / 2, newSize[2] / 2]);
  return [centre[0] - reach[0], centre[1] - reach[1], centre[2] - reach[2]];
}

/** Unit vectors along the voxel axes, each made orthogonal to those before it (Gram–Schmidt). */
function orthonormalAxes(affine: Affine): number[][] {
  const axes: number[][] = [];
  for (const column of [0, 1, 2]) {
    let axis = [affine[0][column], affine[1][column], affine[2][column]];
    for (const earlier of axes) {
      const overlap = axis[0] * earlier[0] + axis[1] * earlier[1] + axis[2] * earlier[2];
      axis = axis.map((value, row) => value - overlap * earlier[row]);
    }
    const length = Math.hypot(...axis);
    axes.push(axis.map((value) => value / length));
  }
  return axes;
}

function cornersOf([nx, ny, nz]: Triple): Triple[] {
  const ends = (length: number): number[] => [0, length - 1];
  return ends(nx).flatMap((x) => ends(ny).flatMap((y) => ends(nz).map((z): Triple => [x, y, z])));
}
