/**
 * Normalisation along the channels: moments, the map itself, and its gradient.
 *
 * Samples are rows of `width` values and units are chunks of rows of one sample, as channel_sum/layout.ts cuts them;
 * vectors per channel come repeated along the width, `[samples, width]`. Memory decides the speed: every kernel reads its
 * tensors once, and what it reads twice is still in the cache.
 */
import { sumRows } from "../channel_sum/rows.as.ts";
import { madd } from "../../simd/vector.as.ts";

/** partials[unit] = mean and Σ (x − mean)² of the chunk's rows, `[2, width]`. */
export function channelMoments(
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
  const bytes = <usize> width << 2;
  for (let unit = begin; unit < end; unit++) {
    const first = unit % chunks * chunkRows;
    const from = x + ((<usize> (unit / chunks) * length + <usize> first * width) << 2);
    const count = min(chunkRows, rows - first);
    const mean = partials + <usize> unit * 2 * bytes;
    sumRows(from, count, width, mean);
    divideRow(mean, bytes, <f32> count);
    memory.fill(mean + bytes, 0, bytes);
    for (let i = 0; i < count; i += 2) {
      const row = from + <usize> i * bytes;
      if (i + 1 < count) addTwoSquares(row, mean, bytes, mean + bytes);
      else addSquares(row, mean, bytes, mean + bytes);
    }
  }
}

function divideRow(at: usize, bytes: usize, by: f32): void {
  const d = f32x4.splat(by);
  for (const last = at + bytes; at < last; at += 32) {
    const v0 = f32x4.div(v128.load(at), d), v1 = f32x4.div(v128.load(at, 16), d);
    v128.store(at, v0), v128.store(at, v1, 16);
  }
}

function addTwoSquares(x: usize, mean: usize, bytes: usize, to: usize): void {
  let next = x + bytes;
  for (const last = to + bytes; to < last; to += 32, x += 32, next += 32, mean += 32) {
    const m0 = v128.load(mean), m1 = v128.load(mean, 16);
    const a0 = f32x4.sub(v128.load(x), m0), a1 = f32x4.sub(v128.load(x, 16), m1);
    const b0 = f32x4.sub(v128.load(next), m0), b1 = f32x4.sub(v128.load(next, 16), m1);
    const s0 = madd(a0, a0, madd(b0, b0, v128.load(to))), s1 = madd(a1, a1, madd(b1, b1, v128.load(to, 16)));
    v128.store(to, s0), v128.store(to, s1, 16);
  }
}

function addSquares(x: usize, mean: usize, bytes: usize, to: usize): void {
  for (const last = to + bytes; to < last; to += 32, x += 32, mean += 32) {
    const a0 = f32x4.sub(v128.load(x), v128.load(mean)), a1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const s0 = madd(a0, a0, v128.load(to)), s1 = madd(a1, a1, v128.load(to, 16));
    v128.store(to, s0), v128.store(to, s1, 16);
  }
}

/** y = (x − mean)·scale + shift, times `slope` where negative (1: as it is); units are chunks of all values, the tail too. */
export function channelNormalize(
  x: usize,
  mean: usize,
  scale: usize,
  shift: usize,
  slope: f32,
  y: usize,
  length: i32,
  width: i32,
  chunkRows: i32,
  chunks: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const sample = unit / chunks;
    const vectors = <usize> (sample * width) << 2;
    const last = min(length, (unit % chunks + 1) * chunkRows * width);
    for (let i = unit % chunks * chunkRows * width; i < last; i += width) {
      const at = (<usize> sample * length + i) << 2;
      const count = min(width, last - i);
      const m = mean + vectors, s = scale + vectors, b = shift + vectors;
      if (slope != 1) normalizeBent(x + at, m, s, b, y + at, count, slope);
      else normalizeRow(x + at, m, s, b, y + at, count);
    }
  }
}

