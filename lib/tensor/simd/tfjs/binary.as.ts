/** Element-wise operations of two operands, one of which may repeat. */

const ADD: i32 = 0, SUB: i32 = 1, MULTIPLY: i32 = 2, DIVIDE: i32 = 3, MAXIMUM: i32 = 4, SQUARED_DIFFERENCE: i32 = 5;
/** Operand of which one value serves a whole row. */
const LEFT: i32 = 1, RIGHT: i32 = 2;

// @ts-ignore: decorator
@inline
function combine(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUB) return f32x4.sub(a, b);
  if (op == MULTIPLY) return f32x4.mul(a, b);
  if (op == DIVIDE) return f32x4.div(a, b);
  if (op == MAXIMUM) return f32x4.max(a, b);
  const difference = f32x4.sub(a, b);
  return f32x4.mul(difference, difference);
}

// @ts-ignore: decorator
@inline
function left(spread: i32, a: usize, one: v128, offset: usize): v128 {
  return spread == LEFT ? one : v128.load(a + offset);
}

// @ts-ignore: decorator
@inline
function right(spread: i32, b: usize, one: v128, offset: usize): v128 {
  return spread == RIGHT ? one : v128.load(b + offset);
}

/** Values one after the other; writes nothing past the last one, where another row may lie. */
// @ts-ignore: decorator
@inline
function span(op: i32, spread: i32, a: usize, b: usize, out: usize, count: i32): void {
  const oneA = v128.load32_splat(a), oneB = v128.load32_splat(b);
  const stepA: usize = spread == LEFT ? 0 : 1, stepB: usize = spread == RIGHT ? 0 : 1;
  let rest = count;
  for (; rest >= 16; rest -= 16) {
    const v0 = combine(op, left(spread, a, oneA, 0), right(spread, b, oneB, 0));
    const v1 = combine(op, left(spread, a, oneA, 16), right(spread, b, oneB, 16));
    const v2 = combine(op, left(spread, a, oneA, 32), right(spread, b, oneB, 32));
    const v3 = combine(op, left(spread, a, oneA, 48), right(spread, b, oneB, 48));
    v128.store(out, v0), v128.store(out, v1, 16), v128.store(out, v2, 32), v128.store(out, v3, 48);
    a += stepA << 6, b += stepB << 6, out += 64;
  }
  for (; rest >= 4; rest -= 4) {
    v128.store(out, combine(op, left(spread, a, oneA, 0), right(spread, b, oneB, 0)));
    a += stepA << 4, b += stepB << 4, out += 16;
  }
  for (; rest > 0; rest--) {
    const value = combine(op, v128.load32_splat(a), v128.load32_splat(b));
    v128.store_lane<f32>(out, value, 0);
    a += stepA << 2, b += stepB << 2, out += 4;
  }
}

// @ts-ignore: decorator
@inline
function spanOf(op: i32, spread: i32, a: usize, b: usize, out: usize, count: i32): void {
  if (spread == LEFT) span(op, LEFT, a, b, out, count);
  else if (spread == RIGHT) span(op, RIGHT, a, b, out, count);
  else span(op, 0, a, b, out, count);
}

function spanOfAny(op: i32, spread: i32, a: usize, b: usize, out: usize, count: i32): void {
  switch (op) {
    case ADD:
      return spanOf(ADD, spread, a, b, out, count);
    case SUB:
      return spanOf(SUB, spread, a, b, out, count);
    case MULTIPLY:
      return spanOf(MULTIPLY, spread, a, b, out, count);
    case DIVIDE:
      return spanOf(DIVIDE, spread, a, b, out, count);
    case MAXIMUM:
      return spanOf(MAXIMUM, spread, a, b, out, count);
    default:
      return spanOf(SQUARED_DIFFERENCE, spread, a, b, out, count);
  }
}

/**
 * Pieces [begin, end) of the output's rows of `inner` values, `pieces` pieces a row.
 *
 * Row r of the output takes row r / repeat of an operand, rows lying `row` values apart. The last row of the output ends
 * with its `total`-th value.
 *
 * @param spread operand that gives one value to the whole row: 0 none, 1 a, 2 b
 */
export function tfjsBinary(
  op: i32,
  spread: i32,
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
    const fromA = row / aRepeat * aRow + (spread == LEFT ? 0 : first);
    const fromB = row / bRepeat * bRow + (spread == RIGHT ? 0 : first);
    spanOfAny(op, spread, a + (<usize> fromA << 2), b + (<usize> fromB << 2), out + (<usize> at << 2), count);
  }
}
