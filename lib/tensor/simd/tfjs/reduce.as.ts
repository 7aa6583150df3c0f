/** Sums, extremes and softmax. Partitions are fixed, so that results do not depend on the number of threads. */
import { exp4 } from "../exp.as.ts";
import { sumOfTerms, Value } from "../sums.as.ts";

/** Sums, in float64, of units [begin, end): rows of `inner` values in `pieces` pieces. */
export function tfjsSumPieces(
  x: usize,
  sums: usize,
  inner: i32,
  piece: i32,
  pieces: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const row = unit / pieces, first = (unit - row * pieces) * piece;
    const at = x + (<usize> (row * inner + first) << 2);
    store<f64>(sums + (<usize> unit << 3), sumOfTerms<Value>(at, 0, min(piece, inner - first)));
  }
}

/** Rows [begin, end) of a result: the sum of a row's pieces over `divisor`. */
export function tfjsJoinPieces(sums: usize, out: usize, pieces: i32, divisor: f64, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    let sum: f64 = 0;
    for (let i = row * pieces; i < (row + 1) * pieces; i++) sum += load<f64>(sums + (<usize> i << 3));
    store<f32>(out + (<usize> row << 2), <f32> (sum / divisor));
  }
}

/**
 * Sums in float32 over slices [begin, end) of a batch of rows: `slices` of `depth` rows of `width` values to an element
 * of the batch, elements `element` values apart. The width is a multiple of 16; rows of the last slice may be missing.
 */
export function tfjsSumSlices(
  x: usize,
  partials: usize,
  element: i32,
  rows: i32,
  width: i32,
  depth: i32,
  slices: i32,
  begin: i32,
  end: i32,
): void {
  const row = <usize> width << 2;
  for (let unit = begin; unit < end; unit++) {
    const batch = unit / slices, first = (unit - batch * slices) * depth;
    const from = x + (<usize> (batch * element + first * width) << 2);
    const to = partials + <usize> unit * row;
    for (let column: usize = 0; column < row; column += 64) {
      sumColumns(from + column, to + column, row, min(depth, rows - first));
    }
  }
}

function sumColumns(from: usize, to: usize, row: usize, count: i32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; count > 0; count--, from += row) {
    s0 = f32x4.add(s0, v128.load(from)), s1 = f32x4.add(s1, v128.load(from, 16));
    s2 = f32x4.add(s2, v128.load(from, 32)), s3 = f32x4.add(s3, v128.load(from, 48));
  }
  v128.store(to, s0), v128.store(to, s1, 16), v128.store(to, s2, 32), v128.store(to, s3, 48);
}

/**
 * Values [begin, end) of a result of `columns` to an element of the batch: the sum of its slices, each of several rows
 * side by side, and of the rows that are in none, over `divisor`.
 */
export function tfjsJoinSlices(
  x: usize,
  partials: usize,
  out: usize,
  element: i32,
  columns: i32,
  width: i32,
  slices: i32,
  sliced: i32,
  divisor: f64,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i++) {
    const batch = i / columns, column = i - batch * columns;
    let sum: f64 = 0;
    for (let slice = batch * slices; slice < (batch + 1) * slices; slice++) {
      sum += strided(partials + (<usize> (slice * width) << 2), column, width, columns);
    }
    sum += strided(x + (<usize> (batch * element) << 2), sliced + column, element, columns);
    store<f32>(out + (<usize> i << 2), <f32> (sum / divisor));
  }
}

function strided(from: usize, first: i32, end: i32, step: i32): f64 {
  let sum: f64 = 0;
  for (let i = first; i < end; i += step) sum += <f64> load<f32>(from + (<usize> i << 2));
  return sum;
}

/** Blocks [begin, end) of `block` columns: sums in float64 over few long rows, over `divisor`. */
export function tfjsSumLongRows(
  x: usize,
  out: usize,
  rows: i32,
  columns: i32,
  block: i32,
  divisor: f64,
  begin: i32,
  end: i32,
): void {
  const blocks = (columns + block - 1) / block, step = <usize> columns << 2;
  for (let unit = begin; unit < end; unit++) {
    const batch = unit / blocks, first = (unit - batch * blocks) * block;
    const last = min(columns, first + block);
    for (let column = first; column < last; column += 4) {
      const from = x + (<usize> (batch * rows * columns + column) << 2);
      const to = out + (<usize> (batch * columns + column) << 2);
      const sum = sumFourColumns(from, step, rows, divisor);
      if (column + 4 <= last) v128.store(to, sum);
      else storeFirst(to, sum, last - column);
    }
  }
}

