/** Binomial smoothing [1, 2, 1]/4 of volumes; voxels at the edge count for those beyond it. */
import { threadScratch } from "../../simd/thread.as.ts";

// @ts-ignore: decorator
@inline
function blend(before: v128, value: v128, after: v128): v128 {
  const inner = f32x4.add(f32x4.add(before, f32x4.add(value, value)), after);
  return f32x4.mul(inner, f32x4.splat(0.25));
}

function blendOne(before: f32, value: f32, after: f32): f32 {
  return (before + 2 * value + after) * 0.25;
}

/** Blends three rows, or planes, value by value. */
function blendRows(before: usize, value: usize, after: usize, to: usize, count: i32): void {
  let rest = count;
  for (; rest >= 8; rest -= 8, before += 32, value += 32, after += 32, to += 32) {
    const first = blend(v128.load(before), v128.load(value), v128.load(after));
    const second = blend(v128.load(before, 16), v128.load(value, 16), v128.load(after, 16));
    v128.store(to, first), v128.store(to, second, 16);
  }
  for (; rest > 0; rest--, before += 4, value += 4, after += 4, to += 4) {
    store<f32>(to, blendOne(load<f32>(before), load<f32>(value), load<f32>(after)));
  }
}

/** Blends every value of a row with its neighbours. */
function smoothRow(from: usize, to: usize, width: i32): void {
  const last = <usize> (width - 1) << 2;
  const second = width > 1 ? 4 : 0;
  store<f32>(to, blendOne(load<f32>(from), load<f32>(from), load<f32>(from + second)));
  if (width > 2) blendRows(from, from + 4, from + 8, to + 4, width - 2);
  if (width > 1) store<f32>(to + last, blendOne(load<f32>(from + last - 4), load<f32>(from + last), load<f32>(from + last)));
}

/** Smooths slices [begin, end) along width and height; three smoothed rows are kept in the thread's scratch. */
export function smoothSlices(x: usize, y: usize, height: i32, width: i32, begin: i32, end: i32): void {
  const row = <usize> width << 2;
  // Apart by whole cache lines.
  const kept = (row + 63) & ~63;
  for (let slice = begin; slice < end; slice++) {
    const from = x + <usize> (slice * height) * row, to = y + <usize> (slice * height) * row;
    const rows = threadScratch();
    smoothRow(from, rows, width);
    for (let h = 0; h < height; h++) {
      const next = min(h + 1, height - 1);
      if (next > h) smoothRow(from + <usize> next * row, rows + <usize> (next % 3) * kept, width);
      const before = rows + <usize> (max(h - 1, 0) % 3) * kept;
      blendRows(before, rows + <usize> (h % 3) * kept, rows + <usize> (next % 3) * kept, to + <usize> h * row, width);
    }
  }
}

/** Smooths slices [begin, end), of `slice` values and `depth` to a volume, along depth. */
export function smoothDepth(x: usize, y: usize, depth: i32, slice: i32, begin: i32, end: i32): void {
  const bytes = <usize> slice << 2;
  for (let index = begin; index < end; index++) {
    const d = index % depth, from = x + <usize> index * bytes;
    const before = d > 0 ? from - bytes : from, after = d < depth - 1 ? from + bytes : from;
    blendRows(before, from, after, y + <usize> index * bytes, slice);
  }
}
