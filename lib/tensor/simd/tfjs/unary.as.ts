/** Element-wise functions of one operand, and the sum of several. */
import { exp4 } from "../exp.as.ts";

const RELU: i32 = 0, LEAKY_RELU: i32 = 1, SIGMOID: i32 = 2, NEG: i32 = 3, SQUARE: i32 = 4, SQRT: i32 = 5;
const RSQRT: i32 = 6, ABS: i32 = 7, EXP: i32 = 8, STEP: i32 = 9;

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (op == RELU) return f32x4.max(x, zero);
  if (op == LEAKY_RELU) return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, zero));
  if (op == SIGMOID) return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
  if (op == NEG) return f32x4.neg(x);
  if (op == SQUARE) return f32x4.mul(x, x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RSQRT) return f32x4.div(one, f32x4.sqrt(x));
  if (op == ABS) return f32x4.abs(x);
  if (op == EXP) return exp4(x);
  // Step: NaN stays NaN.
  const stepped = v128.bitselect(one, alpha, f32x4.gt(x, zero));
  return v128.bitselect(stepped, x, f32x4.eq(x, x));
}

// @ts-ignore: decorator
@inline
function span(op: i32, x: usize, y: usize, alpha: v128, stop: usize): void {
  for (; x + 64 <= stop; x += 64, y += 64) {
    const v0 = apply(op, v128.load(x), alpha), v1 = apply(op, v128.load(x, 16), alpha);
    const v2 = apply(op, v128.load(x, 32), alpha), v3 = apply(op, v128.load(x, 48), alpha);
    v128.store(y, v0), v128.store(y, v1, 16), v128.store(y, v2, 32), v128.store(y, v3, 48);
  }
  for (; x < stop; x += 16, y += 16) v128.store(y, apply(op, v128.load(x), alpha));
}

/** Values [begin, end); buffers are padded to whole vectors. */
export function tfjsUnary(op: i32, x: usize, y: usize, alpha: f32, begin: i32, end: i32): void {
  const slope = f32x4.splat(alpha), stop = x + (<usize> end << 2);
  x += <usize> begin << 2, y += <usize> begin << 2;
  switch (op) {
    case RELU:
      return span(RELU, x, y, slope, stop);
    case LEAKY_RELU:
      return span(LEAKY_RELU, x, y, slope, stop);
    case SIGMOID:
      return span(SIGMOID, x, y, slope, stop);
    case NEG:
      return span(NEG, x, y, slope, stop);
    case SQUARE:
      return span(SQUARE, x, y, slope, stop);
    case SQRT:
      return span(SQRT, x, y, slope, stop);
    case RSQRT:
      return span(RSQRT, x, y, slope, stop);
    case ABS:
      return span(ABS, x, y, slope, stop);
    case EXP:
      return span(EXP, x, y, slope, stop);
    default:
      return span(STEP, x, y, slope, stop);
  }
}

/** out = a + b + c on values [begin, end); c may be 0 for none. Buffers are padded to whole vectors. */
export function tfjsAddThree(a: usize, b: usize, c: usize, out: usize, begin: i32, end: i32): void {
  for (let at = <usize> begin << 2; at < <usize> end << 2; at += 32) {
    let v0 = f32x4.add(v128.load(a + at), v128.load(b + at));
    let v1 = f32x4.add(v128.load(a + at, 16), v128.load(b + at, 16));
    if (c != 0) {
      v0 = f32x4.add(v0, v128.load(c + at));
      v1 = f32x4.add(v1, v128.load(c + at, 16));
    }
    v128.store(out + at, v0), v128.store(out + at, v1, 16);
  }
}
