/** What registration leaves behind: every modality lies a little off, and echo-planar images are distorted. */
import type { Triple } from "../../geometry.ts";
import type { Random } from "../../random.ts";
import type { Deformation } from "./deformation.ts";
import { phantomSpacing } from "./grid.ts";
import type { TissueMap } from "./tissue_map.ts";

/** A small rigid motion about the middle of the cube. */
export interface RigidError {
  /** Along (x, y, z), mm. */
  readonly shiftMm: Triple;
  /** About (x, y, z), radians. */
  readonly rotation: Triple;
}

/** SD of the residual error along and about each axis, mm and degrees; errors beyond two SD would have been noticed. */
const SHIFT_SD_MM = 0.5, ROTATION_SD_DEGREES = 0.5, BOUND_SD = 2;

/** Draws the residual error of one modality's registration. */
export function drawRigidError(random: Random): RigidError {
  const bounded = (): number => Math.max(-BOUND_SD, Math.min(BOUND_SD, random.normal()));
  const triple = (sd: number): Triple => [sd * bounded(), sd * bounded(), sd * bounded()];
  return { shiftMm: triple(SHIFT_SD_MM), rotation: triple(ROTATION_SD_DEGREES * Math.PI / 180) };
}

/** Where air-filled bone disturbs the field: frontal sinus and both temporal bones, mm in template space, and reach. */
const AIR: readonly { readonly at: Triple; readonly reachMm: number; readonly weight: number }[] = [
  { at: [0, 52, -22], reachMm: 22, weight: 1 },
  { at: [46, -12, -40], reachMm: 18, weight: 0.8 },
  { at: [-46, -12, -40], reachMm: 18, weight: 0.8 },
];

/**
 * Displacement (mm along y) of every voxel of a brain in an echo-planar image.
 *
 * The field is off next to air-filled bone; along the phase-encoding axis the image is displaced in proportion.
 *
 * @param options.peakMm displacement at the frontal sinus; negative for the other polarity of phase encoding
 * @see Jezzard & Balaban, Magn Reson Med 34:65 (1995)
 */
export function echoPlanarShift(
  { voxels }: Pick<TissueMap, "voxels">,
  { deformation, peakMm }: { deformation: Pick<Deformation, "x" | "y" | "z">; peakMm: number },
): Float32Array {
  const { x, y, z } = deformation;
  return Float32Array.from(voxels, (i) => {
    let sum = 0;
    for (const { at, reachMm, weight } of AIR) {
      const squared = (x[i] - at[0]) ** 2 + (y[i] - at[1]) ** 2 + (z[i] - at[2]) ** 2;
      sum += weight * Math.exp(-squared / (2 * reachMm ** 2));
    }
    return peakMm * sum;
  });
}

/**
 * Reads an image where a misregistered modality shows it: trilinear, on the common mask.
 *
 * @param values one per voxel of the map
 * @param options.inside 1 at the voxels of the map, 0 elsewhere; `size`³
 * @param options.shiftMm displacement of every voxel along y; null for none
 * @param options.keptShare share of a voxel that must come from the brain; what shows more of its surroundings is 0
 * @returns one per voxel, 0 where the brain of this modality does not reach
 */
export function misregister(values: Float32Array, { tissues, inside, error, shiftMm, keptShare }: {
  tissues: Pick<TissueMap, "size" | "voxels">;
  inside: Float32Array;
  error: RigidError;
  shiftMm: Float32Array | null;
  keptShare: number;
}): Float32Array {
  const { size, voxels } = tissues, middle = (size - 1) / 2, plane = size * size, spacing = phantomSpacing(size);
  const cube = new Float32Array(size ** 3), result = new Float32Array(values.length);
  for (let n = 0; n < voxels.length; n++) cube[voxels[n]] = values[n];
  const [ax, ay, az] = error.rotation, [tx, ty, tz] = error.shiftMm.map((mm) => mm / spacing);
  for (let n = 0; n < voxels.length; n++) {
    const i = voxels[n];
    const dx = i % size - middle, dy = Math.floor(i / size) % size - middle, dz = Math.floor(i / plane) - middle;
    // A rotation this small is its linear term.
    const px = within(dx + ay * dz - az * dy + tx + middle, size);
    const py = within(dy + az * dx - ax * dz + ty + middle + (shiftMm ? shiftMm[n] / spacing : 0), size);
    const pz = within(dz + ax * dy - ay * dx + tz + middle, size);
    const x0 = Math.floor(px), y0 = Math.floor(py), z0 = Math.floor(pz), at = z0 * plane + y0 * size + x0;
    const fx = px - x0, fy = py - y0, fz = pz - z0;
    let sum = 0, weight = 0;
    for (let corner = 0; corner < 4; corner++) {
      const j = at + (corner & 1) * size + (corner >> 1) * plane;
      const w = (corner & 1 ? fy : 1 - fy) * (corner >> 1 ? fz : 1 - fz);
      sum += w * ((1 - fx) * cube[j] + fx * cube[j + 1]);
      weight += w * ((1 - fx) * inside[j] + fx * inside[j + 1]);
    }
    result[n] = weight >= keptShare ? sum : 0;
  }
  return result;
}

/** Keeps a position and its upper neighbour on the grid. */
function within(position: number, size: number): number {
  return Math.max(0, Math.min(size - 1.001, position));
}
