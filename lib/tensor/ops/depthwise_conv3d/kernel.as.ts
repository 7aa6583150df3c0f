/** Depthwise convolution on a zero-padded input: 4 voxels × 8 channels of sums in registers. */
import { madd } from "../../simd/vector.as.ts";

/** Rows [begin, end) of the output, row = (b·D + d)·H + h; x is padded by (kernel − 1)/2 on every side. */
export function depthwiseForward(
  x: usize,
  weight: usize,
  bias: usize,
  y: usize,
  depth: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernel: i32,
  begin: i32,
  end: i32,
): void {
  const paddedRow = (width + kernel - 1) * channels;
  const paddedSlice = (height + kernel - 1) * paddedRow;
  for (let row = begin; row < end; row++) {
    const h = row % height;
    const d = (row / height) % depth;
    const b = row / (height * depth);
    const from = x + <usize> (((b * (depth + kernel - 1) + d) * paddedSlice + h * paddedRow) << 2);
    const to = y + <usize> ((row * width * channels) << 2);
    for (let c = 0; c < channels; c += 8) {
      if (channels - c >= 8) {
        let w = 0;
        for (; w + 4 <= width; w += 4) {
          tile8(from, weight, bias, to, w, c, channels, kernel, paddedRow, paddedSlice);
        }
        for (; w < width; w++) one8(from, weight, bias, to, w, c, channels, kernel, paddedRow, paddedSlice);
      } else {
        for (let w = 0; w < width; w++) {
          for (let i = c; i < channels; i++) {
            one1(from, weight, bias, to, w, i, channels, kernel, paddedRow, paddedSlice);
          }
        }
      }
    }
  }
}

@inline
function tile8(
  x: usize,
  weight: usize,
  bias: usize,
  y: usize,
  w: i32,
  c: i32,
  channels: i32,
  kernel: i32,
  paddedRow: i32,
  paddedSlice: i32,
): void {
  const stride = <usize> (channels << 2);
  let s00 = f32x4.splat(0), s01 = s00;
  if (bias != 0) {
    s00 = v128.load(bias + <usize> (c << 2));
    s01 = v128.load(bias + <usize> (c << 2), 16);
  }
  let s10 = s00, s11 = s01, s20 = s00, s21 = s01, s30 = s00, s31 = s01;
  let q = weight + <usize> (c << 2);
  for (let kd = 0; kd < kernel; kd++) {
    for (let kh = 0; kh < kernel; kh++) {
      let p = x + <usize> ((kd * paddedSlice + kh * paddedRow + w * channels + c) << 2);
      for (let kw = 0; kw < kernel; kw++) {
        const w0 = v128.load(q), w1 = v128.load(q, 16);
        const p1 = p + stride, p2 = p1 + stride, p3 = p2 + stride;
        s00 = madd(v128.load(p), w0, s00), s01 = madd(v128.load(p, 16), w1, s01);
        s10 = madd(v128.load(p1), w0, s10), s11 = madd(v128.load(p1, 16), w1, s11);
        s20 = madd(v128.load(p2), w0, s20), s21 = madd(v128.load(p2, 16), w1, s21);
        s30 = madd(v128.load(p3), w0, s30), s31 = madd(v128.load(p3, 16), w1, s31);
        p = p1;
        q += stride;
      }
    }
  }
  let o = y + <usize> ((w * channels + c) << 2);
  v128.store(o, s00), v128.store(o, s01, 16);
  o += stride;
  v128.store(o, s10), v128.store(o, s11, 16);
  o += stride;
  v128.store(o, s20), v128.store(o, s21, 16);
  o += stride;
  v128.store(o, s30), v128.store(o, s31, 16);
}

function one8(
  x: usize,
  weight: usize,
  bias: usize,
  y: usize,
  w: i32,
  c: i32,
  channels: i32,
  kernel: i32,
  paddedRow: i32,
  paddedSlice: i32,
): void {
  const stride = <usize> (channels << 2);
  let s0 = f32x4.splat(0), s1 = s0;
  if (bias != 0) {
    s0 = v128.load(bias + <usize> (c << 2));
    s1 = v128.load(bias + <usize> (c << 2), 16);
  }
  let q = weight + <usize> (c << 2);
  for (let kd = 0; kd < kernel; kd++) {
    for (let kh = 0; kh < kernel; kh++) {
      let p = x + <usize> ((kd * paddedSlice + kh * paddedRow + w * channels + c) << 2);
      for (let kw = 0; kw < kernel; kw++) {
        s0 = madd(v128.load(p), v128.load(q), s0);
        s1 = madd(v128.load(p, 16), v128.load(q, 16), s1);
        p += stride;
        q += stride;
      }
    }
  }
  const o = y + <usize> ((w * channels + c) << 2);
  v128.store(o, s0), v128.store(o, s1, 16);
}

