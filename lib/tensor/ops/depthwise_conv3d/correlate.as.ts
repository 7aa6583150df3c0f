/**
 * Tiles of the depthwise weight gradient: the sums of some taps × 8 channels in registers, over some rows of voxels.
 *
 * A name says how many kernel rows, neighbours along H, and taps a row. `x` is the input row that the first kernel row
 * sees from the first of `rows` rows of `dy`; both lie packed with 8 channels a voxel, rows `row` and `dyRow` bytes apart. The
 * products are added to the packed taps at `sums`. The width is rounded up to whole steps: dy must be zero there.
 */
import { madd } from "../../simd/vector.as.ts";

// @ts-ignore: decorator
@inline
function two(s: v128, x0: v128, x1: v128, g0: v128, g1: v128): v128 {
  return madd(x1, g1, madd(x0, g0, s));
}

// @ts-ignore: decorator
@inline
function four(
  s: v128,
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
  g0: v128,
  g1: v128,
  g2: v128,
  g3: v128,
): v128 {
  return two(two(s, x0, x1, g0, g1), x2, x3, g2, g3);
}

export function correlate2x5(
  x: usize,
  row: usize,
  dy: usize,
  dyRow: usize,
  rows: i32,
  width: i32,
  sums: usize,
): void {
  let a0 = v128.load(sums), b0 = v128.load(sums, 16), a1 = v128.load(sums, 32), b1 = v128.load(sums, 48);
  let a2 = v128.load(sums, 64), b2 = v128.load(sums, 80), a3 = v128.load(sums, 96), b3 = v128.load(sums, 112);
  let a4 = v128.load(sums, 128), b4 = v128.load(sums, 144), a5 = v128.load(sums, 160), b5 = v128.load(sums, 176);
  let a6 = v128.load(sums, 192), b6 = v128.load(sums, 208), a7 = v128.load(sums, 224), b7 = v128.load(sums, 240);
  let a8 = v128.load(sums, 256), b8 = v128.load(sums, 272), a9 = v128.load(sums, 288), b9 = v128.load(sums, 304);
  for (let i = 0; i < rows; i++) {
    let q = dy, p0 = x, p1 = x + row;
    for (let w = 0; w < width; w += 2) {
      const g0 = v128.load(q), h0 = v128.load(q, 16), g1 = v128.load(q, 32), h1 = v128.load(q, 48);
      let x0 = v128.load(p0), y0 = v128.load(p0, 16), x1 = v128.load(p0, 32), y1 = v128.load(p0, 48);
      let x2 = v128.load(p0, 64), y2 = v128.load(p0, 80), x3 = v128.load(p0, 96), y3 = v128.load(p0, 112);
      let x4 = v128.load(p0, 128), y4 = v128.load(p0, 144), x5 = v128.load(p0, 160), y5 = v128.load(p0, 176);
      a0 = two(a0, x0, x1, g0, g1), b0 = two(b0, y0, y1, h0, h1);
      a1 = two(a1, x1, x2, g0, g1), b1 = two(b1, y1, y2, h0, h1);
      a2 = two(a2, x2, x3, g0, g1), b2 = two(b2, y2, y3, h0, h1);
      a3 = two(a3, x3, x4, g0, g1), b3 = two(b3, y3, y4, h0, h1);
      a4 = two(a4, x4, x5, g0, g1), b4 = two(b4, y4, y5, h0, h1);
      x0 = v128.load(p1), y0 = v128.load(p1, 16), x1 = v128.load(p1, 32), y1 = v128.load(p1, 48);
      x2 = v128.load(p1, 64), y2 = v128.load(p1, 80), x3 = v128.load(p1, 96), y3 = v128.load(p1, 112);
      x4 = v128.load(p1, 128), y4 = v128.load(p1, 144), x5 = v128.load(p1, 160), y5 = v128.load(p1, 176);
      a5 = two(a5, x0, x1, g0, g1), b5 = two(b5, y0, y1, h0, h1);
      a6 = two(a6, x1, x2, g0, g1), b6 = two(b6, y1, y2, h0, h1);
      a7 = two(a7, x2, x3, g0, g1), b7 = two(b7, y2, y3, h0, h1);
      a8 = two(a8, x3, x4, g0, g1), b8 = two(b8, y3, y4, h0, h1);
      a9 = two(a9, x4, x5, g0, g1), b9 = two(b9, y4, y5, h0, h1);
      q += 64, p0 += 64, p1 += 64;
    }
    x += row, dy += dyRow;
  }
  v128.store(sums, a0), v128.store(sums, b0, 16);
  v128.store(sums, a1, 32), v128.store(sums, b1, 48);
  v128.store(sums, a2, 64), v128.store(sums, b2, 80);
  v128.store(sums, a3, 96), v128.store(sums, b3, 112);
  v128.store(sums, a4, 128), v128.store(sums, b4, 144);
  v128.store(sums, a5, 160), v128.store(sums, b5, 176);
  v128.store(sums, a6, 192), v128.store(sums, b6, 208);
  v128.store(sums, a7, 224), v128.store(sums, b7, 240);
  v128.store(sums, a8, 256), v128.store(sums, b8, 272);
  v128.store(sums, a9, 288), v128.store(sums, b9, 304);
}

