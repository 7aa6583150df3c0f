/** Sums of many values: short sums in float32 lanes, their total in float64. */

/** Values that are added in float32: 32 to a lane. */
const BLOCK: i32 = 1024;

/** Terms of sums: the values themselves, their squares, the squares of differences. */
export class Value {
  // @ts-ignore: decorator
  @inline
  of(a: usize, _b: usize, offset: usize): v128 {
    return v128.load(a + offset);
  }

  // @ts-ignore: decorator
  @inline
  single(a: usize, _b: usize): f32 {
    return load<f32>(a);
  }
}

export class Square {
  // @ts-ignore: decorator
  @inline
  of(a: usize, _b: usize, offset: usize): v128 {
    const value = v128.load(a + offset);
    return f32x4.mul(value, value);
  }

  // @ts-ignore: decorator
  @inline
  single(a: usize, _b: usize): f32 {
    const value = load<f32>(a);
    return value * value;
  }
}

export class SquaredDifference {
  // @ts-ignore: decorator
  @inline
  of(a: usize, b: usize, offset: usize): v128 {
    const difference = f32x4.sub(v128.load(a + offset), v128.load(b + offset));
    return f32x4.mul(difference, difference);
  }

  // @ts-ignore: decorator
  @inline
  single(a: usize, b: usize): f32 {
    const difference = load<f32>(a) - load<f32>(b);
    return difference * difference;
  }
}

/** Sum of `count` terms of the values at a, and b where the term has two operands. */
export function sumOfTerms<T>(a: usize, b: usize, count: i32): f64 {
  let sum: f64 = 0;
  let rest = count;
  while (rest >= 32) {
    const inBlock = min(BLOCK, rest & ~31);
    sum += sumOfBlock<T>(a, b, inBlock);
    a += <usize> inBlock << 2, b += <usize> inBlock << 2, rest -= inBlock;
  }
  const term = changetype<T>(0);
  for (; rest > 0; rest--, a += 4, b += 4) {
    // @ts-ignore: method of a type parameter
    sum += <f64> term.single(a, b);
  }
  return sum;
}

function sumOfBlock<T>(a: usize, b: usize, count: i32): f64 {
  const term = changetype<T>(0);
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
  const end = a + (<usize> count << 2);
  for (; a < end; a += 128, b += 128) {
    // @ts-ignore: method of a type parameter
    s0 = f32x4.add(s0, term.of(a, b, 0)), s1 = f32x4.add(s1, term.of(a, b, 16));
    // @ts-ignore: method of a type parameter
    s2 = f32x4.add(s2, term.of(a, b, 32)), s3 = f32x4.add(s3, term.of(a, b, 48));
    // @ts-ignore: method of a type parameter
    s4 = f32x4.add(s4, term.of(a, b, 64)), s5 = f32x4.add(s5, term.of(a, b, 80));
    // @ts-ignore: method of a type parameter
    s6 = f32x4.add(s6, term.of(a, b, 96)), s7 = f32x4.add(s7, term.of(a, b, 112));
  }
  return lanes(s0) + lanes(s1) + lanes(s2) + lanes(s3) + lanes(s4) + lanes(s5) + lanes(s6) + lanes(s7);
}

// @ts-ignore: decorator
@inline
function lanes(v: v128): f64 {
  const low = f64x2.promote_low_f32x4(v), high = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