function normalizeRow(x: usize, mean: usize, scale: usize, shift: usize, y: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8, x += 32, mean += 32, scale += 32, shift += 32, y += 32) {
    const d0 = f32x4.sub(v128.load(x), v128.load(mean)), d1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const y0 = madd(d0, v128.load(scale), v128.load(shift));
    const y1 = madd(d1, v128.load(scale, 16), v128.load(shift, 16));
    v128.store(y, y0), v128.store(y, y1, 16);
  }
  // Whole vectors here would write into the next sample.
  for (; i < count; i++, x += 4, mean += 4, scale += 4, shift += 4, y += 4) {
    store<f32>(y, (load<f32>(x) - load<f32>(mean)) * load<f32>(scale) + load<f32>(shift));
  }
}

function normalizeBent(x: usize, mean: usize, scale: usize, shift: usize, y: usize, count: i32, slope: f32): void {
  const zero = f32x4.splat(0), below = f32x4.splat(slope);
  let i = 0;
  for (; i + 8 <= count; i += 8, x += 32, mean += 32, scale += 32, shift += 32, y += 32) {
    const d0 = f32x4.sub(v128.load(x), v128.load(mean)), d1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const y0 = madd(d0, v128.load(scale), v128.load(shift));
    const y1 = madd(d1, v128.load(scale, 16), v128.load(shift, 16));
    const z0 = v128.bitselect(f32x4.mul(y0, below), y0, f32x4.lt(y0, zero));
    const z1 = v128.bitselect(f32x4.mul(y1, below), y1, f32x4.lt(y1, zero));
    v128.store(y, z0), v128.store(y, z1, 16);
  }
  for (; i < count; i++, x += 4, mean += 4, scale += 4, shift += 4, y += 4) {
    const value = (load<f32>(x) - load<f32>(mean)) * load<f32>(scale) + load<f32>(shift);
    store<f32>(y, value < 0 ? value * slope : value);
  }
}

/**
 * partials[unit] = Σ dy and Σ dy·(x − mean) of the chunk's rows, `[2, width]`.
 *
 * @param y address of the output after its activation, or 0: dy counts `slope`-fold where it is not positive
 */
export function channelGradientSums(
  dy: usize,
  x: usize,
  y: usize,
  slope: f32,
  mean: usize,
  partials: usize,
  length: i32,
  width: i32,
  rows: i32,
  chunkRows: i32,
  chunks: i32,
  begin: i32,
  end: i32,
): void {
  const bytes = <usize> width << 2;
  for (let unit = begin; unit < end; unit++) {
    const first = unit % chunks * chunkRows;
    const at = (<usize> (unit / chunks) * length + <usize> first * width) << 2;
    const count = min(chunkRows, rows - first);
    const means = mean + <usize> (unit / chunks) * bytes;
    const to = partials + <usize> unit * 2 * bytes;
    memory.fill(to, 0, 2 * bytes);
    for (let i = 0; i < count; i++) {
      const row = at + <usize> i * bytes;
      if (y != 0) addBentGradients(dy + row, x + row, y + row, means, bytes, to, slope);
      else addGradients(dy + row, x + row, means, bytes, to);
    }
  }
}

function addGradients(dy: usize, x: usize, mean: usize, bytes: usize, to: usize): void {
  let products = to + bytes;
  for (const last = products; to < last; to += 32, products += 32, dy += 32, x += 32, mean += 32) {
    const d0 = v128.load(dy), d1 = v128.load(dy, 16);
    const x0 = f32x4.sub(v128.load(x), v128.load(mean)), x1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const s0 = f32x4.add(d0, v128.load(to)), s1 = f32x4.add(d1, v128.load(to, 16));
    const p0 = madd(d0, x0, v128.load(products)), p1 = madd(d1, x1, v128.load(products, 16));
    v128.store(to, s0), v128.store(to, s1, 16);
    v128.store(products, p0), v128.store(products, p1, 16);
  }
}

function addBentGradients(dy: usize, x: usize, y: usize, mean: usize, bytes: usize, to: usize, slope: f32): void {
  const zero = f32x4.splat(0), below = f32x4.splat(slope);
  let products = to + bytes;
  for (const last = products; to < last; to += 32, products += 32, dy += 32, x += 32, y += 32, mean += 32) {
    const k0 = f32x4.lt(zero, v128.load(y)), k1 = f32x4.lt(zero, v128.load(y, 16));
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    const d0 = v128.bitselect(g0, f32x4.mul(g0, below), k0), d1 = v128.bitselect(g1, f32x4.mul(g1, below), k1);
    const x0 = f32x4.sub(v128.load(x), v128.load(mean)), x1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const s0 = f32x4.add(d0, v128.load(to)), s1 = f32x4.add(d1, v128.load(to, 16));
    const p0 = madd(d0, x0, v128.load(products)), p1 = madd(d1, x1, v128.load(products, 16));
    v128.store(to, s0), v128.store(to, s1, 16);
    v128.store(products, p0), v128.store(products, p1, 16);
  }
}

