/** The smallest valid scans, written without the library's own writer. */
import type { Triple } from "../../lib/geometry.ts";

/** Bytes of an uncompressed float32 NIfTI-1 file with 1 mm voxels along RAS+ axes and its first voxel at `origin` mm. */
export function tinyNifti(size: Triple, options: { voxel: (i: number) => number; origin?: Triple }): Uint8Array {
  const { voxel, origin = [0, 0, 0] } = options;
  const count = size[0] * size[1] * size[2];
  const bytes = new Uint8Array(352 + 4 * count);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true); // sizeof_hdr
  [3, ...size, 1, 1, 1, 1].forEach((value, i) => view.setInt16(40 + 2 * i, value, true)); // dim
  view.setInt16(70, 16, true); // datatype: float32
  view.setInt16(72, 32, true); // bitpix
  [1, 1, 1, 1].forEach((value, i) => view.setFloat32(76 + 4 * i, value, true)); // pixdim
  view.setFloat32(108, 352, true); // vox_offset
  view.setInt16(254, 1, true); // sform_code
  for (let row = 0; row < 3; row++) {
    view.setFloat32(280 + 16 * row + 4 * row, 1, true);
    view.setFloat32(280 + 16 * row + 12, origin[row], true);
  }
  bytes.set([0x6e, 0x2b, 0x31, 0], 344); // magic "n+1"
  for (let i = 0; i < count; i++) view.setFloat32(352 + 4 * i, voxel(i), true);
  return bytes;
}
