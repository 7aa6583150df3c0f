/** Exact GELU and its gradient over whole tensors, eight values at a time. */
import { gelu4, geluSlope4 } from "./vector.as.ts";

/** Values [begin, end), begin a multiple of 8; writes whole groups of 8. */
export function geluForward(x: usize, y: usize, begin: i32, end: i32): void {
  const last = x + (<usize> end << 2);
  x += <usize> begin << 2, y += <usize> begin << 2;
  for (; x < last; x += 32, y += 32) {
    const y0 = gelu4(v128.load(x)), y1 = gelu4(v128.load(x, 16));
    v128.store(y, y0), v128.store(y, y1, 16);
  }
}

/** dx = dy·(Φ(x) + x·φ(x)); values as above. */
export function geluGradient(x: usize, dy: usize, dx: usize, begin: i32, end: i32): void {
  const last = x + (<usize> end << 2);
  x += <usize> begin << 2, dy += <usize> begin << 2, dx += <usize> begin << 2;
  for (; x < last; x += 32, dy += 32, dx += 32) {
    const s0 = geluSlope4(v128.load(x)), s1 = geluSlope4(v128.load(x, 16));
    const d0 = f32x4.mul(v128.load(dy), s0), d1 = f32x4.mul(v128.load(dy, 16), s1);
    v128.store(dx, d0), v128.store(dx, d1, 16);
  }
}
