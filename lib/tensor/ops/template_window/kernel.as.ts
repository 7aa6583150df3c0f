/** Windows of min–max normalised templates, and their gradient. A template is read in pieces, each of them one unit. */

/** Minimum and maximum of pieces [begin, end) of x, two float32 for each. */
export function templateExtremes(x: usize, extremes: usize, length: i32, piece: i32, begin: i32, end: i32): void {
  for (let unit = begin; unit < end; unit++) {
    const from = x + (<usize> (unit * piece) << 2);
    extremesOf(from, min(piece, length - unit * piece), extremes + (<usize> unit << 3));
  }
}

/** pmin and pmax keep what they have when they meet NaN, as comparisons do. */
function extremesOf(x: usize, count: i32, out: usize): void {
  let low0 = f32x4.splat(Infinity), low1 = low0, low2 = low0, low3 = low0;
  let high0 = f32x4.splat(-Infinity), high1 = high0, high2 = high0, high3 = high0;
  let rest = count;
  for (; rest >= 16; rest -= 16, x += 64) {
    const v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32), v3 = v128.load(x, 48);
    low0 = f32x4.pmin(low0, v0), low1 = f32x4.pmin(low1, v1), low2 = f32x4.pmin(low2, v2), low3 = f32x4.pmin(low3, v3);
    high0 = f32x4.pmax(high0, v0), high1 = f32x4.pmax(high1, v1);
    high2 = f32x4.pmax(high2, v2), high3 = f32x4.pmax(high3, v3);
  }
  for (; rest > 0; rest--, x += 4) {
    const value = v128.load32_splat(x);
    low0 = f32x4.pmin(low0, value), high0 = f32x4.pmax(high0, value);
  }
  const low = f32x4.pmin(f32x4.pmin(low0, low1), f32x4.pmin(low2, low3));
  const high = f32x4.pmax(f32x4.pmax(high0, high1), f32x4.pmax(high2, high3));
  store<f32>(out, min(min(lane(low, 0), lane(low, 1)), min(lane(low, 2), lane(low, 3))));
  store<f32>(out, max(max(lane(high, 0), lane(high, 1)), max(lane(high, 2), lane(high, 3))), 4);
}

// @ts-ignore: decorator
@inline
function lane(v: v128, index: u8): f32 {
  if (index == 0) return f32x4.extract_lane(v, 0);
  if (index == 1) return f32x4.extract_lane(v, 1);
  return index == 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
}

/**
 * Slices [begin, end) of a window of `height` × `width`: (x − low)/span, zeros outside of the template.
 *
 * @param x first voxel of the template, of `depth` × `rows` × `columns`
 * @param d, h, w where the window starts in it
 */
export function templateWindow(
  x: usize,
  out: usize,
  low: f32,
  span: f32,
  depth: i32,
  rows: i32,
  columns: i32,
  d: i32,
  h: i32,
  w: i32,
  height: i32,
  width: i32,
  begin: i32,
  end: i32,
): void {
  const first = max(0, -w), count = max(0, min(width, columns - w) - first);
  for (let slice = begin; slice < end; slice++) {
    const plane = d + slice;
    for (let i = 0; i < height; i++) {
      const row = h + i;
      const to = out + (<usize> ((slice * height + i) * width) << 2);
      if (plane < 0 || plane >= depth || row < 0 || row >= rows || count < width) memory.fill(to, 0, <usize> width << 2);
      if (plane < 0 || plane >= depth || row < 0 || row >= rows) continue;
      const from = x + (<usize> ((plane * rows + row) * columns + w + first) << 2);
      normalise(from, to + (<usize> first << 2), count, low, span);
    }
  }
}

function normalise(x: usize, out: usize, count: i32, low: f32, span: f32): void {
  const l = f32x4.splat(low), s = f32x4.splat(span);
  let rest = count;
  for (; rest >= 8; rest -= 8, x += 32, out += 32) {
    const v0 = f32x4.sub(v128.load(x), l), v1 = f32x4.sub(v128.load(x, 16), l);
    v128.store(out, f32x4.div(v0, s)), v128.store(out, f32x4.div(v1, s), 16);
  }
  for (; rest > 0; rest--, x += 4, out += 4) store<f32>(out, (load<f32>(x) - low) / span);
}

/** Zeros in pieces [begin, end). */
export function templateZeros(out: usize, length: i32, piece: i32, begin: i32, end: i32): void {
  for (let unit = begin; unit < end; unit++) {
    memory.fill(out + (<usize> (unit * piece) << 2), 0, <usize> min(piece, length - unit * piece) << 2);
  }
}

/**
 * Adds dy/span of slices [begin, end) of a window to the template's gradient.
 *
 * For every slice it leaves what flows into minimum and maximum, two float64: Σ dy/span·(y − 1) and −Σ dy/span·y, with y
 * the normalised voxel. Arguments as in {@link templateWindow}.
 */
