/** Squared error of samples of `length` values, in pieces of which each is one unit. */
import { SquaredDifference, sumOfTerms } from "../../simd/sums.as.ts";

/** Sums of (prediction − target)² of pieces [begin, end), in float64; `pieces` pieces make a sample. */
export function squaredErrorSums(
  prediction: usize,
  target: usize,
  sums: usize,
  length: i32,
  piece: i32,
  pieces: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const sample = unit / pieces, first = (unit - sample * pieces) * piece;
    const at = <usize> (sample * length + first) << 2;
    const count = min(piece, length - first);
    store<f64>(sums + (<usize> unit << 3), sumOfTerms<SquaredDifference>(prediction + at, target + at, count));
  }
}

/** 2·dy/length·(prediction − target) of pieces [begin, end). */
export function squaredErrorGradient(
  prediction: usize,
  target: usize,
  dy: usize,
  out: usize,
  length: i32,
  piece: i32,
  pieces: i32,
  begin: i32,
  end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const sample = unit / pieces, first = (unit - sample * pieces) * piece;
    const at = <usize> (sample * length + first) << 2;
    const factor = <f32> (2 * <f64> load<f32>(dy + (<usize> sample << 2)) / <f64> length);
    scaleDifference(prediction + at, target + at, factor, out + at, min(piece, length - first));
  }
}

function scaleDifference(a: usize, b: usize, factor: f32, out: usize, count: i32): void {
  const f = f32x4.splat(factor);
  let rest = count;
  for (; rest >= 8; rest -= 8, a += 32, b += 32, out += 32) {
    const d0 = f32x4.sub(v128.load(a), v128.load(b)), d1 = f32x4.sub(v128.load(a, 16), v128.load(b, 16));
    v128.store(out, f32x4.mul(d0, f)), v128.store(out, f32x4.mul(d1, f), 16);
  }
  for (; rest > 0; rest--, a += 4, b += 4, out += 4) store<f32>(out, (load<f32>(a) - load<f32>(b)) * factor);
}
