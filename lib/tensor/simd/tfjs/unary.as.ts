/** Element-wise functions of one operand, and the sum of several. */
import { exp4 } from "../exp.as.ts";

// A class for each function, because binaryen folds loops that differ by a constant back into one that branches.

class Relu {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.max(x, f32x4.splat(0));
  }
}

class LeakyRelu {
  // @ts-ignore: decorator
  @inline
  of(x: v128, alpha: v128): v128 {
    return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, f32x4.splat(0)));
  }
}

class Sigmoid {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
  }
}

class Neg {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.neg(x);
  }
}

class Square {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.mul(x, x);
  }
}

class Sqrt {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.sqrt(x);
  }
}

class Rsqrt {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  }
}

class Abs {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return f32x4.abs(x);
  }
}

class Exp {
  // @ts-ignore: decorator
  @inline
  of(x: v128, _alpha: v128): v128 {
    return exp4(x);
  }
}

class Step {
  // @ts-ignore: decorator
  @inline
  of(x: v128, alpha: v128): v128 {
    // NaN stays NaN.
    const stepped = v128.bitselect(f32x4.splat(1), alpha, f32x4.gt(x, f32x4.splat(0)));
    return v128.bitselect(stepped, x, f32x4.eq(x, x));
  }
}

function span<F>(x: usize, y: usize, alpha: v128, stop: usize): void {
  const f = changetype<F>(0);
  for (; x + 64 <= stop; x += 64, y += 64) {
    // @ts-ignore: method of a type parameter
    const v0 = f.of(v128.load(x), alpha), v1 = f.of(v128.load(x, 16), alpha);
    // @ts-ignore: method of a type parameter
    const v2 = f.of(v128.load(x, 32), alpha), v3 = f.of(v128.load(x, 48), alpha);
    v128.store(y, v0), v128.store(y, v1, 16), v128.store(y, v2, 32), v128.store(y, v3, 48);
  }
  for (; x < stop; x += 16, y += 16) {
    // @ts-ignore: method of a type parameter
    v128.store(y, f.of(v128.load(x), alpha));
  }
}

/** Values [begin, end) of the function with a number, in the order of `unary.ts`; buffers are padded to whole vectors. */
export function tfjsUnary(index: i32, x: usize, y: usize, alpha: f32, begin: i32, end: i32): void {
  const a = f32x4.splat(alpha), stop = x + (<usize> end << 2);
  x += <usize> begin << 2, y += <usize> begin << 2;
  switch (index) {
    case 0:
      return span<Relu>(x, y, a, stop);
    case 1:
      return span<LeakyRelu>(x, y, a, stop);
    case 2:
      return span<Sigmoid>(x, y, a, stop);
    case 3:
      return span<Neg>(x, y, a, stop);
    case 4:
      return span<Square>(x, y, a, stop);
    case 5:
      return span<Sqrt>(x, y, a, stop);
    case 6:
      return span<Rsqrt>(x, y, a, stop);
    case 7:
      return span<Abs>(x, y, a, stop);
    case 8:
      return span<Exp>(x, y, a, stop);
    default:
      return span<Step>(x, y, a, stop);
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
