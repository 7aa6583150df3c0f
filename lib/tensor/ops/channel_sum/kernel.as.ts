/** Sums over the rows of chunks. */
import { sumRows } from "./rows.as.ts";

/** partials[unit] `[width]` = Σ of the rows of a chunk; a unit is a chunk of a sample as layout.ts cuts it. */
export function channelSums(
  x: usize,
  partials: usize,
  length: i32,
  width: i32,
  rows: i32,
  chunkRows: i32,
  chunks: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const first = unit % chunks * chunkRows;
    const from = x + ((<usize> (unit / chunks) * length + <usize> first * width) << 2);
    sumRows(from, min(chunkRows, rows - first), width, partials + (<usize> unit * width << 2));
  }
}