/** dx = a·dy + b·(x − mean) + c, dy counting `slope`-fold where y, if given, is not positive; units are chunks of all values. */
export function channelNormGradient(
  dy: usize,
  x: usize,
  y: usize,
  slope: f32,
  mean: usize,
  a: usize,
  b: usize,
  c: usize,
  dx: usize,
  length: i32,
  width: i32,
  chunkRows: i32,
  chunks: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const sample = unit / chunks;
    const v = <usize> (sample * width) << 2;
    const last = min(length, (unit % chunks + 1) * chunkRows * width);
    for (let i = unit % chunks * chunkRows * width; i < last; i += width) {
      const at = (<usize> sample * length + i) << 2;
      const count = min(width, last - i);
      if (y != 0) bentGradientRow(dy + at, x + at, y + at, mean + v, a + v, b + v, c + v, dx + at, count, slope);
      else gradientRow(dy + at, x + at, mean + v, a + v, b + v, c + v, dx + at, count);
    }
  }
}

function gradientRow(dy: usize, x: usize, mean: usize, a: usize, b: usize, c: usize, dx: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8, dy += 32, x += 32, mean += 32, a += 32, b += 32, c += 32, dx += 32) {
    const x0 = f32x4.sub(v128.load(x), v128.load(mean)), x1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const r0 = madd(x0, v128.load(b), v128.load(c)), r1 = madd(x1, v128.load(b, 16), v128.load(c, 16));
    const g0 = madd(v128.load(dy), v128.load(a), r0), g1 = madd(v128.load(dy, 16), v128.load(a, 16), r1);
    v128.store(dx, g0), v128.store(dx, g1, 16);
  }
  for (; i < count; i++, dy += 4, x += 4, mean += 4, a += 4, b += 4, c += 4, dx += 4) {
    const rest = (load<f32>(x) - load<f32>(mean)) * load<f32>(b) + load<f32>(c);
    store<f32>(dx, load<f32>(dy) * load<f32>(a) + rest);
  }
}

function bentGradientRow(
  dy: usize,
  x: usize,
  y: usize,
  mean: usize,
  a: usize,
  b: usize,
  c: usize,
  dx: usize,
  count: i32,
  slope: f32,
): void {
  const zero = f32x4.splat(0), below = f32x4.splat(slope);
  let i = 0;
  for (; i + 8 <= count; i += 8, dy += 32, x += 32, y += 32, mean += 32, a += 32, b += 32, c += 32, dx += 32) {
    const k0 = f32x4.lt(zero, v128.load(y)), k1 = f32x4.lt(zero, v128.load(y, 16));
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    const d0 = v128.bitselect(g0, f32x4.mul(g0, below), k0), d1 = v128.bitselect(g1, f32x4.mul(g1, below), k1);
    const x0 = f32x4.sub(v128.load(x), v128.load(mean)), x1 = f32x4.sub(v128.load(x, 16), v128.load(mean, 16));
    const r0 = madd(x0, v128.load(b), v128.load(c)), r1 = madd(x1, v128.load(b, 16), v128.load(c, 16));
    const t0 = madd(d0, v128.load(a), r0), t1 = madd(d1, v128.load(a, 16), r1);
    v128.store(dx, t0), v128.store(dx, t1, 16);
  }
  for (; i < count; i++, dy += 4, x += 4, y += 4, mean += 4, a += 4, b += 4, c += 4, dx += 4) {
    const rest = (load<f32>(x) - load<f32>(mean)) * load<f32>(b) + load<f32>(c);
    const d: f32 = load<f32>(y) > 0 ? load<f32>(dy) : load<f32>(dy) * slope;
    store<f32>(dx, d * load<f32>(a) + rest);
  }
}
