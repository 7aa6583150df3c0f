/** Packed matrix product: C = A·B or C += A·B, float32, any element strides in A and B. */

const MR: i32 = 6;
const NR: i32 = 8;
const KC: i32 = 256;
const NC: i32 = 512;

/** Bytes of scratch that {@link gemm} needs, one tile included. */
export function gemmScratchBytes(): i32 {
  return (KC * NC + MR * NR) * 4;
}

/**
 * Strides count elements; C is row-major with contiguous columns. B is packed into panels of NR columns; A is read in
 * place, because copying it costs more than it saves when n is small, as it is in most layers.
 */
export function gemm(
  a: usize,
  aRow: i32,
  aColumn: i32,
  b: usize,
  bRow: i32,
  bColumn: i32,
  c: usize,
  cRow: i32,
  m: i32,
  n: i32,
  k: i32,
  accumulate: bool,
  scratch: usize,
): void {
  const packed = scratch;
  const tile = packed + <usize> (KC * NC * 4);
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const depth = min(KC, k - p);
      packB(b + <usize> ((p * bRow + j * bColumn) << 2), bRow, bColumn, depth, columns, packed);
      const add = accumulate || p > 0;
      for (let i = 0; i < m; i += MR) {
        const rows = min(MR, m - i);
        const from = a + <usize> ((i * aRow + p * aColumn) << 2);
        for (let jr = 0; jr < columns; jr += NR) {
          const out = c + <usize> ((i * cRow + j + jr) << 2);
          const panel = packed + <usize> ((jr * depth) << 2);
          if (rows == MR && columns - jr >= NR) {
            micro(from, aRow, aColumn, MR, panel, depth, out, cRow, add);
          } else {
            micro(from, aRow, aColumn, rows, panel, depth, tile, NR, false);
            copyTile(tile, out, cRow, rows, min(NR, columns - jr), add);
          }
        }
      }
    }
  }
}

/** Blocks of NR columns, k-major; missing columns are zero. */
function packB(b: usize, row: i32, column: i32, depth: i32, columns: i32, to: usize): void {
  for (let j = 0; j < columns; j += NR) {
    const present = min(NR, columns - j);
    for (let p = 0; p < depth; p++) {
      let from = b + <usize> ((p * row + j * column) << 2);
      if (present == NR && column == 1) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        to += NR * 4;
        continue;
      }
      for (let r = 0; r < present; r++) {
        store<f32>(to, load<f32>(from));
        from += <usize> (column << 2);
        to += 4;
      }
      for (let r = present; r < NR; r++) {
        store<f32>(to, 0);
        to += 4;
      }
    }
  }
}

/** One MR × NR tile; all sums stay in registers. Rows that are not there repeat the first one. */
@inline
function micro(
  a0: usize,
  aRow: i32,
  aColumn: i32,
  rows: i32,
  b: usize,
  depth: i32,
  c: usize,
  cRow: i32,
  add: bool,
): void {
  const row = <usize> (aRow << 2);
  const step = <usize> (aColumn << 2);
  let a1 = rows > 1 ? a0 + row : a0;
  let a2 = rows > 2 ? a0 + 2 * row : a0;
  let a3 = rows > 3 ? a0 + 3 * row : a0;
  let a4 = rows > 4 ? a0 + 4 * row : a0;
  let a5 = rows > 5 ? a0 + 5 * row : a0;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load32_splat(a0);
    c00 = f32x4.relaxed_madd(s, b0, c00), c01 = f32x4.relaxed_madd(s, b1, c01);
    s = v128.load32_splat(a1);
    c10 = f32x4.relaxed_madd(s, b0, c10), c11 = f32x4.relaxed_madd(s, b1, c11);
    s = v128.load32_splat(a2);
    c20 = f32x4.relaxed_madd(s, b0, c20), c21 = f32x4.relaxed_madd(s, b1, c21);
    s = v128.load32_splat(a3);
    c30 = f32x4.relaxed_madd(s, b0, c30), c31 = f32x4.relaxed_madd(s, b1, c31);
    s = v128.load32_splat(a4);
    c40 = f32x4.relaxed_madd(s, b0, c40), c41 = f32x4.relaxed_madd(s, b1, c41);
    s = v128.load32_splat(a5);
    c50 = f32x4.relaxed_madd(s, b0, c50), c51 = f32x4.relaxed_madd(s, b1, c51);
    a0 += step, a1 += step, a2 += step, a3 += step, a4 += step, a5 += step;
    b += NR * 4;
  }
  storeRow(c, c00, c01, add);
  c += <usize> (cRow << 2);
  storeRow(c, c10, c11, add);
  c += <usize> (cRow << 2);
  storeRow(c, c20, c21, add);
  c += <usize> (cRow << 2);
  storeRow(c, c30, c31, add);
  c += <usize> (cRow << 2);
  storeRow(c, c40, c41, add);
  c += <usize> (cRow << 2);
  storeRow(c, c50, c51, add);
}

@inline
function storeRow(c: usize, low: v128, high: v128, add: bool): void {
  if (add) {
    low = f32x4.add(low, v128.load(c));
    high = f32x4.add(high, v128.load(c, 16));
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

function copyTile(tile: usize, c: usize, cRow: i32, rows: i32, columns: i32, add: bool): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = c + <usize> ((i * cRow + j) << 2);
      const value = load<f32>(tile + <usize> ((i * NR + j) << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
  }
}

/** Writes the row `bias` of n values into each of m rows of y: where a product with bias starts from. */
export function fillRows(bias: usize, y: usize, m: i32, n: i32): void {
  const bytes = <usize> (n << 2);
  for (let i = 0; i < m; i++) {
    memory.copy(y, bias, bytes);
    y += bytes;
  }
}