export function templateWindowGradient(
  x: usize,
  dy: usize,
  dx: usize,
  flows: usize,
  low: f32,
  span: f32,
  depth: i32,
  rows: i32,
  columns: i32,
  d: i32,
  h: i32,
  w: i32,
  height: i32,
  width: i32,
  begin: i32,
  end: i32,
): void {
  const first = max(0, -w), count = max(0, min(width, columns - w) - first);
  for (let slice = begin; slice < end; slice++) {
    const plane = d + slice;
    let all: f64 = 0, high: f64 = 0;
    if (plane >= 0 && plane < depth) {
      for (let i = max(0, -h); i < min(height, rows - h); i++) {
        const at = <usize> ((plane * rows + h + i) * columns + w + first) << 2;
        const from = dy + (<usize> ((slice * height + i) * width + first) << 2);
        all += addRow(x + at, from, dx + at, count, low, span);
        high += rowFlow;
      }
    }
    store<f64>(flows + (<usize> slice << 4), high - all);
    store<f64>(flows + (<usize> slice << 4), -high, 8);
  }
}

/** Second result of {@link addRow}: Σ dy/span·y. */
let rowFlow: f64 = 0;

/** Adds a row's gradient; returns Σ dy/span. */
function addRow(x: usize, dy: usize, dx: usize, count: i32, low: f32, span: f32): f64 {
  const l = f32x4.splat(low), s = f32x4.splat(span);
  let all4 = f32x4.splat(0), high4 = all4;
  let rest = count;
  for (; rest >= 4; rest -= 4, x += 16, dy += 16, dx += 16) {
    const g = f32x4.div(v128.load(dy), s);
    const y = f32x4.div(f32x4.sub(v128.load(x), l), s);
    v128.store(dx, f32x4.add(v128.load(dx), g));
    all4 = f32x4.add(all4, g), high4 = f32x4.add(high4, f32x4.mul(g, y));
  }
  let all = total(all4), high = total(high4);
  for (; rest > 0; rest--, x += 4, dy += 4, dx += 4) {
    const g = load<f32>(dy) / span;
    store<f32>(dx, load<f32>(dx) + g);
    all += <f64> g, high += <f64> g * <f64> ((load<f32>(x) - low) / span);
  }
  rowFlow = high;
  return all;
}

// @ts-ignore: decorator
@inline
function total(v: v128): f64 {
  return <f64> lane(v, 0) + <f64> lane(v, 1) + <f64> lane(v, 2) + <f64> lane(v, 3);
}

/** Voxels of pieces [begin, end) that hold the template's minimum and maximum, two int32 a piece. */
export function templateTies(
  x: usize,
  extremes: usize,
  counts: usize,
  low: f32,
  high: f32,
  length: i32,
  piece: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const count = min(piece, length - unit * piece), from = x + (<usize> (unit * piece) << 2);
    const known = extremes + (<usize> unit << 3), out = counts + (<usize> unit << 3);
    // Most pieces hold neither: their own extremes say so.
    store<i32>(out, load<f32>(known) == low ? tiesIn(from, count, low) : 0);
    store<i32>(out, load<f32>(known, 4) == high ? tiesIn(from, count, high) : 0, 4);
  }
}

function tiesIn(x: usize, count: i32, value: f32): i32 {
  const sought = f32x4.splat(value);
  let found = i32x4.splat(0);
  let rest = count;
  for (; rest >= 4; rest -= 4, x += 16) found = i32x4.sub(found, f32x4.eq(v128.load(x), sought));
  let ties = i32x4.extract_lane(found, 0) + i32x4.extract_lane(found, 1) + i32x4.extract_lane(found, 2) +
    i32x4.extract_lane(found, 3);
  for (; rest > 0; rest--, x += 4) ties += i32(load<f32>(x) == value);
  return ties;
}

/** Adds to the gradient of pieces [begin, end) a share at every voxel that holds the minimum or the maximum. */
export function templateShares(
  x: usize,
  dx: usize,
  extremes: usize,
  low: f32,
  high: f32,
  lowShare: f32,
  highShare: f32,
  length: i32,
  piece: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const count = min(piece, length - unit * piece), at = <usize> (unit * piece) << 2;
    const known = extremes + (<usize> unit << 3);
    if (load<f32>(known) == low) addAtTies(x + at, dx + at, count, low, lowShare);
    if (load<f32>(known, 4) == high) addAtTies(x + at, dx + at, count, high, highShare);
  }
}

function addAtTies(x: usize, dx: usize, count: i32, value: f32, share: f32): void {
  const sought = f32x4.splat(value), s = f32x4.splat(share);
  let rest = count;
  for (; rest >= 4; rest -= 4, x += 16, dx += 16) {
    const added = v128.and(s, f32x4.eq(v128.load(x), sought));
    v128.store(dx, f32x4.add(v128.load(dx), added));
  }
  for (; rest > 0; rest--, x += 4, dx += 4) {
    if (load<f32>(x) == value) store<f32>(dx, load<f32>(dx) + share);
  }
}