function one1(
  x: usize,
  weight: usize,
  bias: usize,
  y: usize,
  w: i32,
  c: i32,
  channels: i32,
  kernel: i32,
  paddedRow: i32,
  paddedSlice: i32,
): void {
  const stride = <usize> (channels << 2);
  let sum: f32 = bias != 0 ? load<f32>(bias + <usize> (c << 2)) : 0;
  let q = weight + <usize> (c << 2);
  for (let kd = 0; kd < kernel; kd++) {
    for (let kh = 0; kh < kernel; kh++) {
      let p = x + <usize> ((kd * paddedSlice + kh * paddedRow + w * channels + c) << 2);
      for (let kw = 0; kw < kernel; kw++) {
        sum += load<f32>(p) * load<f32>(q);
        p += stride;
        q += stride;
      }
    }
  }
  store<f32>(y + <usize> ((w * channels + c) << 2), sum);
}

/** Adds to dWeight `[k³, C]`, for taps (kd, kh) in [begin, end), the products of x (padded) and dy over all rows. */
export function depthwiseWeightGradient(
  x: usize,
  dy: usize,
  dWeight: usize,
  rows: i32,
  depth: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernel: i32,
  begin: i32,
  end: i32,
): void {
  const paddedRow = (width + kernel - 1) * channels;
  const paddedSlice = (height + kernel - 1) * paddedRow;
  for (let line = begin; line < end; line++) {
    const offset = (line / kernel) * paddedSlice + (line % kernel) * paddedRow;
    for (let row = 0; row < rows; row++) {
      const h = row % height;
      const d = (row / height) % depth;
      const b = row / (height * depth);
      const from = x + <usize> (((b * (depth + kernel - 1) + d) * paddedSlice + h * paddedRow + offset) << 2);
      const gradient = dy + <usize> ((row * width * channels) << 2);
      const to = dWeight + <usize> ((line * kernel * channels) << 2);
      let c = 0;
      for (; c + 4 <= channels; c += 4) {
        const at = <usize> (c << 2);
        if (kernel == 3) correlate3(from + at, gradient + at, to + at, width, channels);
        else if (kernel == 5) correlate5(from + at, gradient + at, to + at, width, channels);
        else for (let kw = 0; kw < kernel; kw++) correlate1(from + at, gradient + at, to + at, width, channels, kw);
      }
      for (; c < channels; c++) {
        for (let kw = 0; kw < kernel; kw++) {
          let sum: f32 = 0;
          for (let w = 0; w < width; w++) {
            const xv = load<f32>(from + <usize> (((w + kw) * channels + c) << 2));
            sum += xv * load<f32>(gradient + <usize> ((w * channels + c) << 2));
          }
          const place = to + <usize> ((kw * channels + c) << 2);
          store<f32>(place, load<f32>(place) + sum);
        }
      }
    }
  }
}

@inline
function correlate5(x: usize, dy: usize, to: usize, width: i32, channels: i32): void {
  const stride = <usize> (channels << 2);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0;
  let x0 = v128.load(x), x1 = v128.load(x + stride), x2 = v128.load(x + 2 * stride), x3 = v128.load(x + 3 * stride);
  x += 4 * stride;
  for (let w = 0; w < width; w++) {
    const g = v128.load(dy);
    const x4 = v128.load(x);
    s0 = madd(x0, g, s0), s1 = madd(x1, g, s1), s2 = madd(x2, g, s2);
    s3 = madd(x3, g, s3), s4 = madd(x4, g, s4);
    x0 = x1, x1 = x2, x2 = x3, x3 = x4;
    x += stride, dy += stride;
  }
  addTo(to, s0), addTo(to + stride, s1), addTo(to + 2 * stride, s2);
  addTo(to + 3 * stride, s3), addTo(to + 4 * stride, s4);
}

@inline
function correlate3(x: usize, dy: usize, to: usize, width: i32, channels: i32): void {
  const stride = <usize> (channels << 2);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0;
  let x0 = v128.load(x), x1 = v128.load(x + stride);
  x += 2 * stride;
  for (let w = 0; w < width; w++) {
    const g = v128.load(dy);
    const x2 = v128.load(x);
    s0 = madd(x0, g, s0), s1 = madd(x1, g, s1), s2 = madd(x2, g, s2);
    x0 = x1, x1 = x2;
    x += stride, dy += stride;
  }
  addTo(to, s0), addTo(to + stride, s1), addTo(to + 2 * stride, s2);
}

function correlate1(x: usize, dy: usize, to: usize, width: i32, channels: i32, kw: i32): void {
  const stride = <usize> (channels << 2);
  let sum = f32x4.splat(0);
  x += <usize> kw * stride;
  for (let w = 0; w < width; w++) {
    sum = madd(v128.load(x), v128.load(dy), sum);
    x += stride, dy += stride;
  }
  addTo(to + <usize> kw * stride, sum);
}

@inline
function addTo(place: usize, value: v128): void {
  v128.store(place, f32x4.add(v128.load(place), value));
}
