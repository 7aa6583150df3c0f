/** Nearest upsampling by two, and its gradient. */
import { copyRun } from "../../simd/copy.as.ts";

/** Slices [begin, end) of the fine grid (slice = b·2D + d); height, width and channels are those of the coarse one. */
export function upsampleNearest(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  channels: i32,
  begin: i32,
  end: i32,
): void {
  const voxel = <usize> channels << 2, row = <usize> width * voxel;
  for (let slice = begin; slice < end; slice++) {
    let from = x + <usize> ((slice >> 1) * height) * row;
    let to = y + <usize> (slice * 4 * height) * row;
    for (let h = 0; h < height; h++) {
      for (let w = 0; w < width; w++, from += voxel) {
        const first = to + <usize> (2 * w) * voxel;
        copyRun(first, from, voxel);
        copyRun(first + voxel, from, voxel);
      }
      memory.copy(to + 2 * row, to, 2 * row);
      to += 4 * row;
    }
  }
}

/** Sums of 2³ voxels, for slices [begin, end) of the coarse grid (slice = b·D + d). */
export function upsampleNearestGradient(
  dy: usize,
  dx: usize,
  height: i32,
  width: i32,
  channels: i32,
  begin: i32,
  end: i32,
): void {
  const voxel = <usize> channels << 2, row = <usize> (2 * width) * voxel, plane = <usize> (2 * height) * row;
  let to = dx + <usize> (begin * height * width) * voxel;
  for (let slice = begin; slice < end; slice++) {
    for (let h = 0; h < height; h++) {
      let from = dy + <usize> (2 * slice) * plane + <usize> (2 * h) * row;
      for (let w = 0; w < width; w++, from += 2 * voxel, to += voxel) sumVoxels(from, to, voxel, row, plane);
    }
  }
}

function sumVoxels(from: usize, to: usize, voxel: usize, row: usize, plane: usize): void {
  const end = to + voxel;
  for (; to + 16 <= end; to += 16, from += 16) {
    v128.store(to, f32x4.add(sumSquare(from, voxel, row), sumSquare(from + plane, voxel, row)));
  }
  for (; to < end; to += 4, from += 4) {
    v128.store_lane<f32>(to, f32x4.add(sumSquare(from, voxel, row), sumSquare(from + plane, voxel, row)), 0);
  }
}

// @ts-ignore: decorator
@inline
function sumSquare(from: usize, voxel: usize, row: usize): v128 {
  const near = f32x4.add(v128.load(from), v128.load(from + voxel));
  return f32x4.add(near, f32x4.add(v128.load(from + row), v128.load(from + row + voxel)));
}
