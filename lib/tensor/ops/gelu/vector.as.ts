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

const TABLE: usize = memory.data<f32>([0, 0.398942280, 1, 12.5, -0.721347520, 12583039, 0.001327647, 0.00967554132, 0.0555071328, 0.240221197, 0.693146967, 0.3, 0.0364646081, -0.16051202, 0.212092608, -0.0590081855, 0.131405995, 0.0990413535, 0.120895696, 0.119619897]);

/** x·Φ(x). */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  const a = magnitude4(x);
  const tail = f32x4.mul(gauss4(a), tailRatio4(a));
  // relu(x) − a·Φ(−a) is x·Φ(x) on both sides of 0.
  return f32x4.sub(f32x4.pmax(x, v128.load32_splat(TABLE, 0)), f32x4.mul(a, tail));
}

/** Φ(x) + x·φ(x), the derivative of {@link gelu4}. */
// @ts-ignore: decorator
@inline
export function geluSlope4(x: v128): v128 {
  const a = magnitude4(x);
  const ratio = f32x4.sub(tailRatio4(a), f32x4.mul(a, v128.load32_splat(TABLE, 4)));
  const negative = f32x4.mul(gauss4(a), ratio);
  const positive = f32x4.sub(v128.load32_splat(TABLE, 8), negative);
  return v128.bitselect(negative, positive, f32x4.lt(x, v128.load32_splat(TABLE, 0)));
}

// @ts-ignore: decorator
@inline
function magnitude4(x: v128): v128 {
  return f32x4.pmin(f32x4.abs(x), v128.load32_splat(TABLE, 12));
}

/** e^(−a²/2) for 0 ≤ a ≤ 12.5, as 2^n·2^f with |f| ≤ 1/2; relative error of the polynomial 2e-7. */
// @ts-ignore: decorator
@inline
function gauss4(a: v128): v128 {
  const y = f32x4.mul(f32x4.mul(a, a), v128.load32_splat(TABLE, 16));
  const rounded = f32x4.add(y, v128.load32_splat(TABLE, 20));
  const f = f32x4.sub(y, f32x4.sub(rounded, v128.load32_splat(TABLE, 20)));
  let p = v128.load32_splat(TABLE, 24);
  p = madd(p, f, v128.load32_splat(TABLE, 28));
  p = madd(p, f, v128.load32_splat(TABLE, 32));
  p = madd(p, f, v128.load32_splat(TABLE, 36));
  p = madd(p, f, v128.load32_splat(TABLE, 40));
  p = madd(p, f, v128.load32_splat(TABLE, 8));
  return f32x4.mul(p, i32x4.shl(rounded, 23));
}

/** Φ(−a)/e^(−a²/2) = t·P(t). */
// @ts-ignore: decorator
@inline
function tailRatio4(a: v128): v128 {
  const one = v128.load32_splat(TABLE, 8);
  const t = f32x4.div(one, madd(a, v128.load32_splat(TABLE, 44), one));
  let p = v128.load32_splat(TABLE, 48);
  p = madd(p, t, v128.load32_splat(TABLE, 52));
  p = madd(p, t, v128.load32_splat(TABLE, 56));
  p = madd(p, t, v128.load32_splat(TABLE, 60));
  p = madd(p, t, v128.load32_splat(TABLE, 64));
  p = madd(p, t, v128.load32_splat(TABLE, 68));
  p = madd(p, t, v128.load32_splat(TABLE, 72));
  p = madd(p, t, v128.load32_splat(TABLE, 76));
  return f32x4.mul(p, t);
}
