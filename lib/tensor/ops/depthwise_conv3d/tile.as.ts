/**
 * Tiles of the depthwise convolution: some voxels along W × 8 channels, all sums in registers.
 *
 * Input and weights lie packed with 8 channels (32 bytes) a voxel, so that all places are constants from one base: V8 then
 * fuses a pair of vectors (`a` and `b`, `x` and `y`, `u` and `v`: channels 0–3 and 4–7) into 256-bit operations. Every x is
 * loaded once for all of its taps.
 *
 * All tiles: `planes` lists `planeCount` addresses of input planes; the tile's first input row starts `offset` bytes into
 * each, and rows lie `row` bytes apart. After the weights of the `rowCount` rows of a plane, `skip` bytes are left out.
 * Sums start with the 8 values at `bias`; output voxels lie `step` bytes apart.
 */
import { madd } from "../../simd/vector.as.ts";

// @ts-ignore: decorator
@inline
function five(
  s: v128,
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
  x4: v128,
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
): v128 {
  return madd(x4, w4, madd(x3, w3, madd(x2, w2, madd(x1, w1, madd(x0, w0, s)))));
}

// @ts-ignore: decorator
@inline
function three(s: v128, x0: v128, x1: v128, x2: v128, w0: v128, w1: v128, w2: v128): v128 {
  return madd(x2, w2, madd(x1, w1, madd(x0, w0, s)));
}

/** Writes 12 voxels for a kernel of 5 taps a row. */
export function tile5x12(
  planes: usize,
  offset: usize,
  row: usize,
  weights: usize,
  skip: usize,
  planeCount: i32,
  rowCount: i32,
  bias: usize,
  to: usize,
  step: usize,
): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0, a4 = a0, b4 = b0, a5 = a0, b5 = b0, a6 = a0, b6 = b0;
  let a7 = a0, b7 = b0, a8 = a0, b8 = b0, a9 = a0, b9 = b0, a10 = a0, b10 = b0, a11 = a0, b11 = b0;
  for (let i = 0; i < planeCount; i++) {
    let p = load<usize>(planes + (<usize> i << 2)) + offset;
    for (let j = 0; j < rowCount; j++) {
      const u0 = v128.load(weights), v0 = v128.load(weights, 16);
      const u1 = v128.load(weights, 32), v1 = v128.load(weights, 48);
      const u2 = v128.load(weights, 64), v2 = v128.load(weights, 80);
      const u3 = v128.load(weights, 96), v3 = v128.load(weights, 112);
      const u4 = v128.load(weights, 128), v4 = v128.load(weights, 144);
      const x0 = v128.load(p), y0 = v128.load(p, 16), x1 = v128.load(p, 32), y1 = v128.load(p, 48);
      const x2 = v128.load(p, 64), y2 = v128.load(p, 80), x3 = v128.load(p, 96), y3 = v128.load(p, 112);
      const x4 = v128.load(p, 128), y4 = v128.load(p, 144), x5 = v128.load(p, 160), y5 = v128.load(p, 176);
      const x6 = v128.load(p, 192), y6 = v128.load(p, 208), x7 = v128.load(p, 224), y7 = v128.load(p, 240);
      const x8 = v128.load(p, 256), y8 = v128.load(p, 272), x9 = v128.load(p, 288), y9 = v128.load(p, 304);
      const x10 = v128.load(p, 320), y10 = v128.load(p, 336), x11 = v128.load(p, 352), y11 = v128.load(p, 368);
      const x12 = v128.load(p, 384), y12 = v128.load(p, 400), x13 = v128.load(p, 416), y13 = v128.load(p, 432);
      const x14 = v128.load(p, 448), y14 = v128.load(p, 464), x15 = v128.load(p, 480), y15 = v128.load(p, 496);
      a0 = five(a0, x0, x1, x2, x3, x4, u0, u1, u2, u3, u4), b0 = five(b0, y0, y1, y2, y3, y4, v0, v1, v2, v3, v4);
      a1 = five(a1, x1, x2, x3, x4, x5, u0, u1, u2, u3, u4), b1 = five(b1, y1, y2, y3, y4, y5, v0, v1, v2, v3, v4);
      a2 = five(a2, x2, x3, x4, x5, x6, u0, u1, u2, u3, u4), b2 = five(b2, y2, y3, y4, y5, y6, v0, v1, v2, v3, v4);
      a3 = five(a3, x3, x4, x5, x6, x7, u0, u1, u2, u3, u4), b3 = five(b3, y3, y4, y5, y6, y7, v0, v1, v2, v3, v4);
      a4 = five(a4, x4, x5, x6, x7, x8, u0, u1, u2, u3, u4), b4 = five(b4, y4, y5, y6, y7, y8, v0, v1, v2, v3, v4);
      a5 = five(a5, x5, x6, x7, x8, x9, u0, u1, u2, u3, u4), b5 = five(b5, y5, y6, y7, y8, y9, v0, v1, v2, v3, v4);
      a6 = five(a6, x6, x7, x8, x9, x10, u0, u1, u2, u3, u4), b6 = five(b6, y6, y7, y8, y9, y10, v0, v1, v2, v3, v4);
      a7 = five(a7, x7, x8, x9, x10, x11, u0, u1, u2, u3, u4), b7 = five(b7, y7, y8, y9, y10, y11, v0, v1, v2, v3, v4);
      a8 = five(a8, x8, x9, x10, x11, x12, u0, u1, u2, u3, u4);
      b8 = five(b8, y8, y9, y10, y11, y12, v0, v1, v2, v3, v4);
      a9 = five(a9, x9, x10, x11, x12, x13, u0, u1, u2, u3, u4);
      b9 = five(b9, y9, y10, y11, y12, y13, v0, v1, v2, v3, v4);
      a10 = five(a10, x10, x11, x12, x13, x14, u0, u1, u2, u3, u4);
      b10 = five(b10, y10, y11, y12, y13, y14, v0, v1, v2, v3, v4);
      a11 = five(a11, x11, x12, x13, x14, x15, u0, u1, u2, u3, u4);
      b11 = five(b11, y11, y12, y13, y14, y15, v0, v1, v2, v3, v4);
      p += row, weights += 160;
    }
    weights += skip;
  }
  v128.store(to, a0), v128.store(to, b0, 16);
  to += step;
  v128.store(to, a1), v128.store(to, b1, 16);
  to += step;
  v128.store(to, a2), v128.store(to, b2, 16);
  to += step;
  v128.store(to, a3), v128.store(to, b3, 16);
  to += step;
  v128.store(to, a4), v128.store(to, b4, 16);
  to += step;
  v128.store(to, a5), v128.store(to, b5, 16);
  to += step;
  v128.store(to, a6), v128.store(to, b6, 16);
  to += step;
  v128.store(to, a7), v128.store(to, b7, 16);
  to += step;
  v128.store(to, a8), v128.store(to, b8, 16);
  to += step;
  v128.store(to, a9), v128.store(to, b9, 16);
  to += step;
  v128.store(to, a10), v128.store(to, b10, 16);
  to += step;
  v128.store(to, a11), v128.store(to, b11, 16);
}

