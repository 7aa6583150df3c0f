/** Tissue fractions of all voxels of one head. */
import { Anatomy, brainDistance } from "./anatomy.ts";
import type { Random } from "../../random.ts";
import type { Deformation } from "./deformation.ts";
import type { FoldingPattern } from "./folding.ts";
import { phantomSpacing } from "./grid.ts";
import type { Morphometry } from "./morphometry.ts";
import { smoothField } from "./smooth_field.ts";
import { TISSUES } from "./tissues.ts";

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
  const voxels = brainVoxels(deformation);
  const fractions = new Float32Array(voxels.length * TISSUES.length);
  const anatomy = new Anatomy(morphometry, { folds, voxelMm: phantomSpacing(size) });
  for (let n = 0; n < voxels.length; n++) {
    const i = voxels[n];
    anatomy.sample(x[i], y[i], z[i]);
    fractions.set(anatomy.fractions, n * TISSUES.length);
  }
  varyMyelination({ size, voxels, fractions }, random);
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

function brainVoxels({ x, y, z }: Deformation): Int32Array {
  const inside = new Int32Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    // Most of the cube lies well outside; no distance need be computed there.
    if (Math.abs(x[i]) > 76 || Math.abs(y[i]) > 90 || z[i] > 75 || z[i] < -80) continue;
    if (brainDistance(x[i], y[i], z[i]) < 0) inside[count++] = i;
  }
  return inside.slice(0, count);
}
