/** The rotation of an affine as the quaternion that a NIfTI qform stores. */
import { type Affine, spacingOf, type Triple } from "../geometry.ts";

/** Largest cosine between two axes that single-precision affines of orthogonal grids show. */
const ORTHOGONALITY_TOLERANCE = 1e-5;

/**
 * Splits an affine into rotation and spacing; null where it has shear and no qform can say the same.
 *
 * @returns (b, c, d) of the unit quaternion with a ≥ 0, and qfac: −1 when the z axis has to be mirrored to make the
 *   axes right-handed
 * @see nifti1.h, "QUATERNION REPRESENTATION OF ROTATION MATRIX"
 */
export function rigidQuaternion(affine: Affine): { quaternion: Triple; qfac: 1 | -1 } | null {
  const spacing = spacingOf(affine);
  const [x, y, z] = spacing.map((mm, column) => [0, 1, 2].map((row) => affine[row][column] / mm));
  const cosines = [dot(x, y), dot(y, z), dot(x, z)];
  if (!cosines.every((cosine) => Math.abs(cosine) <= ORTHOGONALITY_TOLERANCE)) return null;
  const handedness = dot([x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]], z);
  const qfac = handedness < 0 ? -1 : 1;
  return { quaternion: quaternionOf(x, y, z.map((value) => value * qfac)), qfac };
}

/**
 * The vector part of a rotation's quaternion, from the largest of its four components: the others follow by dividing
 * by it, which loses no digits. `x`, `y`, `z` are the rotation's columns.
 */
function quaternionOf(x: readonly number[], y: readonly number[], z: readonly number[]): Triple {
  // Row k holds 4·qₖ·(a, b, c, d).
  const products = [
    [1 + x[0] + y[1] + z[2], y[2] - z[1], z[0] - x[2], x[1] - y[0]],
    [y[2] - z[1], 1 + x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2]],
    [z[0] - x[2], x[1] + y[0], 1 - x[0] + y[1] - z[2], y[2] + z[1]],
    [x[1] - y[0], z[0] + x[2], y[2] + z[1], 1 - x[0] - y[1] + z[2]],
  ];
  const largest = [0, 1, 2, 3].reduce((best, k) => products[k][k] > products[best][best] ? k : best);
  const [a, b, c, d] = products[largest];
  const length = Math.hypot(a, b, c, d) * (a < 0 ? -1 : 1);
  return [b / length, c / length, d / length];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
