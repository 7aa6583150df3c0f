/**
 * Exact GELU and its slope, four values at a time, for any kernel to inline.
 *
 * With a = |x| and t = 1/(1 + 0.3·a), the normal tail is Φ(−a) = e^(−a²/2)·t·P(t), where P is fitted by us so that the
 * relative error stays below 1e-7 up to a = 12.5: unlike 1 + erf, small values keep their digits. Only operations that
 * V8 can pair to 256 bits are used, so no `nearest`, `max` or `trunc_sat`.
 */
import { madd } from "../../simd/vector.as.ts";

/** Beyond this |x|, Φ(−|x|) is below 1e-35, and e^(−x²/2) near the smallest normal number. */
const LARGEST: f32 = 12.5;
/** −log2(e)/2: e^(−a²/2) = 2^(a²·this). */
const GAUSS_EXPONENT: f32 = -0.721347520;
/** 1.5·2²³ + 127: adding it rounds to an integer and leaves integer + exponent bias in the lowest bits. */
const ROUNDER: f32 = 12583039;
/** 1/√(2π). */
const DENSITY: f32 = 0.398942280;

/** x·Φ(x). */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  const a = magnitude4(x);
  const tail = f32x4.mul(gauss4(a), tailRatio4(a));
  // relu(x) − a·Φ(−a) is x·Φ(x) on both sides of 0.
  return f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(a, tail));
}

/** Φ(x) + x·φ(x), the derivative of {@link gelu4}. */
// @ts-ignore: decorator
@inline
export function geluSlope4(x: v128): v128 {
  const a = magnitude4(x);
  const ratio = f32x4.sub(tailRatio4(a), f32x4.mul(a, f32x4.splat(DENSITY)));
  const negative = f32x4.mul(gauss4(a), ratio);
  const positive = f32x4.sub(f32x4.splat(1), negative);
  return v128.bitselect(negative, positive, f32x4.lt(x, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function magnitude4(x: v128): v128 {
  return f32x4.pmin(f32x4.abs(x), f32x4.splat(LARGEST));
}

/** e^(−a²/2) for 0 ≤ a ≤ 12.5, as 2^n·2^f with |f| ≤ 1/2; relative error of the polynomial 2e-7. */
// @ts-ignore: decorator
@inline
function gauss4(a: v128): v128 {
  const y = f32x4.mul(f32x4.mul(a, a), f32x4.splat(GAUSS_EXPONENT));
  const rounded = f32x4.add(y, f32x4.splat(ROUNDER));
  const f = f32x4.sub(y, f32x4.sub(rounded, f32x4.splat(ROUNDER)));
  let p = f32x4.splat(0.001327647);
  p = madd(p, f, f32x4.splat(0.00967554132));
  p = madd(p, f, f32x4.splat(0.0555071328));
  p = madd(p, f, f32x4.splat(0.240221197));
  p = madd(p, f, f32x4.splat(0.693146967));
  p = madd(p, f, f32x4.splat(1));
  return f32x4.mul(p, i32x4.shl(rounded, 23));
}

/** Φ(−a)/e^(−a²/2) = t·P(t). */
// @ts-ignore: decorator
@inline
function tailRatio4(a: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.div(one, madd(a, f32x4.splat(0.3), one));
  let p = f32x4.splat(0.0364646081);
  p = madd(p, t, f32x4.splat(-0.16051202));
  p = madd(p, t, f32x4.splat(0.212092608));
  p = madd(p, t, f32x4.splat(-0.0590081855));
  p = madd(p, t, f32x4.splat(0.131405995));
  p = madd(p, t, f32x4.splat(0.0990413535));
  p = madd(p, t, f32x4.splat(0.120895696));
  p = madd(p, t, f32x4.splat(0.119619897));
  return f32x4.mul(p, t);
}
