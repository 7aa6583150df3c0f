/** Rows of all ranks as one tensor, for losses that compare every row with every other. */
import { shapeOf } from "./shape.ts";
import { tf } from "./tf.ts";
import type { Tensor, Tensor2D } from "./tf.ts";

/** How rows are gathered. */
export interface RowGathering {
  /** The values of all ranks in the order of ranks. */
  allGather(values: Float32Array): Float32Array[];
  readonly rank: number;
  /** False where this rank's rows stand in for none: they are left out. */
  readonly counts: boolean;
}

/**
 * Puts the rows of all ranks below one another.
 *
 * Every rank is to compute the same loss of all rows. The gradient is then that of the rank's own rows: summed over the
 * ranks, the gradients of parameters are those of the loss, counted once. Values are read, which a GPU does not allow
 * within a gradient.
 *
 * Shapes: x `[n, F]`, n differing from rank to rank → `[Σ n, F]`.
 */
export function gatherRows(x: Tensor2D, { allGather, rank, counts }: RowGathering): Tensor2D {
  const [n, width] = shapeOf(x);
  return tf.customGrad((rows) => {
    const parts = allGather(counts ? (rows as Tensor).dataSync<"float32">() : new Float32Array());
    const heights = parts.map(({ length }) => length / width);
    const first = heights.slice(0, rank).reduce((sum, height) => sum + height, 0);
    const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (values.set(part, at), at + part.length), 0);
    return {
      value: tf.tensor2d(values, [values.length / width, width]) as Tensor,
      gradFunc: (dy: Tensor): Tensor => counts ? tf.slice(dy, [first, 0], [n, width]) : tf.zeros([n, width]),
    };
  })(x) as Tensor2D;
}
