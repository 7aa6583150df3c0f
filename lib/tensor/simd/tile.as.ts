/**
 * One tile of a matrix product: 6 rows × 16 columns, all sums in registers.
 *
 * Tried on an AVX-512 machine, one thread (GFLOP/s with 256-bit pairs / without): 6 × 16 packed A 113 / 37, 6 × 16 rows of
 * A in place 94 / 34, 6 × 8 81 / 43. So the tile is 6 × 16 where V8 makes 256-bit operations, and two of 6 × 8 elsewhere;
 * the order of additions is the same.
 */
import { madd } from "./vector.as.ts";

/** Rows and columns of a tile. */
export const MR: i32 = 6;
export const NR: i32 = 16;
/** Bytes of one step of a packed panel of B: NR values. */
export const PANEL_BYTES: usize = 64;

let wide: bool = true;

/** Chooses the tile: one of 16 columns, or two of 8. */
export function setWideTiles(value: bool): void {
  wide = value;
}

/**
 * C = A·B (+ bias), or C += …, for up to 6 rows whose values lie `row` bytes apart and their columns `column` bytes.
 *
 * Rows that are not there repeat the first one; C must have room for 6 rows of 16.
 */
export function tileOfRows(
  a: usize,
  row: usize,
  column: usize,
  rows: i32,
  b: usize,
  depth: i32,
  bias: usize,
  c: usize,
  cRow: usize,
  add: bool,
): void {
  if (wide) {
    rows16(a, row, column, rows, b, depth, bias, c, cRow, add);
    return;
  }
  rows8(a, row, column, rows, b, depth, bias, c, cRow, add);
  rows8(a, row, column, rows, b + 32, depth, bias != 0 ? bias + 32 : 0, c + 32, cRow, add);
}

/** The same where the 6 rows of A lie next to each other, and their columns `step` bytes apart. */
export function tileOfColumns(
  a: usize,
  step: usize,
  b: usize,
  depth: i32,
  bias: usize,
  c: usize,
  cRow: usize,
  add: bool,
): void {
  if (wide) {
    columns16(a, step, b, depth, bias, c, cRow, add);
    return;
  }
  columns8(a, step, b, depth, bias, c, cRow, add);
  columns8(a, step, b + 32, depth, bias != 0 ? bias + 32 : 0, c + 32, cRow, add);
}

/** Copies the part of a dense tile that exists to C, whose rows are `cRow` bytes apart. */
export function copyTile(tile: usize, bias: usize, c: usize, cRow: usize, rows: i32, columns: i32, add: bool): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = c + (<usize> j << 2);
      let value = load<f32>(tile + (<usize> (i * NR + j) << 2));
      if (bias != 0) value += load<f32>(bias + (<usize> j << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
    c += cRow;
  }
}

function rows16(
  a0: usize,
  row: usize,
  column: usize,
  rows: i32,
  b: usize,
  depth: i32,
  bias: usize,
  c: usize,
  cRow: usize,
  add: bool,
): void {
  let a1 = rows > 1 ? a0 + row : a0;
  let a2 = rows > 2 ? a0 + 2 * row : a0;
  let a3 = rows > 3 ? a0 + 3 * row : a0;
  let a4 = rows > 4 ? a0 + 4 * row : a0;
  let a5 = rows > 5 ? a0 + 5 * row : a0;
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
  let c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  let c20 = zero, c21 = zero, c22 = zero, c23 = zero;
  let c30 = zero, c31 = zero, c32 = zero, c33 = zero;
  let c40 = zero, c41 = zero, c42 = zero, c43 = zero;
  let c50 = zero, c51 = zero, c52 = zero, c53 = zero;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let s = v128.load32_splat(a0);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01), c02 = madd(s, b2, c02), c03 = madd(s, b3, c03);
    s = v128.load32_splat(a1);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11), c12 = madd(s, b2, c12), c13 = madd(s, b3, c13);
    s = v128.load32_splat(a2);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21), c22 = madd(s, b2, c22), c23 = madd(s, b3, c23);
    s = v128.load32_splat(a3);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31), c32 = madd(s, b2, c32), c33 = madd(s, b3, c33);
    s = v128.load32_splat(a4);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), c42 = madd(s, b2, c42), c43 = madd(s, b3, c43);
    s = v128.load32_splat(a5);
    c50 = madd(s, b0, c50), c51 = madd(s, b1, c51), c52 = madd(s, b2, c52), c53 = madd(s, b3, c53);
    a0 += column, a1 += column, a2 += column, a3 += column, a4 += column, a5 += column;
    b += PANEL_BYTES;
  }
  store16(c, bias, add, c00, c01, c02, c03);
  c += cRow;
  store16(c, bias, add, c10, c11, c12, c13);
  c += cRow;
  store16(c, bias, add, c20, c21, c22, c23);
  c += cRow;
  store16(c, bias, add, c30, c31, c32, c33);
  c += cRow;
  store16(c, bias, add, c40, c41, c42, c43);
  c += cRow;
  store16(c, bias, add, c50, c51, c52, c53);
}

