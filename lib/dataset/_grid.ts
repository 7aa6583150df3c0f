/** Where the voxels of a file lie, and whether two files agree on it. */
import { sameTriple, spacingOf, type Triple, type Volume, voxelToWorld } from "../geometry.ts";
import { checkSameGrid } from "./preprocess.ts";

/** Where an image's voxels lie. */
export type Grid = Pick<Volume, "size" | "affine">;

/** A file and its grid. */
export type GriddedFile = Grid & { readonly file: string };

/** Labels may be off by this share of a voxel: rounding in tools that wrote them, nothing the eye could see. */
const LABEL_TOLERANCE = 0.01;

/** Why files cannot be stacked, or undefined when they can. */
export function gridConflict(files: readonly GriddedFile[]): Error | undefined {
  try {
    checkSameGrid(files);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** True when a label's corner voxels lie within 1 % of a voxel of an image's. */
export function labelFits(label: Grid, image: Grid): boolean {
  if (!sameTriple(label.size, image.size)) return false;
  const tolerance = LABEL_TOLERANCE * Math.min(...spacingOf(image.affine));
  return cornersOf(image.size).every((corner) => {
    const [a, b] = [label, image].map(({ affine }) => voxelToWorld(affine, corner));
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) <= tolerance;
  });
}

function cornersOf(size: Triple): Triple[] {
  const [x, y, z] = size.map((count) => [0, count - 1]);
  return x.flatMap((i) => y.flatMap((j) => z.map((k): Triple => [i, j, k])));
}
