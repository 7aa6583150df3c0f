/** Where a NIfTI file puts its voxels: sform, else qform, else voxel sizes, as nibabel chooses. */
import { NIFTI2 } from "nifti-reader-js";
import type { NIFTI1 } from "nifti-reader-js";
import { VolumeError } from "../errors.ts";
import type { Affine, Triple } from "../geometry.ts";

/** nibabel's `quaternion_threshold`: how far b² + c² + d² may exceed 1 by rounding. */
const QUATERNION_TOLERANCE = 3 * 2 ** -23;

/**
 * The voxel → world affine (mm, RAS+) of a header.
 *
 * The reader's own `affine` field is not used: it prefers the qform where its code is the larger one.
 *
 * @param options.view the header's bytes
 * @throws {VolumeError} when the qform is used and its quaternion is no rotation
 * @see nibabel `Nifti1Header.get_best_affine`
 */
export function niftiAffine(raw: NIFTI1 | NIFTI2, options: { view: DataView; size: Triple; file: string }): Affine {
  if (raw.sform_code !== 0) return sformAffine(raw, options.view);
  if (raw.qform_code !== 0) return qformAffine(raw, options.file);
  return centredAffine(voxelSizes(raw), options.size);
}

function sformAffine(raw: NIFTI1 | NIFTI2, view: DataView): Affine {
  const read = raw instanceof NIFTI2
    ? (index: number): number => view.getFloat64(400 + 8 * index, raw.littleEndian)
    : (index: number): number => view.getFloat32(280 + 4 * index, raw.littleEndian);
  return [...[0, 4, 8].map((row) => [0, 1, 2, 3].map((column) => read(row + column))), [0, 0, 0, 1]];
}

function qformAffine(raw: NIFTI1 | NIFTI2, file: string): Affine {
  const { quatern_b: b, quatern_c: c, quatern_d: d } = raw;
  const squared = 1 - (b * b + c * c + d * d);
  if (!(squared >= -QUATERNION_TOLERANCE)) {
    throw new VolumeError(file, `expected a qform quaternion with b² + c² + d² ≤ 1, got (${b}, ${c}, ${d})`);
  }
  const a = squared < QUATERNION_TOLERANCE ? 0 : Math.sqrt(squared);
  const s = 2 / (a * a + b * b + c * c + d * d);
  const rotation = [
    [1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c)],
    [s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b)],
    [s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c)],
  ];
  const [dx, dy, dz] = voxelSizes(raw);
  const qfac = raw.pixDims[0] === -1 ? -1 : 1;
  const origin = [raw.qoffset_x, raw.qoffset_y, raw.qoffset_z];
  return [...rotation.map(([x, y, z], row) => [x * dx, y * dy, z * dz * qfac, origin[row]]), [0, 0, 0, 1]];
}

/** Without a transform, nibabel assumes radiological order (x to the left) and the world's origin in the middle. */
function centredAffine([dx, dy, dz]: Triple, [nx, ny, nz]: Triple): Affine {
  return [
    [-dx, 0, 0, ((nx - 1) / 2) * dx],
    [0, dy, 0, (-(ny - 1) / 2) * dy],
    [0, 0, dz, (-(nz - 1) / 2) * dz],
    [0, 0, 0, 1],
  ];
}

/** The voxel sizes of a header in mm, repaired as nibabel does: no sign, and 1 for 0. */
function voxelSizes(raw: NIFTI1 | NIFTI2): Triple {
  const repair = (mm: number): number => (mm === 0 ? 1 : Math.abs(mm));
  return [repair(raw.pixDims[1]), repair(raw.pixDims[2]), repair(raw.pixDims[3])];
}
