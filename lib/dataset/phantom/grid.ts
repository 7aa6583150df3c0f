/** The cube of voxels that a phantom is rendered on. */
import type { Affine } from "../../geometry.ts";

/** Edge of the imaged cube in mm: an adult brain (about 160 × 132 × 135 mm) fills some 80 % of it. */
export const FIELD_OF_VIEW_MM = 192;

/** Edge of one voxel in mm of a `size`³ phantom: 3 mm at 64, 1.5 mm at 128, 1 mm at 192. */
export function phantomSpacing(size: number): number {
  return FIELD_OF_VIEW_MM / size;
}

/** Voxel → world of a `size`³ phantom: RAS+, isotropic, world origin at the centre of the cube. */
export function phantomAffine(size: number): Affine {
  const spacing = phantomSpacing(size);
  const origin = -spacing * (size - 1) / 2;
  return [[spacing, 0, 0, origin], [0, spacing, 0, origin], [0, 0, spacing, origin], [0, 0, 0, 1]];
}
