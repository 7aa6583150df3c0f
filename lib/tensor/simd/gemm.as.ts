/** Matrix products: C = A·B (+ bias) or C += A·B, float32, any element strides in A and B. */
import { threadScratch } from "./thread.as.ts";
import { copyTile, MR, NR, PANEL_BYTES, tileOfColumns, tileOfRows } from "./tile.as.ts";

/** Steps of the inner dimension between two visits of C: a panel of B then fits the first-level cache. */
const KC: i32 = 256;
/** Columns of B from which on copying a block of A pays. */
const PACK_A_FROM: i32 = 128;
/** Rows of A that are multiplied at a time: with KC columns they fit the second-level cache. */
export const MC: i32 = 96;
/** Bytes at the start of the thread's scratch that {@link multiplyBlock} uses. */
export const BLOCK_SCRATCH_BYTES: usize = <usize> (4 * (MC * KC + MR * NR));

/** Copies panels [begin, end) of 16 columns of B `[depth, columns]` to `to`, step by step; missing columns are zero. */
export function packPanels(
  b: usize,
  row: i32,
  column: i32,
  depth: i32,
  columns: i32,
  to: usize,
  begin: i32,
  end: i32,
): void {
  for (let panel = begin; panel < end; panel++) {
    const from = b + (<usize> (panel * NR * column) << 2);
    packPanel(from, row, column, depth, min(NR, columns - panel * NR), to + <usize> (panel * depth) * PANEL_BYTES);
  }
}

/** One panel: `present` columns of B, the others zero. */
export function packPanel(b: usize, row: i32, column: i32, depth: i32, present: i32, to: usize): void {
  const rowBytes = <usize> row << 2, columnBytes = <usize> column << 2;
  if (present == NR && column == 1) {
    for (let p = 0; p < depth; p++) {
      const v0 = v128.load(b), v1 = v128.load(b, 16), v2 = v128.load(b, 32), v3 = v128.load(b, 48);
      v128.store(to, v0), v128.store(to, v1, 16), v128.store(to, v2, 32), v128.store(to, v3, 48);
      b += rowBytes, to += PANEL_BYTES;
    }
    return;
  }
  for (let r = 0; r < NR; r++) {
    let from = b + <usize> r * columnBytes;
    let place = to + (<usize> r << 2);
    if (r < present) {
      for (let p = 0; p < depth; p++) {
        store<f32>(place, load<f32>(from));
        from += rowBytes, place += PANEL_BYTES;
      }
    } else {
      for (let p = 0; p < depth; p++) {
        store<f32>(place, 0);
        place += PANEL_BYTES;
      }
    }
  }
}

/**
 * Rows [begin, end) of C `[m, columns]` = A·B, with B packed by {@link packPanels}.
 *
 * @param bias address of a row added to every row of C, or 0
 * @param accumulate add to C
 */
export function gemmRows(
  a: usize,
  aRow: i32,
  aColumn: i32,
  packed: usize,
  bias: usize,
  c: usize,
  cRow: i32,
  columns: i32,
  depth: i32,
  accumulate: bool,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i += MC) {
    const rows = min(MC, end - i);
    const from = a + (<usize> (i * aRow) << 2);
    const to = c + (<usize> (i * cRow) << 2);
    multiplyBlock(from, aRow, aColumn, packed, depth, bias, to, cRow, rows, columns, depth, accumulate);
  }
}

/**
 * At most MC rows of C = A·B. Panels of B lie `panelDepth` steps apart.
 *
 * Uses the first BLOCK_SCRATCH_BYTES of the thread's scratch.
 */
export function multiplyBlock(
  a: usize,
  aRow: i32,
  aColumn: i32,
  packed: usize,
  panelDepth: i32,
  bias: usize,
  c: usize,
  cRow: i32,
  rows: i32,
  columns: i32,
  depth: i32,
  accumulate: bool,
): void {
  const copy = columns >= PACK_A_FROM && rows >= MR;
  for (let p = 0; p < depth; p += KC) {
    const steps = min(KC, depth - p);
    const block = a + (<usize> (p * aColumn) << 2);
    const panels = packed + <usize> p * PANEL_BYTES;
    const add = accumulate || p > 0;
    const firstBias = p == 0 ? bias : 0;
    if (copy) packRows(block, aRow, aColumn, rows, steps, threadScratch());
    for (let j = 0; j < columns; j += NR) {
      const panel = panels + <usize> (j / NR * panelDepth) * PANEL_BYTES;
      const panelBias = firstBias != 0 ? firstBias + (<usize> j << 2) : 0;
      const width = min(NR, columns - j);
      for (let i = 0; i < rows; i += MR) {
        const out = c + (<usize> (i * cRow + j) << 2);
        const height = min(MR, rows - i);
        const from = copy ? threadScratch() + (<usize> (i * steps) << 2) : block + (<usize> (i * aRow) << 2);
        tile(from, copy, aRow, aColumn, height, panel, steps, panelBias, out, cRow, width, add);
      }
    }
  }
}