export function correlate1x5(
  x: usize,
  row: usize,
  dy: usize,
  dyRow: usize,
  rows: i32,
  width: i32,
  sums: usize,
): void {
  let a0 = v128.load(sums), b0 = v128.load(sums, 16), a1 = v128.load(sums, 32), b1 = v128.load(sums, 48);
  let a2 = v128.load(sums, 64), b2 = v128.load(sums, 80), a3 = v128.load(sums, 96), b3 = v128.load(sums, 112);
  let a4 = v128.load(sums, 128), b4 = v128.load(sums, 144);
  for (let i = 0; i < rows; i++) {
    let q = dy, p0 = x;
    for (let w = 0; w < width; w += 4) {
      const g0 = v128.load(q), h0 = v128.load(q, 16), g1 = v128.load(q, 32), h1 = v128.load(q, 48);
      const g2 = v128.load(q, 64), h2 = v128.load(q, 80), g3 = v128.load(q, 96), h3 = v128.load(q, 112);
      let x0 = v128.load(p0), y0 = v128.load(p0, 16), x1 = v128.load(p0, 32), y1 = v128.load(p0, 48);
      let x2 = v128.load(p0, 64), y2 = v128.load(p0, 80), x3 = v128.load(p0, 96), y3 = v128.load(p0, 112);
      let x4 = v128.load(p0, 128), y4 = v128.load(p0, 144), x5 = v128.load(p0, 160), y5 = v128.load(p0, 176);
      let x6 = v128.load(p0, 192), y6 = v128.load(p0, 208), x7 = v128.load(p0, 224), y7 = v128.load(p0, 240);
      a0 = four(a0, x0, x1, x2, x3, g0, g1, g2, g3), b0 = four(b0, y0, y1, y2, y3, h0, h1, h2, h3);
      a1 = four(a1, x1, x2, x3, x4, g0, g1, g2, g3), b1 = four(b1, y1, y2, y3, y4, h0, h1, h2, h3);
      a2 = four(a2, x2, x3, x4, x5, g0, g1, g2, g3), b2 = four(b2, y2, y3, y4, y5, h0, h1, h2, h3);
      a3 = four(a3, x3, x4, x5, x6, g0, g1, g2, g3), b3 = four(b3, y3, y4, y5, y6, h0, h1, h2, h3);
      a4 = four(a4, x4, x5, x6, x7, g0, g1, g2, g3), b4 = four(b4, y4, y5, y6, y7, h0, h1, h2, h3);
      q += 128, p0 += 128;
    }
    x += row, dy += dyRow;
  }
  v128.store(sums, a0), v128.store(sums, b0, 16);
  v128.store(sums, a1, 32), v128.store(sums, b1, 48);
  v128.store(sums, a2, 64), v128.store(sums, b2, 80);
  v128.store(sums, a3, 96), v128.store(sums, b3, 112);
  v128.store(sums, a4, 128), v128.store(sums, b4, 144);
}

