/** Volumes times a factor each. */

/** Values [begin, end) of volumes of `length` values. */
export function timesRange(x: usize, factors: usize, out: usize, length: i32, begin: i32, end: i32): void {
  for (let first = begin; first < end;) {
    const volume = first / length, last = min(end, (volume + 1) * length);
    const at = <usize> first << 2;
    scale(x + at, load<f32>(factors + (<usize> volume << 2)), out + at, last - first);
    first = last;
  }
}

function scale(x: usize, factor: f32, out: usize, count: i32): void {
  const f = f32x4.splat(factor);
  let rest = count;
  for (; rest >= 8; rest -= 8, x += 32, out += 32) {
    const first = f32x4.mul(v128.load(x), f), second = f32x4.mul(v128.load(x, 16), f);
    v128.store(out, first), v128.store(out, second, 16);
  }
  for (; rest > 0; rest--, x += 4, out += 4) store<f32>(out, load<f32>(x) * factor);
}
