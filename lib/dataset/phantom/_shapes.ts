/** Signed distances of the few solids that anatomy is built from, and the partial-volume rule at their borders. */
import type { Triple } from "../../geometry.ts";

/** Distance (mm, negative inside) to an axis-aligned ellipsoid at the origin; first-order exact near the surface. */
export function ellipsoidDistance(x: number, y: number, z: number, radii: Triple): number {
  const kx = 1 / radii[0], ky = 1 / radii[1], kz = 1 / radii[2];
  const px = x * kx, py = y * ky, pz = z * kz;
  const level = Math.sqrt(px * px + py * py + pz * pz);
  const qx = px * kx, qy = py * ky, qz = pz * kz;
  const slope = Math.sqrt(qx * qx + qy * qy + qz * qz);
  return slope === 0 ? -Math.min(radii[0], radii[1], radii[2]) : level * (level - 1) / slope;
}

/** A straight tube with round ends whose radius changes linearly from one end to the other. */
export interface Tube {
  readonly from: Triple;
  readonly to: Triple;
  /** Radius in mm at `from` and at `to`. */
  readonly radii: readonly [number, number];
}

/** Distance (mm, negative inside) to a tube whose radii are multiplied by `scale`. */
export function tubeDistance(x: number, y: number, z: number, { from, to, radii }: Tube, scale: number): number {
  const ax = to[0] - from[0], ay = to[1] - from[1], az = to[2] - from[2];
  const bx = x - from[0], by = y - from[1], bz = z - from[2];
  const along = (ax * bx + ay * by + az * bz) / (ax * ax + ay * ay + az * az);
  const t = along < 0 ? 0 : along > 1 ? 1 : along;
  const dx = bx - t * ax, dy = by - t * ay, dz = bz - t * az;
  return Math.sqrt(dx * dx + dy * dy + dz * dz) - scale * (radii[0] + t * (radii[1] - radii[0]));
}

/** Union of two solids whose seam is filled over about `width` mm (polynomial smooth minimum). */
export function smoothUnion(a: number, b: number, width: number): number {
  const overlap = width - Math.abs(a - b);
  return Math.min(a, b) - (overlap > 0 ? overlap * overlap / (4 * width) : 0);
}

/** Share of a voxel of edge `voxel` that lies inside a border at signed distance `distance` from its centre. */
export function insideShare(distance: number, voxel: number): number {
  const share = 0.5 - distance / voxel;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/** Share of a voxel that lies outside a sheet of half-width `half` whose middle is `distance` away. */
export function outsideSheetShare(distance: number, half: number, voxel: number): number {
  const low = Math.max(distance - voxel / 2, -half), high = Math.min(distance + voxel / 2, half);
  return high > low ? 1 - (high - low) / voxel : 1;
}
