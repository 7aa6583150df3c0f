/**
 * Layer normalisation over rows of `channels` values; a unit is a chunk of rows.
 *
 * Rows go in blocks that stay in the first-level cache, each step over a whole block: so the sums of a row, which end in
 * a chain of dependent operations, overlap with those of its neighbours. Statistics are computed again in the gradient.
 */
import { threadScratch } from "../../simd/thread.as.ts";
import { madd } from "../../simd/vector.as.ts";

/** Values of a block of rows. */
const BLOCK_VALUES: i32 = 2048;
/** Rows of a block at most. */
const LARGEST_BLOCK: i32 = 256;
/** What is known of a row in the thread's scratch: mean, 1/√(variance + ε), and two factors of its gradient. */
const ROW_BYTES: usize = 16;

// @ts-ignore: decorator
@inline
function blockRows(channels: i32): i32 {
  return max(1, min(LARGEST_BLOCK, BLOCK_VALUES / channels));
}

/** y = (x − mean)/√(variance + ε)·scale + bias. */
export function layerNormForward(
  x: usize,
  scale: usize,
  bias: usize,
  y: usize,
  rows: i32,
  channels: i32,
  chunkRows: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  const bytes = <usize> channels << 2;
  const block = blockRows(channels);
  const last = min(rows, end * chunkRows);
  for (let first = begin * chunkRows; first < last; first += block) {
    const count = min(block, last - first);
    const at = <usize> first * bytes;
    rowStatistics(x + at, count, channels, epsilon);
    for (let i = 0; i < count; i++) {
      const row = at + <usize> i * bytes, known = threadScratch() + <usize> i * ROW_BYTES;
      normalizeTokens(x + row, scale, bias, y + row, channels, load<f32>(known), load<f32>(known, 4));
    }
  }
}

/** Mean and 1/√(variance + ε) of rows, into the thread's scratch. */
function rowStatistics(x: usize, count: i32, channels: i32, epsilon: f32): void {
  const bytes = <usize> channels << 2;
  const known = threadScratch();
  for (let i = 0; i < count; i++) {
    store<f32>(known + <usize> i * ROW_BYTES, sumRow(x + <usize> i * bytes, channels) / <f32> channels);
  }
  for (let i = 0; i < count; i++) {
    const at = known + <usize> i * ROW_BYTES;
    const variance = squaresOfRow(x + <usize> i * bytes, channels, load<f32>(at)) / <f32> channels;
    store<f32>(at, 1 / sqrt<f32>(variance + epsilon), 4);
  }
}

// @ts-ignore: decorator
@inline
function sumOfLanes(v: v128): f32 {
  const halves = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1);
}

function sumRow(x: usize, channels: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i = 0;
  for (; i + 16 <= channels; i += 16, x += 64) {
    s0 = f32x4.add(s0, v128.load(x)), s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32)), s3 = f32x4.add(s3, v128.load(x, 48));
  }
  for (; i + 4 <= channels; i += 4, x += 16) s0 = f32x4.add(s0, v128.load(x));
  let sum = sumOfLanes(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
  for (; i < channels; i++, x += 4) sum += load<f32>(x);
  return sum;
}

