/**
 * Exact GELU and its slope, four values at a time, for any kernel to inline.
 *
 * With a = |x| and t = 1/(1 + 0.3·a), the normal tail is Φ(−a) = e^(−a²/2)·t·P(t), where P is fitted by us so that the
 * relative error stays below 1e-7 up to a = 12.5: unlike 1 + erf, small values keep their digits. Only operations that
 * V8 can pair to 256 bits are used, so no `nearest`, `max` or `trunc_sat`.
 */
import { madd } from "../../simd/vector.as.ts";

/** Constants in memory: V8 loads one in a single step, but rebuilds a literal vector at every use, at half the speed. */
const TABLE: usize = memory.data<f32>([
  // Largest a: Φ(−a) is below 1e-35 there, and e^(−a²/2) near the smallest normal number.
  12.5,
  // −log2(e)/2: e^(−a²/2) = 2^(a²·this).
  -0.721347520,
  // 1.5·2²³ + 127: adding it rounds to an integer and leaves that integer plus the exponent's bias in the lowest bits.
  12583039,
  // 2^f for |f| ≤ 1/2, relative error 2e-7, from f⁵ down to f.
  0.001327647,
  0.00967554132,
  0.0555071328,
  0.240221197,
  0.693146967,
  // 1/√(2π).
  0.398942280,
  // Step of t.
  0.3,
  // −P, from t⁷ down.
  -0.0364646081,
  0.16051202,
  -0.212092608,
  0.0590081855,
  -0.131405995,
  -0.0990413535,
  -0.120895696,
  -0.119619897,
  // One and zero.
  1,
  0,
]);
const LARGEST = 0, GAUSS_EXPONENT = 1, ROUNDER = 2, POWER = 3, DENSITY = 8, STEP = 9, TAIL = 10, ONE = 18, ZERO = 19;

/** x·Φ(x). */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  const a = magnitude4(x);
  const minusTail = f32x4.mul(gauss4(a), minusTailRatio4(a));
  // relu(x) − a·Φ(−a) is x·Φ(x) on both sides of 0.
  return madd(a, minusTail, f32x4.pmax(x, constant4(ZERO)));
}

/** Φ(x) + x·φ(x), the derivative of {@link gelu4}. */
// @ts-ignore: decorator
@inline
export function geluSlope4(x: v128): v128 {
  const a = magnitude4(x);
  const minusRatio = madd(a, constant4(DENSITY), minusTailRatio4(a));
  const minusSlope = f32x4.mul(gauss4(a), minusRatio);
  const positive = f32x4.add(constant4(ONE), minusSlope);
  return v128.bitselect(f32x4.neg(minusSlope), positive, f32x4.lt(x, constant4(ZERO)));
}

// @ts-ignore: decorator
@inline
function constant4(index: i32): v128 {
  return v128.load32_splat(TABLE + (<usize> index << 2));
}

// @ts-ignore: decorator
@inline
function magnitude4(x: v128): v128 {
  return f32x4.pmin(f32x4.abs(x), constant4(LARGEST));
}

/** e^(−a²/2) for 0 ≤ a ≤ 12.5, as 2^n·2^f with |f| ≤ 1/2. */
// @ts-ignore: decorator
@inline
function gauss4(a: v128): v128 {
  const square = f32x4.mul(a, a);
  const rounded = madd(square, constant4(GAUSS_EXPONENT), constant4(ROUNDER));
  const f = madd(square, constant4(GAUSS_EXPONENT), f32x4.sub(constant4(ROUNDER), rounded));
  let p = madd(constant4(POWER), f, constant4(POWER + 1));
  p = madd(p, f, constant4(POWER + 2));
  p = madd(p, f, constant4(POWER + 3));
  p = madd(p, f, constant4(POWER + 4));
  p = madd(p, f, constant4(ONE));
  return f32x4.mul(p, i32x4.shl(rounded, 23));
}

/** −Φ(−a)/e^(−a²/2) = −t·P(t). */
// @ts-ignore: decorator
@inline
function minusTailRatio4(a: v128): v128 {
  const t = f32x4.div(constant4(ONE), madd(a, constant4(STEP), constant4(ONE)));
  let p = madd(constant4(TAIL), t, constant4(TAIL + 1));
  p = madd(p, t, constant4(TAIL + 2));
  p = madd(p, t, constant4(TAIL + 3));
  p = madd(p, t, constant4(TAIL + 4));
  p = madd(p, t, constant4(TAIL + 5));
  p = madd(p, t, constant4(TAIL + 6));
  p = madd(p, t, constant4(TAIL + 7));
  return f32x4.mul(p, t);
}