export function correlate3x3(
  x: usize,
  row: usize,
  dy: usize,
  dyRow: usize,
  rows: i32,
  width: i32,
  sums: usize,
): void {
  let a0 = v128.load(sums), b0 = v128.load(sums, 16), a1 = v128.load(sums, 32), b1 = v128.load(sums, 48);
  let a2 = v128.load(sums, 64), b2 = v128.load(sums, 80), a3 = v128.load(sums, 96), b3 = v128.load(sums, 112);
  let a4 = v128.load(sums, 128), b4 = v128.load(sums, 144), a5 = v128.load(sums, 160), b5 = v128.load(sums, 176);
  let a6 = v128.load(sums, 192), b6 = v128.load(sums, 208), a7 = v128.load(sums, 224), b7 = v128.load(sums, 240);
  let a8 = v128.load(sums, 256), b8 = v128.load(sums, 272);
  for (let i = 0; i < rows; i++) {
    let q = dy, p0 = x, p1 = x + row, p2 = x + 2 * row;
    for (let w = 0; w < width; w += 2) {
      const g0 = v128.load(q), h0 = v128.load(q, 16), g1 = v128.load(q, 32), h1 = v128.load(q, 48);
      let x0 = v128.load(p0), y0 = v128.load(p0, 16), x1 = v128.load(p0, 32), y1 = v128.load(p0, 48);
      let x2 = v128.load(p0, 64), y2 = v128.load(p0, 80), x3 = v128.load(p0, 96), y3 = v128.load(p0, 112);
      a0 = two(a0, x0, x1, g0, g1), b0 = two(b0, y0, y1, h0, h1);
      a1 = two(a1, x1, x2, g0, g1), b1 = two(b1, y1, y2, h0, h1);
      a2 = two(a2, x2, x3, g0, g1), b2 = two(b2, y2, y3, h0, h1);
      x0 = v128.load(p1), y0 = v128.load(p1, 16), x1 = v128.load(p1, 32), y1 = v128.load(p1, 48);
      x2 = v128.load(p1, 64), y2 = v128.load(p1, 80), x3 = v128.load(p1, 96), y3 = v128.load(p1, 112);
      a3 = two(a3, x0, x1, g0, g1), b3 = two(b3, y0, y1, h0, h1);
      a4 = two(a4, x1, x2, g0, g1), b4 = two(b4, y1, y2, h0, h1);
      a5 = two(a5, x2, x3, g0, g1), b5 = two(b5, y2, y3, h0, h1);
      x0 = v128.load(p2), y0 = v128.load(p2, 16), x1 = v128.load(p2, 32), y1 = v128.load(p2, 48);
      x2 = v128.load(p2, 64), y2 = v128.load(p2, 80), x3 = v128.load(p2, 96), y3 = v128.load(p2, 112);
      a6 = two(a6, x0, x1, g0, g1), b6 = two(b6, y0, y1, h0, h1);
      a7 = two(a7, x1, x2, g0, g1), b7 = two(b7, y1, y2, h0, h1);
      a8 = two(a8, x2, x3, g0, g1), b8 = two(b8, y2, y3, h0, h1);
      q += 64, p0 += 64, p1 += 64, p2 += 64;
    }
    x += row, dy += dyRow;
  }
  v128.store(sums, a0), v128.store(sums, b0, 16);
  v128.store(sums, a1, 32), v128.store(sums, b1, 48);
  v128.store(sums, a2, 64), v128.store(sums, b2, 80);
  v128.store(sums, a3, 96), v128.store(sums, b3, 112);
  v128.store(sums, a4, 128), v128.store(sums, b4, 144);
  v128.store(sums, a5, 160), v128.store(sums, b5, 176);
  v128.store(sums, a6, 192), v128.store(sums, b6, 208);
  v128.store(sums, a7, 224), v128.store(sums, b7, 240);
  v128.store(sums, a8, 256), v128.store(sums, b8, 272);
}

/** One kernel row of any number of taps, each in four sums over voxels w, w + 1, w + 2 and w + 3. */
export function correlateAny(
  x: usize,
  row: usize,
  dy: usize,
  dyRow: usize,
  rows: i32,
  width: i32,
  taps: i32,
  sums: usize,
): void {
  const zero = f32x4.splat(0);
  for (let tap = 0; tap < taps; tap++) {
    let a0 = zero, b0 = zero, a1 = zero, b1 = zero, a2 = zero, b2 = zero, a3 = zero, b3 = zero;
    for (let i = 0; i < rows; i++) {
      let p = x + <usize> i * row, q = dy + <usize> i * dyRow;
      for (let w = 0; w < width; w += 4) {
        a0 = madd(v128.load(p), v128.load(q), a0), b0 = madd(v128.load(p, 16), v128.load(q, 16), b0);
        a1 = madd(v128.load(p, 32), v128.load(q, 32), a1), b1 = madd(v128.load(p, 48), v128.load(q, 48), b1);
        a2 = madd(v128.load(p, 64), v128.load(q, 64), a2), b2 = madd(v128.load(p, 80), v128.load(q, 80), b2);
        a3 = madd(v128.load(p, 96), v128.load(q, 96), a3), b3 = madd(v128.load(p, 112), v128.load(q, 112), b3);
        p += 128, q += 128;
      }
    }
    a0 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), b0 = f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b3));
    v128.store(sums, f32x4.add(v128.load(sums), a0)), v128.store(sums, f32x4.add(v128.load(sums, 16), b0), 16);
    x += 32, sums += 32;
  }
}
