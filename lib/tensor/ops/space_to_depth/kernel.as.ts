/** Moves runs of 2·C values between a fine grid and the grid of its folded 2³ blocks. */
import { copyRun } from "../../simd/copy.as.ts";

/**
 * Slices [begin, end) of the folded grid (slice = b·D + d); fine size is twice the folded one along every axis.
 *
 * @param fold 1: fine → folded, 0: folded → fine
 */
export function foldBlocks(
  fine: usize,
  folded: usize,
  height: i32,
  width: i32,
  channels: i32,
  fold: bool,
  begin: i32,
  end: i32,
): void {
  const bytes = <usize> (2 * channels) << 2;
  let run = folded + <usize> (begin * height * width * 4) * bytes;
  for (let s = begin; s < end; s++) {
    for (let h = 0; h < height; h++) {
      for (let w = 0; w < width; w++) {
        for (let corner = 0; corner < 4; corner++) {
          const row = (2 * s + (corner >> 1)) * 2 * height + 2 * h + (corner & 1);
          const place = fine + <usize> (row * width + w) * bytes;
          if (fold) copyRun(run, place, bytes);
          else copyRun(place, run, bytes);
          run += bytes;
        }
      }
    }
  }
}
