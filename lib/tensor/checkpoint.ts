/** Activation checkpointing: a block's intermediate tensors are computed again in the backward pass instead of kept. */
import { releaseAfterBackward } from "./op.ts";
import { tf } from "./tf.ts";
import type { Tensor } from "./tf.ts";

/** A part of a model. The second time it runs on the same input is told, so that it does not count twice. */
export type CheckpointedBlock = (x: Tensor, pass: { readonly recomputing: boolean }) => Tensor;

/**
 * Applies a block of which only the input is kept for the backward pass; values and gradients are those of the block.
 *
 * @param block a function of x and `parameters` alone
 * @param parameters the tensors besides x that get a gradient through the block
 * @see Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"
 */
export function checkpoint(
  block: CheckpointedBlock,
  x: Tensor,
  { parameters }: { parameters: readonly Tensor[] },
): Tensor {
  const run = tf.customGrad((...args) => {
    // tfjs appends its save function to the tensors.
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    save([x]);
    return {
      value: block(x, { recomputing: false }),
      gradFunc: (dy: Tensor, [kept]: Tensor[]) => {
        const gradients = innerGradients(block, { x: kept, parameters, dy });
        releaseAfterBackward({ dy, kept: [kept], gradients });
        return gradients;
      },
    };
  });
  return run(x, ...parameters);
}

function innerGradients(
  block: CheckpointedBlock,
  { x, parameters, dy }: { x: Tensor; parameters: readonly Tensor[]; dy: Tensor },
): Tensor[] {
  const engine = tf.engine();
  // tfjs has one tape, and ends it with the innermost gradient: the outer one is put back.
  const { activeTape } = engine.state;
  try {
    const inputs = [x, ...parameters];
    const { grads } = engine.gradients(() => block(x, { recomputing: true }), inputs, dy);
    return grads.map((gradient, i) => gradient ?? tf.zerosLike(inputs[i]));
  } finally {
    engine.state.activeTape = activeTape;
  }
}
