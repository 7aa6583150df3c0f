/** Masked fill and its gradient on values [begin, end); buffers are padded to whole vectors. */

/** out = mask ? fill : x, where a mask is any value but zero. */
export function maskedFill(x: usize, fill: usize, mask: usize, out: usize, begin: i32, end: i32): void {
  const zero = f32x4.splat(0);
  for (let at = <usize> begin << 2; at < <usize> end << 2; at += 32) {
    const kept0 = f32x4.eq(v128.load(mask + at), zero), kept1 = f32x4.eq(v128.load(mask + at, 16), zero);
    const v0 = v128.bitselect(v128.load(x + at), v128.load(fill + at), kept0);
    const v1 = v128.bitselect(v128.load(x + at, 16), v128.load(fill + at, 16), kept1);
    v128.store(out + at, v0), v128.store(out + at, v1, 16);
  }
}

/** Hands dy to `dFill` where the mask is set and to `dx` elsewhere; the other gets 0. */
export function maskedFillGradient(dy: usize, mask: usize, dx: usize, dFill: usize, begin: i32, end: i32): void {
  const zero = f32x4.splat(0);
  for (let at = <usize> begin << 2; at < <usize> end << 2; at += 32) {
    const g0 = v128.load(dy + at), g1 = v128.load(dy + at, 16);
    const kept0 = f32x4.eq(v128.load(mask + at), zero), kept1 = f32x4.eq(v128.load(mask + at, 16), zero);
    v128.store(dx + at, v128.and(g0, kept0)), v128.store(dx + at, v128.and(g1, kept1), 16);
    v128.store(dFill + at, v128.andnot(g0, kept0)), v128.store(dFill + at, v128.andnot(g1, kept1), 16);
  }
}