/** A tile of C, through the thread's scratch where it hangs over the edge. */
function tile(
  a: usize,
  isPacked: bool,
  aRow: i32,
  aColumn: i32,
  height: i32,
  panel: usize,
  steps: i32,
  bias: usize,
  c: usize,
  cRow: i32,
  width: i32,
  add: bool,
): void {
  const whole = height == MR && width == NR;
  const to = whole ? c : threadScratch() + (<usize> (MC * KC) << 2);
  const toRow = whole ? <usize> cRow << 2 : PANEL_BYTES;
  const toAdd = whole && add;
  const toBias = whole ? bias : 0;
  if (isPacked) {
    tileOfColumns(a, <usize> MR << 2, panel, steps, toBias, to, toRow, toAdd);
  } else if (aRow == 1 && height == MR) {
    tileOfColumns(a, <usize> aColumn << 2, panel, steps, toBias, to, toRow, toAdd);
  } else {
    tileOfRows(a, <usize> aRow << 2, <usize> aColumn << 2, height, panel, steps, toBias, to, toRow, toAdd);
  }
  if (!whole) copyTile(to, bias, c, <usize> cRow << 2, height, width, add);
}

/** Rows of A in groups of MR, step by step; rows that are not there are zero. */
function packRows(a: usize, aRow: i32, aColumn: i32, rows: i32, steps: i32, to: usize): void {
  const rowBytes = <usize> aRow << 2, columnBytes = <usize> aColumn << 2;
  for (let i = 0; i < rows; i += MR) {
    const present = min(MR, rows - i);
    const from = a + <usize> i * rowBytes;
    if (present == MR) packSix(from, rowBytes, columnBytes, steps, to);
    else {
      for (let p = 0; p < steps; p++) {
        for (let r = 0; r < MR; r++) {
          const value: f32 = r < present ? load<f32>(from + <usize> r * rowBytes + <usize> p * columnBytes) : 0;
          store<f32>(to + (<usize> (p * MR + r) << 2), value);
        }
      }
    }
    to += <usize> (MR * steps) << 2;
  }
}

function packSix(a0: usize, row: usize, column: usize, steps: i32, to: usize): void {
  let a1 = a0 + row, a2 = a1 + row, a3 = a2 + row, a4 = a3 + row, a5 = a4 + row;
  for (let p = 0; p < steps; p++) {
    store<f32>(to, load<f32>(a0));
    store<f32>(to, load<f32>(a1), 4);
    store<f32>(to, load<f32>(a2), 8);
    store<f32>(to, load<f32>(a3), 12);
    store<f32>(to, load<f32>(a4), 16);
    store<f32>(to, load<f32>(a5), 20);
    a0 += column, a1 += column, a2 += column, a3 += column, a4 += column, a5 += column;
    to += 24;
  }
}

/**
 * Slices [begin, end) of the inner dimension: partial[slice] `[m, columns]` = Aᵀ·B over the slice's steps, for A
 * `[depth, m]` and B `[depth, columns]`, both dense.
 */
export function gemmSlices(
  a: usize,
  b: usize,
  partials: usize,
  m: i32,
  columns: i32,
  depth: i32,
  sliceDepth: i32,
  begin: i32,
  end: i32,
): void {
  const panels = threadScratch() + BLOCK_SCRATCH_BYTES;
  for (let slice = begin; slice < end; slice++) {
    const last = min(depth, (slice + 1) * sliceDepth);
    const out = partials + (<usize> (slice * m * columns) << 2);
    for (let p = slice * sliceDepth; p < last; p += KC) {
      const steps = min(KC, last - p);
      const count = (columns + NR - 1) / NR;
      packPanels(b + (<usize> (p * columns) << 2), columns, 1, steps, columns, panels, 0, count);
      multiplyTransposedBlock(a + (<usize> (p * m) << 2), m, panels, out, m, columns, steps, p > slice * sliceDepth);
    }
  }
}

/**
 * C `[m, columns]` = Aᵀ·B or C += Aᵀ·B for few steps: A `[steps, m]` with rows `aStep` values apart, B packed.
 *
 * Uses the first BLOCK_SCRATCH_BYTES of the thread's scratch.
 */
export function multiplyTransposedBlock(
  a: usize,
  aStep: i32,
  packed: usize,
  c: usize,
  m: i32,
  columns: i32,
  steps: i32,
  accumulate: bool,
): void {
  for (let i = 0; i < m; i += MC) {
    const to = c + (<usize> (i * columns) << 2);
    const from = a + (<usize> i << 2);
    multiplyBlock(from, 1, aStep, packed, steps, 0, to, columns, min(MC, m - i), columns, steps, accumulate);
  }
}

/** out[i] = Σ over slices of partials[slice·stride + i], in order, for blocks [begin, end) of 1024 values. */
export function sumSlices(
  partials: usize,
  out: usize,
  slices: i32,
  stride: i32,
  length: i32,
  begin: i32,
  end: i32,
): void {
  const step = <usize> stride << 2;
  for (let i = begin * 1024; i < min(length, end * 1024); i += 4) {
    let from = partials + (<usize> i << 2);
    let sum = v128.load(from);
    for (let slice = 1; slice < slices; slice++) {
      from += step;
      sum = f32x4.add(sum, v128.load(from));
    }
    v128.store(out + (<usize> i << 2), sum);
  }
}
