/** Tissue fractions of all voxels of one head. */
import { Anatomy, brainDistance } from "./anatomy.ts";
import { insideShare } from "./_shapes.ts";
import type { Random } from "../../random.ts";
import type { Deformation } from "./deformation.ts";
import type { FoldingPattern } from "./folding.ts";
import { phantomSpacing } from "./grid.ts";
import type { Morphometry } from "./morphometry.ts";
import { smoothField } from "./smooth_field.ts";
import { TISSUES } from "./tissues.ts";

/**
 * Largest width (mm) that a border is averaged over.
 *
 * Scans resolve about this much, and resampling them to larger voxels takes single values rather than means (the
 * official `Spacingd` interpolates without a low-pass filter): a coarse phantom looks like a scan treated so.
 */
const RESOLUTION_MM = 1.5;

/** The brain's voxels on a cube and what each is made of. */
export interface TissueMap {
  /** Voxels per edge of the cube. */
  readonly size: number;
  /** Index in the cube (x fastest) of every voxel of the skull-stripped brain, ascending. */
  readonly voxels: Int32Array;
  /** Fractions of the tissues in the order of `TISSUES`, `voxels.length` × `TISSUES.length`; each row adds up to 1. */
  readonly fractions: Float32Array;
}

/** Lays a head's anatomy on the grid of its deformation. */
export function mapTissues(
  deformation: Deformation,
  { morphometry, folds, random }: { morphometry: Morphometry; folds: FoldingPattern; random: Random },
): TissueMap {
  const { size, x, y, z } = deformation;
  const { voxels, distances } = brainVoxels(deformation);
  const fractions = new Float32Array(voxels.length * TISSUES.length);
  const anatomy = new Anatomy(morphometry, { folds, voxelMm: borderMm(size) });
  for (let n = 0; n < voxels.length; n++) {
    const i = voxels[n];
    anatomy.sample(x[i], y[i], z[i]);
    fractions.set(anatomy.fractions, n * TISSUES.length);
  }
  varyMyelination({ size, voxels, fractions }, random);
  coverWithDura({ size, voxels, fractions }, { distances, random, duraMm: morphometry.duraMm });
  return { size, voxels, fractions };
}

/** White matter is not uniform: a smoothly varying share of it, 0–15 %, behaves like grey matter. */
function varyMyelination({ size, voxels, fractions }: TissueMap, random: Random): void {
  const field = smoothField(random, { size, controls: 17, voxels });
  const white = TISSUES.indexOf("white"), grey = TISSUES.indexOf("grey");
  for (let n = 0; n < voxels.length; n++) {
    const row = n * TISSUES.length, share = 0.06 + 0.03 * Math.max(-2, Math.min(3, field[n]));
    const moved = share * fractions[row + white];
    fractions[row + white] -= moved;
    fractions[row + grey] += moved;
  }
}

/** Lays dura of a varying thickness over the brain, which skull stripping takes off here and leaves there. */
function coverWithDura({ size, voxels, fractions }: TissueMap, { distances, random, duraMm }: {
  distances: Float32Array;
  random: Random;
  duraMm: number;
}): void {
  const field = smoothField(random, { size, controls: 11, voxels }), dura = TISSUES.indexOf("dura");
  const voxelMm = borderMm(size);
  for (let n = 0; n < voxels.length; n++) {
    if (distances[n] < -3 * duraMm - voxelMm) continue;
    const thickness = duraMm * Math.max(0, 1 + 0.6 * field[n]), row = n * TISSUES.length;
    const share = insideShare(-distances[n] - thickness, voxelMm);
    for (let k = 0; k < TISSUES.length; k++) fractions[row + k] *= 1 - share;
    fractions[row + dura] += share;
  }
}

function borderMm(size: number): number {
  return Math.min(phantomSpacing(size), RESOLUTION_MM);
}

/** The voxels inside the skull-stripped surface, and their signed distance (mm, negative inside) to it. */
function brainVoxels({ x, y, z }: Deformation): { voxels: Int32Array; distances: Float32Array } {
  const inside = new Int32Array(x.length), depths = new Float32Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    // Most of the cube lies well outside; no distance need be computed there.
    if (Math.abs(x[i]) > 76 || Math.abs(y[i]) > 90 || z[i] > 75 || z[i] < -80) continue;
    const distance = brainDistance(x[i], y[i], z[i]);
    if (distance >= 0) continue;
    depths[count] = distance;
    inside[count++] = i;
  }
  return { voxels: inside.slice(0, count), distances: depths.slice(0, count) };
}
