/** Leaky ReLU of one tensor or of a sum, and its gradient, eight values at a time. */

/**
 * Values [begin, end), begin a multiple of 8; writes whole groups of 8.
 *
 * @param residual address of what is added first, or 0
 */
export function leakyReluForward(x: usize, residual: usize, y: usize, slope: f32, begin: i32, end: i32): void {
  const first = <usize> begin << 2, last = x + (<usize> end << 2);
  if (residual != 0) bendSums(x + first, residual + first, y + first, last, f32x4.splat(slope));
  else bendValues(x + first, y + first, last, f32x4.splat(slope));
}

// @ts-ignore: decorator
@inline
function bend4(x: v128, slope: v128): v128 {
  return v128.bitselect(f32x4.mul(x, slope), x, f32x4.lt(x, f32x4.splat(0)));
}

function bendValues(x: usize, y: usize, last: usize, slope: v128): void {
  for (; x < last; x += 32, y += 32) {
    const y0 = bend4(v128.load(x), slope), y1 = bend4(v128.load(x, 16), slope);
    v128.store(y, y0), v128.store(y, y1, 16);
  }
}

function bendSums(x: usize, residual: usize, y: usize, last: usize, slope: v128): void {
  for (; x < last; x += 32, residual += 32, y += 32) {
    const s0 = f32x4.add(v128.load(x), v128.load(residual)), s1 = f32x4.add(v128.load(x, 16), v128.load(residual, 16));
    const y0 = bend4(s0, slope), y1 = bend4(s1, slope);
    v128.store(y, y0), v128.store(y, y1, 16);
  }
}

/** dx = dy where y is positive and slope·dy elsewhere; values as above. */
export function leakyReluGradient(dy: usize, y: usize, dx: usize, slope: f32, begin: i32, end: i32): void {
  const zero = f32x4.splat(0), below = f32x4.splat(slope);
  const last = dy + (<usize> end << 2);
  dy += <usize> begin << 2, y += <usize> begin << 2, dx += <usize> begin << 2;
  for (; dy < last; dy += 32, y += 32, dx += 32) {
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    const k0 = f32x4.lt(zero, v128.load(y)), k1 = f32x4.lt(zero, v128.load(y, 16));
    const d0 = v128.bitselect(g0, f32x4.mul(g0, below), k0), d1 = v128.bitselect(g1, f32x4.mul(g1, below), k1);
    v128.store(dx, d0), v128.store(dx, d1, 16);
  }
}