function squaresOfRow(x: usize, channels: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i = 0;
  for (; i + 16 <= channels; i += 16, x += 64) {
    const d0 = f32x4.sub(v128.load(x), m), d1 = f32x4.sub(v128.load(x, 16), m);
    const d2 = f32x4.sub(v128.load(x, 32), m), d3 = f32x4.sub(v128.load(x, 48), m);
    s0 = madd(d0, d0, s0), s1 = madd(d1, d1, s1), s2 = madd(d2, d2, s2), s3 = madd(d3, d3, s3);
  }
  for (; i + 4 <= channels; i += 4, x += 16) {
    const d = f32x4.sub(v128.load(x), m);
    s0 = madd(d, d, s0);
  }
  let sum = sumOfLanes(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
  for (; i < channels; i++, x += 4) {
    const d = load<f32>(x) - mean;
    sum += d * d;
  }
  return sum;
}

function normalizeTokens(x: usize, scale: usize, bias: usize, y: usize, channels: i32, mean: f32, inverse: f32): void {
  const m = f32x4.splat(mean), r = f32x4.splat(inverse);
  let i = 0;
  for (; i + 8 <= channels; i += 8, x += 32, scale += 32, bias += 32, y += 32) {
    const n0 = f32x4.mul(f32x4.sub(v128.load(x), m), r), n1 = f32x4.mul(f32x4.sub(v128.load(x, 16), m), r);
    const y0 = madd(n0, v128.load(scale), v128.load(bias)), y1 = madd(n1, v128.load(scale, 16), v128.load(bias, 16));
    v128.store(y, y0), v128.store(y, y1, 16);
  }
  for (; i < channels; i++, x += 4, scale += 4, bias += 4, y += 4) {
    store<f32>(y, (load<f32>(x) - mean) * inverse * load<f32>(scale) + load<f32>(bias));
  }
}

/** dx, and partials[unit] = Σ dy·x̂ and Σ dy over the chunk's rows, `[2, channels]`. */
export function layerNormGradient(
  dy: usize,
  x: usize,
  scale: usize,
  dx: usize,
  partials: usize,
  rows: i32,
  channels: i32,
  chunkRows: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  const bytes = <usize> channels << 2;
  const block = blockRows(channels);
  for (let unit = begin; unit < end; unit++) {
    const sums = partials + <usize> unit * 2 * bytes;
    memory.fill(sums, 0, 2 * bytes);
    const last = min(rows, (unit + 1) * chunkRows);
    for (let first = unit * chunkRows; first < last; first += block) {
      const at = <usize> first * bytes;
      gradientOfBlock(dy + at, x + at, scale, dx + at, sums, min(block, last - first), channels, epsilon);
    }
  }
}

function gradientOfBlock(
  dy: usize,
  x: usize,
  scale: usize,
  dx: usize,
  sums: usize,
  count: i32,
  channels: i32,
  epsilon: f32,
): void {
  const bytes = <usize> channels << 2;
  rowStatistics(x, count, channels, epsilon);
  for (let i = 0; i < count; i++) {
    const row = <usize> i * bytes;
    addTokenGradients(dy + row, x + row, scale, sums, channels, threadScratch() + <usize> i * ROW_BYTES);
  }
  for (let i = 0; i < count; i++) {
    const row = <usize> i * bytes;
    tokenGradient(dy + row, x + row, scale, dx + row, channels, threadScratch() + <usize> i * ROW_BYTES);
  }
}

/** Adds a row to Σ dy·x̂ and Σ dy; leaves its mean of g·x̂ and of g, with g = dy·scale, in what is known of it. */
function addTokenGradients(dy: usize, x: usize, scale: usize, products: usize, channels: i32, known: usize): void {
  const mean = load<f32>(known), inverse = load<f32>(known, 4);
  const m = f32x4.splat(mean), r = f32x4.splat(inverse);
  let p0 = f32x4.splat(0), p1 = p0, g0 = p0, g1 = p0;
  let plain = products + (<usize> channels << 2);
  let i = 0;
  for (; i + 8 <= channels; i += 8, dy += 32, x += 32, scale += 32, products += 32, plain += 32) {
    const n0 = f32x4.mul(f32x4.sub(v128.load(x), m), r), n1 = f32x4.mul(f32x4.sub(v128.load(x, 16), m), r);
    const d0 = v128.load(dy), d1 = v128.load(dy, 16);
    const s0 = f32x4.mul(d0, v128.load(scale)), s1 = f32x4.mul(d1, v128.load(scale, 16));
    p0 = madd(s0, n0, p0), p1 = madd(s1, n1, p1);
    g0 = f32x4.add(g0, s0), g1 = f32x4.add(g1, s1);
    const q0 = madd(d0, n0, v128.load(products)), q1 = madd(d1, n1, v128.load(products, 16));
    const b0 = f32x4.add(d0, v128.load(plain)), b1 = f32x4.add(d1, v128.load(plain, 16));
    v128.store(products, q0), v128.store(products, q1, 16);
    v128.store(plain, b0), v128.store(plain, b1, 16);
  }
  let product = sumOfLanes(f32x4.add(p0, p1)), sum = sumOfLanes(f32x4.add(g0, g1));
  for (; i < channels; i++, dy += 4, x += 4, scale += 4, products += 4, plain += 4) {
    const n = (load<f32>(x) - mean) * inverse, d = load<f32>(dy), g = d * load<f32>(scale);
    product += g * n, sum += g;
    store<f32>(products, load<f32>(products) + d * n);
    store<f32>(plain, load<f32>(plain) + d);
  }
  store<f32>(known, product / <f32> channels, 8);
  store<f32>(known, sum / <f32> channels, 12);
}

/** dx = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε). */
function tokenGradient(dy: usize, x: usize, scale: usize, dx: usize, channels: i32, known: usize): void {
  const mean = load<f32>(known), inverse = load<f32>(known, 4);
  const slope = -inverse * load<f32>(known, 8), offset = load<f32>(known, 12);
  const m = f32x4.splat(mean), r = f32x4.splat(inverse), b = f32x4.splat(slope), c = f32x4.splat(offset);
  let i = 0;
  for (; i + 8 <= channels; i += 8, dy += 32, x += 32, scale += 32, dx += 32) {
    const x0 = f32x4.sub(v128.load(x), m), x1 = f32x4.sub(v128.load(x, 16), m);
    const g0 = f32x4.sub(f32x4.mul(v128.load(dy), v128.load(scale)), c);
    const g1 = f32x4.sub(f32x4.mul(v128.load(dy, 16), v128.load(scale, 16)), c);
    const t0 = f32x4.mul(madd(x0, b, g0), r), t1 = f32x4.mul(madd(x1, b, g1), r);
    v128.store(dx, t0), v128.store(dx, t1, 16);
  }
  for (; i < channels; i++, dy += 4, x += 4, scale += 4, dx += 4) {
    const g = load<f32>(dy) * load<f32>(scale) - offset;
    store<f32>(dx, ((load<f32>(x) - mean) * slope + g) * inverse);
  }
}
