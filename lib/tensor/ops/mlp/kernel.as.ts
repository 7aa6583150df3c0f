/** Linear → GELU → linear on chunks of tokens, whose hidden channels stay in the cache and are never stored. */
import {
  BLOCK_SCRATCH_BYTES,
  gemmRows,
  MC,
  multiplyBlock,
  multiplyTransposedBlock,
  packPanels,
} from "../../simd/gemm.as.ts";
import { NR } from "../../simd/tile.as.ts";
import { threadScratch } from "../../simd/thread.as.ts";
import { gelu4, geluSlope4 } from "../gelu/vector.as.ts";

/** Tokens [begin, end): y = gelu(x·W1 + b1)·W2 + b2; both weights packed. */
export function mlpForward(
  x: usize,
  panels1: usize,
  bias1: usize,
  panels2: usize,
  bias2: usize,
  y: usize,
  inputs: i32,
  hidden: i32,
  outputs: i32,
  begin: i32,
  end: i32,
): void {
  const h = threadScratch() + BLOCK_SCRATCH_BYTES;
  for (let i = begin; i < end; i += MC) {
    const rows = min(MC, end - i);
    const from = x + (<usize> (i * inputs) << 2);
    const to = y + (<usize> (i * outputs) << 2);
    multiplyBlock(from, inputs, 1, panels1, inputs, bias1, h, hidden, rows, hidden, inputs, false);
    for (let at: usize = 0; at < <usize> (rows * hidden) << 2; at += 32) {
      const low = gelu4(v128.load(h + at)), high = gelu4(v128.load(h + at, 16));
      v128.store(h + at, low), v128.store(h + at, high, 16);
    }
    multiplyBlock(h, hidden, 1, panels2, hidden, bias2, to, outputs, rows, outputs, hidden, false);
  }
}

/**
 * Slices [begin, end) of `sliceRows` tokens: dx, and the slice's part of dW1, db1 and dW2.
 *
 * @param panels1 W1 packed; `panelsBack2` W2ᵀ packed (outputs → hidden); `panelsBack1` W1ᵀ packed (hidden → inputs)
 * @param partials per slice: dW1 `[inputs, hidden]`, dW2 `[hidden, outputs]`, db1 `[hidden]`
 */
export function mlpGradient(
  x: usize,
  dy: usize,
  panels1: usize,
  bias1: usize,
  panelsBack2: usize,
  panelsBack1: usize,
  dx: usize,
  partials: usize,
  inputs: i32,
  hidden: i32,
  outputs: i32,
  tokens: i32,
  sliceRows: i32,
  chunk: i32,
  begin: i32,
  end: i32,
): void {
  const h = threadScratch() + BLOCK_SCRATCH_BYTES;
  const dh = h + (<usize> (chunk * hidden) << 2);
  const panels = dh + (<usize> (chunk * hidden) << 2);
  const partialValues = (inputs + outputs + 1) * hidden;
  for (let slice = begin; slice < end; slice++) {
    const dW1 = partials + (<usize> (slice * partialValues) << 2);
    const dW2 = dW1 + (<usize> (inputs * hidden) << 2);
    const db1 = dW2 + (<usize> (hidden * outputs) << 2);
    const first = slice * sliceRows;
    const last = min(tokens, first + sliceRows);
    for (let i = first; i < last; i += chunk) {
      const rows = min(chunk, last - i);
      const add = i > first;
      const from = x + (<usize> (i * inputs) << 2);
      const gradient = dy + (<usize> (i * outputs) << 2);
      gemmRows(from, inputs, 1, panels1, bias1, h, hidden, hidden, inputs, false, 0, rows);
      gemmRows(gradient, outputs, 1, panelsBack2, 0, dh, hidden, hidden, outputs, false, 0, rows);
      activate(h, dh, rows * hidden);
      gemmRows(dh, hidden, 1, panelsBack1, 0, dx + (<usize> (i * inputs) << 2), inputs, inputs, hidden, false, 0, rows);
      packPanels(dh, hidden, 1, rows, hidden, panels, 0, (hidden + NR - 1) / NR);
      multiplyTransposedBlock(from, inputs, panels, dW1, inputs, hidden, rows, add);
      packPanels(gradient, outputs, 1, rows, outputs, panels, 0, (outputs + NR - 1) / NR);
      multiplyTransposedBlock(h, hidden, panels, dW2, hidden, outputs, rows, add);
      addRows(dh, db1, rows, hidden, add);
    }
  }
}

/** h → gelu(h), dh → dh·gelu′(h). */
function activate(h: usize, dh: usize, length: i32): void {
  for (let at: usize = 0; at < <usize> length << 2; at += 32) {
    const low = v128.load(h + at), high = v128.load(h + at, 16);
    const slopeLow = geluSlope4(low), slopeHigh = geluSlope4(high);
    const dLow = f32x4.mul(v128.load(dh + at), slopeLow), dHigh = f32x4.mul(v128.load(dh + at, 16), slopeHigh);
    v128.store(dh + at, dLow), v128.store(dh + at, dHigh, 16);
    const newLow = gelu4(low), newHigh = gelu4(high);
    v128.store(h + at, newLow), v128.store(h + at, newHigh, 16);
  }
}

/** sums[c] = Σ over rows, or += that. */
function addRows(rows: usize, sums: usize, count: i32, columns: i32, add: bool): void {
  let c = 0;
  for (; c + 4 <= columns; c += 4) {
    const at = <usize> c << 2;
    let sum = add ? v128.load(sums + at) : f32x4.splat(0);
    for (let r = 0; r < count; r++) sum = f32x4.add(sum, v128.load(rows + (<usize> (r * columns) << 2) + at));
    v128.store(sums + at, sum);
  }
  for (; c < columns; c++) {
    const at = <usize> c << 2;
    let sum: f32 = add ? load<f32>(sums + at) : 0;
    for (let r = 0; r < count; r++) sum += load<f32>(rows + (<usize> (r * columns) << 2) + at);
    store<f32>(sums + at, sum);
  }
}
