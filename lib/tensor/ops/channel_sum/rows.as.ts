/** Sums of rows whose width is a multiple of 8, for any kernel. */

/** to `[width]` = Σ of rows that lie one after another; four at a time are added to sums in the first-level cache. */
export function sumRows(from: usize, count: i32, width: i32, to: usize): void {
  const bytes = <usize> width << 2;
  memory.fill(to, 0, bytes);
  let i = 0;
  for (; i + 4 <= count; i += 4, from += 4 * bytes) addFourRows(from, bytes, to);
  for (; i < count; i++, from += bytes) addRow(from, bytes, to);
}

function addFourRows(x0: usize, bytes: usize, to: usize): void {
  const last = to + bytes;
  let x1 = x0 + bytes, x2 = x1 + bytes, x3 = x2 + bytes;
  for (; to < last; to += 32, x0 += 32, x1 += 32, x2 += 32, x3 += 32) {
    const a0 = f32x4.add(v128.load(x0), v128.load(x1)), a1 = f32x4.add(v128.load(x0, 16), v128.load(x1, 16));
    const b0 = f32x4.add(v128.load(x2), v128.load(x3)), b1 = f32x4.add(v128.load(x2, 16), v128.load(x3, 16));
    const s0 = f32x4.add(v128.load(to), f32x4.add(a0, b0)), s1 = f32x4.add(v128.load(to, 16), f32x4.add(a1, b1));
    v128.store(to, s0), v128.store(to, s1, 16);
  }
}

function addRow(x: usize, bytes: usize, to: usize): void {
  const last = to + bytes;
  for (; to < last; to += 32, x += 32) {
    const s0 = f32x4.add(v128.load(to), v128.load(x)), s1 = f32x4.add(v128.load(to, 16), v128.load(x, 16));
    v128.store(to, s0), v128.store(to, s1, 16);
  }
}
