/**
 * Linear interpolation along one axis of `[outer, points, inner]`, and its gradient; units are the outer ones.
 *
 * With n coarse and m fine points, fine point i lies at i·(n − 1)/(m − 1): all places are exact as whole numbers of
 * steps of 1/(m − 1).
 */
import { madd } from "../../simd/vector.as.ts";

/** y `[outer, fine, inner]` from x `[outer, coarse, inner]`. */
export function interpolateAxis(
  x: usize,
  y: usize,
  coarse: i32,
  fine: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const bytes = <usize> inner << 2;
  const span = max(1, fine - 1);
  for (let unit = begin; unit < end; unit++) {
    const from = x + <usize> (unit * coarse) * bytes;
    let to = y + <usize> (unit * fine) * bytes;
    for (let i = 0; i < fine; i++, to += bytes) {
      const place = i * (coarse - 1);
      const j = place / span;
      const row = from + <usize> j * bytes, next = j + 1 < coarse ? row + bytes : row;
      mixRows(row, next, to, inner, <f32> (place - j * span) / <f32> span);
    }
  }
}

/** to = row + (next − row)·t */
function mixRows(row: usize, next: usize, to: usize, inner: i32, t: f32): void {
  const weight = f32x4.splat(t);
  let i = 0;
  for (; i + 8 <= inner; i += 8, row += 32, next += 32, to += 32) {
    const r0 = v128.load(row), r1 = v128.load(row, 16);
    const y0 = madd(f32x4.sub(v128.load(next), r0), weight, r0);
    const y1 = madd(f32x4.sub(v128.load(next, 16), r1), weight, r1);
    v128.store(to, y0), v128.store(to, y1, 16);
  }
  for (; i < inner; i++, row += 4, next += 4, to += 4) {
    const value = load<f32>(row);
    store<f32>(to, value + (load<f32>(next) - value) * t);
  }
}

/** dx `[outer, coarse, inner]`: the sum of what every coarse point gave to dy `[outer, fine, inner]`. */
export function interpolateAxisGradient(
  dy: usize,
  dx: usize,
  fine: i32,
  coarse: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const bytes = <usize> inner << 2;
  const span = max(1, fine - 1), step = coarse - 1;
  for (let unit = begin; unit < end; unit++) {
    const from = dy + <usize> (unit * fine) * bytes;
    let to = dx + <usize> (unit * coarse) * bytes;
    for (let j = 0; j < coarse; j++, to += bytes) {
      memory.fill(to, 0, bytes);
      const first = step > 0 ? max(0, (j - 1) * span / step) : 0;
      for (let i = first; i < fine; i++) {
        const distance = i * step - j * span;
        if (distance >= span) break;
        if (distance > -span) addRow(from + <usize> i * bytes, to, inner, 1 - <f32> abs(distance) / <f32> span);
      }
    }
  }
}

/** to += row·t */
function addRow(row: usize, to: usize, inner: i32, t: f32): void {
  const weight = f32x4.splat(t);
  let i = 0;
  for (; i + 8 <= inner; i += 8, row += 32, to += 32) {
    const y0 = madd(v128.load(row), weight, v128.load(to)), y1 = madd(v128.load(row, 16), weight, v128.load(to, 16));
    v128.store(to, y0), v128.store(to, y1, 16);
  }
  for (; i < inner; i++, row += 4, to += 4) store<f32>(to, load<f32>(row) * t + load<f32>(to));
}