// @ts-ignore: decorator
@inline
function sumFourColumns(from: usize, step: usize, rows: i32, divisor: f64): v128 {
  let low = f64x2.splat(0), high = low;
  for (let row = 0; row < rows; row++, from += step) {
    low = f64x2.add(low, f64x2.promote_low_f32x4(v128.load64_zero(from)));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.load64_zero(from, 8)));
  }
  const d = f64x2.splat(divisor);
  const low4 = f32x4.demote_f64x2_zero(f64x2.div(low, d)), high4 = f32x4.demote_f64x2_zero(f64x2.div(high, d));
  return v128.shuffle<i64>(low4, high4, 0, 2);
}

/** The first `count` lanes, fewer than four. */
function storeFirst(to: usize, value: v128, count: i32): void {
  v128.store_lane<f32>(to, value, 0);
  if (count > 1) v128.store_lane<f32>(to, value, 1, 4);
  if (count > 2) v128.store_lane<f32>(to, value, 2, 8);
}

class Largest {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}

class Smallest {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}

/** Largest (or smallest) values of units [begin, end), rows and pieces as in {@link tfjsSumPieces}; NaN wins. */
export function tfjsExtremes(
  isLargest: bool,
  x: usize,
  out: usize,
  inner: i32,
  piece: i32,
  pieces: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const row = unit / pieces, first = (unit - row * pieces) * piece;
    const from = x + (<usize> (row * inner + first) << 2), count = min(piece, inner - first);
    store<f32>(out + (<usize> unit << 2), isLargest ? extreme<Largest>(from, count) : extreme<Smallest>(from, count));
  }
}

function extreme<E>(x: usize, count: i32): f32 {
  const e = changetype<E>(0);
  let e0 = v128.load32_splat(x), e1 = e0, e2 = e0, e3 = e0;
  let rest = count;
  for (; rest >= 16; rest -= 16, x += 64) {
    // @ts-ignore: method of a type parameter
    e0 = e.of(e0, v128.load(x)), e1 = e.of(e1, v128.load(x, 16));
    // @ts-ignore: method of a type parameter
    e2 = e.of(e2, v128.load(x, 32)), e3 = e.of(e3, v128.load(x, 48));
  }
  for (; rest > 0; rest--, x += 4) {
    // @ts-ignore: method of a type parameter
    e0 = e.of(e0, v128.load32_splat(x));
  }
  // @ts-ignore: method of a type parameter
  let all: v128 = e.of(e.of(e0, e1), e.of(e2, e3));
  // @ts-ignore: method of a type parameter
  all = e.of(all, v128.shuffle<i32>(all, all, 2, 3, 0, 1));
  // @ts-ignore: method of a type parameter
  all = e.of(all, v128.shuffle<i32>(all, all, 1, 0, 3, 2));
  return f32x4.extract_lane(all, 0);
}

/** Softmax of rows [begin, end) of `width` values. */
export function tfjsSoftmax(x: usize, y: usize, width: i32, begin: i32, end: i32): void {
  const row = <usize> width << 2;
  for (let r = begin; r < end; r++) {
    const from = x + <usize> r * row, to = y + <usize> r * row;
    const sum = exponentials(from, to, width, f32x4.splat(extreme<Largest>(from, width)));
    divide(to, width, f32x4.splat(sum));
  }
}

/** Writes e^(x − high) and returns the sum. */
function exponentials(x: usize, y: usize, width: i32, high: v128): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  let rest = width;
  for (; rest >= 8; rest -= 8, x += 32, y += 32) {
    const e0 = exp4(f32x4.sub(v128.load(x), high)), e1 = exp4(f32x4.sub(v128.load(x, 16), high));
    v128.store(y, e0), v128.store(y, e1, 16);
    s0 = f32x4.add(s0, e0), s1 = f32x4.add(s1, e1);
  }
  s0 = f32x4.add(s0, s1);
  for (; rest >= 4; rest -= 4, x += 16, y += 16) {
    const e = exp4(f32x4.sub(v128.load(x), high));
    v128.store(y, e);
    s0 = f32x4.add(s0, e);
  }
  let sum = f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) + f32x4.extract_lane(s0, 2) +
    f32x4.extract_lane(s0, 3);
  for (; rest > 0; rest--, x += 4, y += 4) {
    const e = exp4(f32x4.sub(v128.load32_splat(x), high));
    v128.store_lane<f32>(y, e, 0);
    sum += f32x4.extract_lane(e, 0);
  }
  return sum;
}

function divide(y: usize, width: i32, sum: v128): void {
  let rest = width;
  for (; rest >= 8; rest -= 8, y += 32) {
    const v0 = f32x4.div(v128.load(y), sum), v1 = f32x4.div(v128.load(y, 16), sum);
    v128.store(y, v0), v128.store(y, v1, 16);
  }
  for (; rest > 0; rest--, y += 4) v128.store_lane<f32>(y, f32x4.div(v128.load32_splat(y), sum), 0);
}
