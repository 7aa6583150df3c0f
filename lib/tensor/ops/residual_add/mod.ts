/** Sum of two tensors of one shape, of which the backward pass keeps nothing. */
import { defineOp } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";

type AddInputs = { x: Tensor; residual: Tensor };

/** The op behind {@linkcode residualAdd}. */
export const residualAddOp = defineOp<AddInputs, NoAttributes>({
  name: "residualAdd",
  differentiable: ["x", "residual"],
  validate({ x, residual }) {
    expectShape("residualAdd", "residual", { actual: shapeOf(residual), expected: shapeOf(x) });
  },
  reference: ({ x, residual }) => tf.add(x, residual),
  forward: ({ x, residual }) => ({ output: tf.add(x, residual), saved: [] }),
  backward: (dy) => [tf.clone(dy), tf.clone(dy)],
});

/**
 * x + residual, as networks with skip connections do after every block.
 *
 * tfjs's own addition keeps both summands for the backward pass, to know how they were broadcast: in a residual network
 * that is a third of all memory. Here the shapes must be equal and nothing is kept.
 *
 * Shapes: both alike → the same.
 *
 * @throws {TypeError} when the shapes differ
 */
export function residualAdd(x: Tensor, residual: Tensor): Tensor {
  return residualAddOp({ x, residual }, {});
}
