/** Element-wise operations of two operands, one of which may repeat. */

// Classes for operations and ways, because binaryen folds loops that differ by a constant back into one that branches.

class Add {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

class Sub {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}

class Multiply {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

class RealDiv {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}

class Maximum {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}

class SquaredDifference {
  // @ts-ignore: decorator
  @inline
  of(a: v128, b: v128): v128 {
    const difference = f32x4.sub(a, b);
    return f32x4.mul(difference, difference);
  }
}

/** Both operands go along. */
class Both {}
/** One value of the left, or the right, operand serves the whole row. */
class OneLeft {}
class OneRight {}

// @ts-ignore: decorator
@inline
function isOne<W, Side>(): bool {
  return idof<W>() == idof<Side>();
}

/** Values one after the other; writes nothing past the last one, where another row may lie. */
function span<O, W>(a: usize, b: usize, out: usize, count: i32): void {
  const o = changetype<O>(0);
  const a0 = v128.load32_splat(a), b0 = v128.load32_splat(b);
  let rest = count;
  for (; rest >= 16; rest -= 16) {
    const a1 = isOne<W, OneLeft>() ? a0 : v128.load(a), b1 = isOne<W, OneRight>() ? b0 : v128.load(b);
    const a2 = isOne<W, OneLeft>() ? a0 : v128.load(a, 16), b2 = isOne<W, OneRight>() ? b0 : v128.load(b, 16);
    const a3 = isOne<W, OneLeft>() ? a0 : v128.load(a, 32), b3 = isOne<W, OneRight>() ? b0 : v128.load(b, 32);
    const a4 = isOne<W, OneLeft>() ? a0 : v128.load(a, 48), b4 = isOne<W, OneRight>() ? b0 : v128.load(b, 48);
    // @ts-ignore: method of a type parameter
    v128.store(out, o.of(a1, b1)), v128.store(out, o.of(a2, b2), 16);
    // @ts-ignore: method of a type parameter
    v128.store(out, o.of(a3, b3), 32), v128.store(out, o.of(a4, b4), 48);
    if (!isOne<W, OneLeft>()) a += 64;
    if (!isOne<W, OneRight>()) b += 64;
    out += 64;
  }
  for (; rest >= 4; rest -= 4, out += 16) {
    const a1 = isOne<W, OneLeft>() ? a0 : v128.load(a), b1 = isOne<W, OneRight>() ? b0 : v128.load(b);
    // @ts-ignore: method of a type parameter
    v128.store(out, o.of(a1, b1));
    if (!isOne<W, OneLeft>()) a += 16;
    if (!isOne<W, OneRight>()) b += 16;
  }
  for (; rest > 0; rest--, out += 4) {
    // @ts-ignore: method of a type parameter
    v128.store_lane<f32>(out, o.of(v128.load32_splat(a), v128.load32_splat(b)), 0);
    if (!isOne<W, OneLeft>()) a += 4;
    if (!isOne<W, OneRight>()) b += 4;
  }
}

function spanOf<O>(way: i32, a: usize, b: usize, out: usize, count: i32): void {
  if (way == 1) span<O, OneLeft>(a, b, out, count);
  else if (way == 2) span<O, OneRight>(a, b, out, count);
  else span<O, Both>(a, b, out, count);
}

function spanOfAny(operation: i32, way: i32, a: usize, b: usize, out: usize, count: i32): void {
  switch (operation) {
    case 0:
      return spanOf<Add>(way, a, b, out, count);
    case 1:
      return spanOf<Sub>(way, a, b, out, count);
    case 2:
      return spanOf<Multiply>(way, a, b, out, count);
    case 3:
      return spanOf<RealDiv>(way, a, b, out, count);
    case 4:
      return spanOf<Maximum>(way, a, b, out, count);
    default:
      return spanOf<SquaredDifference>(way, a, b, out, count);
  }
}

/**
 * Pieces [begin, end) of the output's rows of `inner` values, `pieces` pieces a row.
 *
 * Row r of the output takes row r / repeat of an operand, rows lying `row` values apart. The last row of the output ends
 * with its `total`-th value.
 *
 * @param operation number in the order of `binary.ts`
 * @param way operand that gives one value to the whole row: 0 none, 1 a, 2 b
 */
export function tfjsBinary(
  operation: i32,
  way: i32,
  a: usize,
  aRow: i32,
  aRepeat: i32,
  b: usize,
  bRow: i32,
  bRepeat: i32,
  out: usize,
  total: i32,
  inner: i32,
  piece: i32,
  begin: i32,
  end: i32,
): void {
  const pieces = (inner + piece - 1) / piece;
  for (let unit = begin; unit < end; unit++) {
    const row = unit / pieces;
    const first = (unit - row * pieces) * piece;
    const at = row * inner + first;
    const count = min(min(piece, inner - first), total - at);
    const fromA = row / aRepeat * aRow + (way == 1 ? 0 : first);
    const fromB = row / bRepeat * bRow + (way == 2 ? 0 : first);
    spanOfAny(operation, way, a + (<usize> fromA << 2), b + (<usize> fromB << 2), out + (<usize> at << 2), count);
  }
}
