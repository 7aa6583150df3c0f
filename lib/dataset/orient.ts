/** Reorients a volume by permuting and flipping its axes; no voxel is interpolated. */
import { type Affine, invertAffine, spacingOf, type Triple, type Volume, voxelToWorld } from "../geometry.ts";

/** Which world axis (0 x, 1 y, 2 z) each voxel axis follows, and whether towards its positive end. */
interface AxisDirection {
  readonly worldAxis: number;
  readonly positive: boolean;
}

const LETTERS = [["L", "R"], ["P", "A"], ["I", "S"]] as const;

/**
 * Names the world direction in which each voxel axis (x, y, z) increases, e.g. `"LPS"`; the closest one if oblique.
 *
 * @throws {RangeError} when the affine is singular
 * @see nibabel `aff2axcodes`
 */
export function orientationOf(affine: Affine): string {
  return axisDirections(affine).map(({ worldAxis, positive }) => LETTERS[worldAxis][Number(positive)]).join("");
}

/**
 * Brings a volume into RAS+ order: x to the right, y to the front, z to the top, as nearly as permuting and flipping
 * axes allows. Every voxel keeps its world position.
 *
 * @returns the volume itself when it already is in RAS+ order
 * @throws {RangeError} when the affine is singular
 * @see MONAI `Orientationd(axcodes="RAS")`, nibabel `io_orientation`
 */
export function toRas(volume: Volume): Volume {
  const order = rasOrder(volume);
  if (order === null) return volume;
  return { data: reorder(volume.data, order), size: order.size, affine: order.affine };
}

/** How a volume's voxels are walked in RAS+ order. */
export interface RasOrder {
  /** Voxels along (x, y, z) of the reoriented volume. */
  readonly size: Triple;
  /** Its affine. */
  readonly affine: Affine;
  /** Axis of the stored volume that each of its axes runs along. */
  readonly sources: Triple;
  /** 1, or −1 where it runs backwards. */
  readonly signs: Triple;
  /** Place of its first voxel in memory. */
  readonly first: number;
  /** Steps in memory along each of its axes. */
  readonly steps: Triple;
}

/**
 * Finds the walk that {@link toRas} takes; null when the volume is in RAS+ order already.
 *
 * @throws {RangeError} when the affine is singular
 */
export function rasOrder({ size, affine }: Pick<Volume, "size" | "affine">): RasOrder | null {
  const directions = axisDirections(affine);
  if (directions.every(({ worldAxis, positive }, axis) => worldAxis === axis && positive)) return null;
  const sources = mapAxes((worldAxis) => directions.findIndex((d) => d.worldAxis === worldAxis));
  const signs = mapAxes((out) => (directions[sources[out]].positive ? 1 : -1));
  const corner = mapAxes((axis) => (directions[axis].positive ? 0 : size[axis] - 1));
  const origin = voxelToWorld(affine, corner);
  const strides = [1, size[0], size[0] * size[1]];
  return {
    size: mapAxes((out) => size[sources[out]]),
    affine: [
      ...[0, 1, 2].map((row) => [...sources.map((axis, out) => turn(affine[row][axis], signs[out])), origin[row]]),
      [0, 0, 0, 1],
    ],
    sources,
    signs,
    first: corner[0] + strides[1] * corner[1] + strides[2] * corner[2],
    steps: mapAxes((out) => strides[sources[out]] * signs[out]),
  };
}

function mapAxes(value: (axis: number) => number): Triple {
  return [value(0), value(1), value(2)];
}

/** Applies a sign; 0 − 0 keeps the affine free of negative zeros. */
function turn(value: number, sign: number): number {
  return sign > 0 ? value : 0 - value;
}

function reorder(data: Float32Array, { size: [nx, ny, nz], first, steps: [dx, dy, dz] }: RasOrder): Float32Array {
  const out = new Float32Array(data.length);
  let target = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let source = first + z * dz + y * dy;
      for (let x = 0; x < nx; x++, source += dx) out[target++] = data[source];
    }
  }
  return out;
}

/** Gives each voxel axis in turn the world axis, of those still free, along which the closest rotation moves it most. */
function axisDirections(affine: Affine): AxisDirection[] {
  const rotation = closestRotation(affine);
  const free = new Set([0, 1, 2]);
  return [0, 1, 2].map((axis) => {
    const worldAxis = [...free].reduce((best, row) =>
      Math.abs(rotation[row][axis]) > Math.abs(rotation[best][axis]) ? row : best
    );
    free.delete(worldAxis);
    return { worldAxis, positive: rotation[worldAxis][axis] > 0 };
  });
}

/**
 * The orthogonal matrix nearest to the affine's 3×3 part with unit columns: its polar factor, which is U·Vᵀ of the
 * singular value decomposition, by Newton's iteration R ← (R + R⁻ᵀ)/2.
 *
 * @see N. J. Higham, Computing the polar decomposition, SIAM J. Sci. Stat. Comput. 7 (1986)
 */
function closestRotation(affine: Affine): Affine {
  const spacing = spacingOf(affine);
  let rotation: Affine = [
    ...[0, 1, 2].map((row) => [...spacing.map((mm, column) => affine[row][column] / mm), 0]),
    [0, 0, 0, 1],
  ];
  for (let change = 1, step = 0; change > 1e-14 && step < 100; step++) {
    const inverse = invertAffine(rotation);
    const next = rotation.map((row, r) => row.map((value, c) => (value + inverse[c][r]) / 2));
    change = Math.max(...next.flatMap((row, r) => row.map((value, c) => Math.abs(value - rotation[r][c]))));
    rotation = next;
  }
  return rotation;
}
