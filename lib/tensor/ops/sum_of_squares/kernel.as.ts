/** Sums of squares of pieces, for a gradient's norm. */
import { Square, sumOfTerms } from "../../simd/sums.as.ts";

/** Sums of x² of pieces [begin, end), in float64. */
export function sumsOfSquares(x: usize, sums: usize, length: i32, piece: i32, begin: i32, end: i32): void {
  for (let unit = begin; unit < end; unit++) {
    const first = unit * piece;
    store<f64>(sums + (<usize> unit << 3), sumOfTerms<Square>(x + (<usize> first << 2), 0, min(piece, length - first)));
  }
}
