/** Data movement: strided copies of runs, transposition, fill and choice. */
import { copyRun } from "../copy.as.ts";

/**
 * Copies runs [begin, end) of `run` values, `pieces` units to a run, over up to four outer axes.
 *
 * @param n1, n2, n3 sizes of the outer axes after the first
 * @param f0, f1, f2, f3 values between neighbours of the source along the outer axes
 * @param t0, t1, t2, t3 the same for the target
 */
export function tfjsCopyRuns(
  from: usize,
  to: usize,
  run: i32,
  piece: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  f0: i32,
  f1: i32,
  f2: i32,
  f3: i32,
  t0: i32,
  t1: i32,
  t2: i32,
  t3: i32,
  begin: i32,
  end: i32,
): void {
  const pieces = (run + piece - 1) / piece;
  for (let unit = begin; unit < end;) {
    const index = unit / pieces, first = (unit - index * pieces) * piece;
    const i3 = index % n3, outer = index / n3;
    const i2 = outer % n2, rest = outer / n2;
    const i1 = rest % n1, i0 = rest / n1;
    const source = from + (<usize> (i0 * f0 + i1 * f1 + i2 * f2 + i3 * f3 + first) << 2);
    const target = to + (<usize> (i0 * t0 + i1 * t1 + i2 * t2 + i3 * t3 + first) << 2);
    if (pieces > 1) {
      copyRun(target, source, <usize> min(piece, run - first) << 2);
      unit++;
    } else {
      const count = min(n3 - i3, end - unit);
      copyMany(source, target, <usize> run << 2, <usize> f3 << 2, <usize> t3 << 2, count);
      unit += count;
    }
  }
}

function copyMany(from: usize, to: usize, bytes: usize, fromStep: usize, toStep: usize, count: i32): void {
  if (bytes == 4) {
    for (; count > 0; count--, from += fromStep, to += toStep) store<u32>(to, load<u32>(from));
  } else {
    for (; count > 0; count--, from += fromStep, to += toStep) copyRun(to, from, bytes);
  }
}

/** Columns that are transposed together: a cache line of the source. */
const STRIP: i32 = 16;

/**
 * Transposes strips [begin, end) of matrices, `strips` of 16 columns to a matrix, over up to three outer axes.
 *
 * Column c and row r of the source lie at r·fromRow + c, of the target at c·toColumn + r.
 *
 * @param n1, n2, f0 … t2 as in {@link tfjsCopyRuns}
 */
export function tfjsTranspose(
  from: usize,
  to: usize,
  rows: i32,
  columns: i32,
  fromRow: i32,
  toColumn: i32,
  n1: i32,
  n2: i32,
  f0: i32,
  f1: i32,
  f2: i32,
  t0: i32,
  t1: i32,
  t2: i32,
  begin: i32,
  end: i32,
): void {
  const strips = (columns + STRIP - 1) / STRIP;
  for (let unit = begin; unit < end; unit++) {
    const matrix = unit / strips, first = (unit - matrix * strips) * STRIP;
    const i2 = matrix % n2, outer = matrix / n2;
    const i1 = outer % n1, i0 = outer / n1;
    const source = from + (<usize> (i0 * f0 + i1 * f1 + i2 * f2 + first) << 2);
    const target = to + (<usize> (i0 * t0 + i1 * t1 + i2 * t2 + first * toColumn) << 2);
    transposeStrip(source, target, rows, min(STRIP, columns - first), <usize> fromRow << 2, <usize> toColumn << 2);
  }
}

function transposeStrip(from: usize, to: usize, rows: i32, columns: i32, fromRow: usize, toColumn: usize): void {
  let r = 0;
  for (; r + 4 <= rows; r += 4, from += 4 * fromRow, to += 16) {
    let c = 0, source = from, target = to;
    for (; c + 4 <= columns; c += 4, source += 16, target += 4 * toColumn) {
      transposeSquare(source, target, fromRow, toColumn);
    }
    for (; c < columns; c++, source += 4, target += toColumn) {
      store<u32>(target, load<u32>(source));
      store<u32>(target, load<u32>(source + fromRow), 4);
      store<u32>(target, load<u32>(source + 2 * fromRow), 8);
      store<u32>(target, load<u32>(source + 3 * fromRow), 12);
    }
  }
  for (; r < rows; r++, from += fromRow, to += 4) {
    let source = from, target = to;
    for (let c = 0; c < columns; c++, source += 4, target += toColumn) store<u32>(target, load<u32>(source));
  }
}

// @ts-ignore: decorator
@inline
function transposeSquare(from: usize, to: usize, fromRow: usize, toColumn: usize): void {
  const a = v128.load(from), b = v128.load(from + fromRow);
  const c = v128.load(from + 2 * fromRow), d = v128.load(from + 3 * fromRow);
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab0, cd0, 0, 2));
  v128.store(to + toColumn, v128.shuffle<i64>(ab0, cd0, 1, 3));
  v128.store(to + 2 * toColumn, v128.shuffle<i64>(ab1, cd1, 0, 2));
  v128.store(to + 3 * toColumn, v128.shuffle<i64>(ab1, cd1, 1, 3));
}

/** One value at [begin, end); the buffer is padded to whole vectors. */
export function tfjsFill(out: usize, value: f32, begin: i32, end: i32): void {
  const v = f32x4.splat(value);
  for (let at = out + (<usize> begin << 2); at < out + (<usize> end << 2); at += 32) {
    v128.store(at, v), v128.store(at, v, 16);
  }
}

/** out = condition ? t : e on values [begin, end), the condition in bytes; buffers are padded to whole vectors. */
export function tfjsSelect(condition: usize, t: usize, e: usize, out: usize, begin: i32, end: i32): void {
  const zero = i32x4.splat(0);
  for (let i = begin; i < end; i += 4) {
    const bytes = v128.load32_zero(condition + i);
    const isNot = i32x4.eq(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)), zero);
    const at = <usize> i << 2;
    v128.store(out + at, v128.bitselect(v128.load(e + at), v128.load(t + at), isNot));
  }
}