/** Writes 4 voxels for a kernel of 5 taps a row. */
export function tile5x4(
  planes: usize,
  offset: usize,
  row: usize,
  weights: usize,
  skip: usize,
  planeCount: i32,
  rowCount: i32,
  bias: usize,
  to: usize,
  step: usize,
): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
  for (let i = 0; i < planeCount; i++) {
    let p = load<usize>(planes + (<usize> i << 2)) + offset;
    for (let j = 0; j < rowCount; j++) {
      const u0 = v128.load(weights), v0 = v128.load(weights, 16);
      const u1 = v128.load(weights, 32), v1 = v128.load(weights, 48);
      const u2 = v128.load(weights, 64), v2 = v128.load(weights, 80);
      const u3 = v128.load(weights, 96), v3 = v128.load(weights, 112);
      const u4 = v128.load(weights, 128), v4 = v128.load(weights, 144);
      const x0 = v128.load(p), y0 = v128.load(p, 16), x1 = v128.load(p, 32), y1 = v128.load(p, 48);
      const x2 = v128.load(p, 64), y2 = v128.load(p, 80), x3 = v128.load(p, 96), y3 = v128.load(p, 112);
      const x4 = v128.load(p, 128), y4 = v128.load(p, 144), x5 = v128.load(p, 160), y5 = v128.load(p, 176);
      const x6 = v128.load(p, 192), y6 = v128.load(p, 208), x7 = v128.load(p, 224), y7 = v128.load(p, 240);
      a0 = five(a0, x0, x1, x2, x3, x4, u0, u1, u2, u3, u4), b0 = five(b0, y0, y1, y2, y3, y4, v0, v1, v2, v3, v4);
      a1 = five(a1, x1, x2, x3, x4, x5, u0, u1, u2, u3, u4), b1 = five(b1, y1, y2, y3, y4, y5, v0, v1, v2, v3, v4);
      a2 = five(a2, x2, x3, x4, x5, x6, u0, u1, u2, u3, u4), b2 = five(b2, y2, y3, y4, y5, y6, v0, v1, v2, v3, v4);
      a3 = five(a3, x3, x4, x5, x6, x7, u0, u1, u2, u3, u4), b3 = five(b3, y3, y4, y5, y6, y7, v0, v1, v2, v3, v4);
      p += row, weights += 160;
    }
    weights += skip;
  }
  v128.store(to, a0), v128.store(to, b0, 16);
  to += step;
  v128.store(to, a1), v128.store(to, b1, 16);
  to += step;
  v128.store(to, a2), v128.store(to, b2, 16);
  to += step;
  v128.store(to, a3), v128.store(to, b3, 16);
}

