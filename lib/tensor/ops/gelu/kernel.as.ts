/** Exact GELU and its gradient, four values at a time; erf to 1.5e-7 (Abramowitz and Stegun 7.1.26). */

@inline
function exp4(x: v128): v128 {
  // e^x = 2^n · e^r with |r| ≤ ln 2 / 2; the polynomial is e^r's Taylor series.
  x = f32x4.max(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.0 / 720.0);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 120.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 24.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 6.0));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** Φ(x), given e^(−x²/2). */
@inline
function cumulative4(x: v128, gauss: v128): v128 {
  const z = f32x4.mul(f32x4.abs(x), f32x4.splat(0.70710678));
  const t = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.mul(z, f32x4.splat(0.3275911)), f32x4.splat(1)));
  let p = f32x4.splat(1.061405429);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.453152027));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.421413741));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.284496736));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.254829592));
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(p, t), gauss), f32x4.splat(0.5));
  const positive = f32x4.sub(f32x4.splat(1), tail);
  return v128.bitselect(tail, positive, f32x4.lt(x, f32x4.splat(0)));
}

@inline
function gauss4(x: v128): v128 {
  return exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

/** Values [begin, end); buffers are padded to whole vectors. */
export function geluForward(x: usize, y: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 4) {
    const at = <usize> (i << 2);
    const value = v128.load(x + at);
    v128.store(y + at, f32x4.mul(value, cumulative4(value, gauss4(value))));
  }
}

/** dx = dy·(Φ(x) + x·φ(x)). */
export function geluGradient(x: usize, dy: usize, dx: usize, begin: i32, end: i32): void {
  const density = f32x4.splat(0.39894228);
  for (let i = begin; i < end; i += 4) {
    const at = <usize> (i << 2);
    const value = v128.load(x + at);
    const gauss = gauss4(value);
    const slope = f32x4.add(cumulative4(value, gauss), f32x4.mul(f32x4.mul(value, gauss), density));
    v128.store(dx + at, f32x4.mul(v128.load(dy + at), slope));
  }
}