function columns16(
  a: usize,
  step: usize,
  b: usize,
  depth: i32,
  bias: usize,
  c: usize,
  cRow: usize,
  add: bool,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
  let c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  let c20 = zero, c21 = zero, c22 = zero, c23 = zero;
  let c30 = zero, c31 = zero, c32 = zero, c33 = zero;
  let c40 = zero, c41 = zero, c42 = zero, c43 = zero;
  let c50 = zero, c51 = zero, c52 = zero, c53 = zero;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let s = v128.load32_splat(a);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01), c02 = madd(s, b2, c02), c03 = madd(s, b3, c03);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11), c12 = madd(s, b2, c12), c13 = madd(s, b3, c13);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21), c22 = madd(s, b2, c22), c23 = madd(s, b3, c23);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31), c32 = madd(s, b2, c32), c33 = madd(s, b3, c33);
    s = v128.load32_splat(a, 16);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41), c42 = madd(s, b2, c42), c43 = madd(s, b3, c43);
    s = v128.load32_splat(a, 20);
    c50 = madd(s, b0, c50), c51 = madd(s, b1, c51), c52 = madd(s, b2, c52), c53 = madd(s, b3, c53);
    a += step;
    b += PANEL_BYTES;
  }
  store16(c, bias, add, c00, c01, c02, c03);
  c += cRow;
  store16(c, bias, add, c10, c11, c12, c13);
  c += cRow;
  store16(c, bias, add, c20, c21, c22, c23);
  c += cRow;
  store16(c, bias, add, c30, c31, c32, c33);
  c += cRow;
  store16(c, bias, add, c40, c41, c42, c43);
  c += cRow;
  store16(c, bias, add, c50, c51, c52, c53);
}

function rows8(
  a0: usize,
  row: usize,
  column: usize,
  rows: i32,
  b: usize,
  depth: i32,
  bias: usize,
  c: usize,
  cRow: usize,
  add: bool,
): void {
  let a1 = rows > 1 ? a0 + row : a0;
  let a2 = rows > 2 ? a0 + 2 * row : a0;
  let a3 = rows > 3 ? a0 + 3 * row : a0;
  let a4 = rows > 4 ? a0 + 4 * row : a0;
  let a5 = rows > 5 ? a0 + 5 * row : a0;
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero;
  let c10 = zero, c11 = zero;
  let c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero;
  let c40 = zero, c41 = zero;
  let c50 = zero, c51 = zero;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load32_splat(a0);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a1);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a2);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a3);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a4);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a5);
    c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    a0 += column, a1 += column, a2 += column, a3 += column, a4 += column, a5 += column;
    b += PANEL_BYTES;
  }
  store8(c, bias, add, c00, c01);
  c += cRow;
  store8(c, bias, add, c10, c11);
  c += cRow;
  store8(c, bias, add, c20, c21);
  c += cRow;
  store8(c, bias, add, c30, c31);
  c += cRow;
  store8(c, bias, add, c40, c41);
  c += cRow;
  store8(c, bias, add, c50, c51);
}

function columns8(
  a: usize,
  step: usize,
  b: usize,
  depth: i32,
  bias: usize,
  c: usize,
  cRow: usize,
  add: bool,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero;
  let c10 = zero, c11 = zero;
  let c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero;
  let c40 = zero, c41 = zero;
  let c50 = zero, c51 = zero;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = madd(s, b0, c00), c01 = madd(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10), c11 = madd(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20), c21 = madd(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30), c31 = madd(s, b1, c31);
    s = v128.load32_splat(a, 16);
    c40 = madd(s, b0, c40), c41 = madd(s, b1, c41);
    s = v128.load32_splat(a, 20);
    c50 = madd(s, b0, c50), c51 = madd(s, b1, c51);
    a += step;
    b += PANEL_BYTES;
  }
  store8(c, bias, add, c00, c01);
  c += cRow;
  store8(c, bias, add, c10, c11);
  c += cRow;
  store8(c, bias, add, c20, c21);
  c += cRow;
  store8(c, bias, add, c30, c31);
  c += cRow;
  store8(c, bias, add, c40, c41);
  c += cRow;
  store8(c, bias, add, c50, c51);
}

@inline
function store16(c: usize, bias: usize, add: bool, v0: v128, v1: v128, v2: v128, v3: v128): void {
  if (bias != 0) {
    v0 = f32x4.add(v0, v128.load(bias));
    v1 = f32x4.add(v1, v128.load(bias, 16));
    v2 = f32x4.add(v2, v128.load(bias, 32));
    v3 = f32x4.add(v3, v128.load(bias, 48));
  }
  if (add) {
    v0 = f32x4.add(v0, v128.load(c));
    v1 = f32x4.add(v1, v128.load(c, 16));
    v2 = f32x4.add(v2, v128.load(c, 32));
    v3 = f32x4.add(v3, v128.load(c, 48));
  }
  v128.store(c, v0);
  v128.store(c, v1, 16);
  v128.store(c, v2, 32);
  v128.store(c, v3, 48);
}

@inline
function store8(c: usize, bias: usize, add: bool, v0: v128, v1: v128): void {
  if (bias != 0) {
    v0 = f32x4.add(v0, v128.load(bias));
    v1 = f32x4.add(v1, v128.load(bias, 16));
  }
  if (add) {
    v0 = f32x4.add(v0, v128.load(c));
    v1 = f32x4.add(v1, v128.load(c, 16));
  }
  v128.store(c, v0);
  v128.store(c, v1, 16);
}