/** Writes 8 voxels for a kernel of 3 taps a row. */
export function tile3x8(
  planes: usize,
  offset: usize,
  row: usize,
  weights: usize,
  skip: usize,
  planeCount: i32,
  rowCount: i32,
  bias: usize,
  to: usize,
  step: usize,
): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0, a4 = a0, b4 = b0, a5 = a0, b5 = b0, a6 = a0, b6 = b0;
  let a7 = a0, b7 = b0;
  for (let i = 0; i < planeCount; i++) {
    let p = load<usize>(planes + (<usize> i << 2)) + offset;
    for (let j = 0; j < rowCount; j++) {
      const u0 = v128.load(weights), v0 = v128.load(weights, 16);
      const u1 = v128.load(weights, 32), v1 = v128.load(weights, 48);
      const u2 = v128.load(weights, 64), v2 = v128.load(weights, 80);
      const x0 = v128.load(p), y0 = v128.load(p, 16), x1 = v128.load(p, 32), y1 = v128.load(p, 48);
      const x2 = v128.load(p, 64), y2 = v128.load(p, 80), x3 = v128.load(p, 96), y3 = v128.load(p, 112);
      const x4 = v128.load(p, 128), y4 = v128.load(p, 144), x5 = v128.load(p, 160), y5 = v128.load(p, 176);
      const x6 = v128.load(p, 192), y6 = v128.load(p, 208), x7 = v128.load(p, 224), y7 = v128.load(p, 240);
      const x8 = v128.load(p, 256), y8 = v128.load(p, 272), x9 = v128.load(p, 288), y9 = v128.load(p, 304);
      a0 = three(a0, x0, x1, x2, u0, u1, u2), b0 = three(b0, y0, y1, y2, v0, v1, v2);
      a1 = three(a1, x1, x2, x3, u0, u1, u2), b1 = three(b1, y1, y2, y3, v0, v1, v2);
      a2 = three(a2, x2, x3, x4, u0, u1, u2), b2 = three(b2, y2, y3, y4, v0, v1, v2);
      a3 = three(a3, x3, x4, x5, u0, u1, u2), b3 = three(b3, y3, y4, y5, v0, v1, v2);
      a4 = three(a4, x4, x5, x6, u0, u1, u2), b4 = three(b4, y4, y5, y6, v0, v1, v2);
      a5 = three(a5, x5, x6, x7, u0, u1, u2), b5 = three(b5, y5, y6, y7, v0, v1, v2);
      a6 = three(a6, x6, x7, x8, u0, u1, u2), b6 = three(b6, y6, y7, y8, v0, v1, v2);
      a7 = three(a7, x7, x8, x9, u0, u1, u2), b7 = three(b7, y7, y8, y9, v0, v1, v2);
      p += row, weights += 96;
    }
    weights += skip;
  }
  v128.store(to, a0), v128.store(to, b0, 16);
  to += step;
  v128.store(to, a1), v128.store(to, b1, 16);
  to += step;
  v128.store(to, a2), v128.store(to, b2, 16);
  to += step;
  v128.store(to, a3), v128.store(to, b3, 16);
  to += step;
  v128.store(to, a4), v128.store(to, b4, 16);
  to += step;
  v128.store(to, a5), v128.store(to, b5, 16);
  to += step;
  v128.store(to, a6), v128.store(to, b6, 16);
  to += step;
  v128.store(to, a7), v128.store(to, b7, 16);
}

/** Writes 4 voxels for a kernel of 3 taps a row. */
export function tile3x4(
  planes: usize,
  offset: usize,
  row: usize,
  weights: usize,
  skip: usize,
  planeCount: i32,
  rowCount: i32,
  bias: usize,
  to: usize,
  step: usize,
): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
  for (let i = 0; i < planeCount; i++) {
    let p = load<usize>(planes + (<usize> i << 2)) + offset;
    for (let j = 0; j < rowCount; j++) {
      const u0 = v128.load(weights), v0 = v128.load(weights, 16);
      const u1 = v128.load(weights, 32), v1 = v128.load(weights, 48);
      const u2 = v128.load(weights, 64), v2 = v128.load(weights, 80);
      const x0 = v128.load(p), y0 = v128.load(p, 16), x1 = v128.load(p, 32), y1 = v128.load(p, 48);
      const x2 = v128.load(p, 64), y2 = v128.load(p, 80), x3 = v128.load(p, 96), y3 = v128.load(p, 112);
      const x4 = v128.load(p, 128), y4 = v128.load(p, 144), x5 = v128.load(p, 160), y5 = v128.load(p, 176);
      a0 = three(a0, x0, x1, x2, u0, u1, u2), b0 = three(b0, y0, y1, y2, v0, v1, v2);
      a1 = three(a1, x1, x2, x3, u0, u1, u2), b1 = three(b1, y1, y2, y3, v0, v1, v2);
      a2 = three(a2, x2, x3, x4, u0, u1, u2), b2 = three(b2, y2, y3, y4, v0, v1, v2);
      a3 = three(a3, x3, x4, x5, u0, u1, u2), b3 = three(b3, y3, y4, y5, v0, v1, v2);
      p += row, weights += 96;
    }
    weights += skip;
  }
  v128.store(to, a0), v128.store(to, b0, 16);
  to += step;
  v128.store(to, a1), v128.store(to, b1, 16);
  to += step;
  v128.store(to, a2), v128.store(to, b2, 16);
  to += step;
  v128.store(to, a3), v128.store(to, b3, 16);
}

/** Writes 8 voxels for a kernel of any number of taps a row. */
export function tileAny(
  planes: usize,
  offset: usize,
  row: usize,
  weights: usize,
  skip: usize,
  planeCount: i32,
  rowCount: i32,
  taps: i32,
  bias: usize,
  to: usize,
  step: usize,
): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0, a4 = a0, b4 = b0, a5 = a0, b5 = b0, a6 = a0, b6 = b0;
  let a7 = a0, b7 = b0;
  for (let i = 0; i < planeCount; i++) {
    let first = load<usize>(planes + (<usize> i << 2)) + offset;
    for (let j = 0; j < rowCount; j++) {
      let p = first;
      for (let tap = 0; tap < taps; tap++) {
        const u = v128.load(weights), v = v128.load(weights, 16);
        a0 = madd(v128.load(p), u, a0), b0 = madd(v128.load(p, 16), v, b0);
        a1 = madd(v128.load(p, 32), u, a1), b1 = madd(v128.load(p, 48), v, b1);
        a2 = madd(v128.load(p, 64), u, a2), b2 = madd(v128.load(p, 80), v, b2);
        a3 = madd(v128.load(p, 96), u, a3), b3 = madd(v128.load(p, 112), v, b3);
        a4 = madd(v128.load(p, 128), u, a4), b4 = madd(v128.load(p, 144), v, b4);
        a5 = madd(v128.load(p, 160), u, a5), b5 = madd(v128.load(p, 176), v, b5);
        a6 = madd(v128.load(p, 192), u, a6), b6 = madd(v128.load(p, 208), v, b6);
        a7 = madd(v128.load(p, 224), u, a7), b7 = madd(v128.load(p, 240), v, b7);
        p += 32, weights += 32;
      }
      first += row;
    }
    weights += skip;
  }
  v128.store(to, a0), v128.store(to, b0, 16);
  to += step;
  v128.store(to, a1), v128.store(to, b1, 16);
  to += step;
  v128.store(to, a2), v128.store(to, b2, 16);
  to += step;
  v128.store(to, a3), v128.store(to, b3, 16);
  to += step;
  v128.store(to, a4), v128.store(to, b4, 16);
  to += step;
  v128.store(to, a5), v128.store(to, b5, 16);
  to += step;
  v128.store(to, a6), v128.store(to, b6, 16);
  to += step;
  v128.store(to, a7), v128.store(to, b7, 16);
}
