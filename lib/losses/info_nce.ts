/** Symmetric InfoNCE between two views of the same subjects. */
import { formatShape } from "../errors.ts";
import { shapeOf, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor } from "../tensor/mod.ts";

/** Smallest norm a feature vector is divided by, as in PyTorch's normalize. */
const NORM_EPSILON = 1e-12;

/**
 * Cross-entropy of finding each subject's other view among the batch, both ways, averaged.
 *
 * logits = normalise(a)·normalise(b)ᵀ / T; labels are the diagonal; other subjects of the batch are the negatives.
 *
 * Shapes: first and second `[B, …]`, flattened per subject → scalar. 0 when the batch holds a single subject.
 *
 * @param options temperature T, above 0; `gather` adds the rows of other ranks to those of this one, `[B, F]` → `[ΣB, F]`
 * @throws {TypeError} when the shapes differ
 * @see BrainMVP, arXiv 2410.10604, modality-aware contrastive learning; van den Oord et al. 2018 (InfoNCE)
 */
export function infoNceLoss(
  first: Tensor,
  second: Tensor,
  { temperature, gather = (rows) => rows }: { temperature: number; gather?: (rows: tf.Tensor2D) => tf.Tensor2D },
): Scalar {
  const [a, b] = [shapeOf(first), shapeOf(second)];
  if (a.length !== b.length || a.some((size, axis) => size !== b[axis])) {
    throw new TypeError(
      `Cannot apply infoNceLoss: expected views of one shape, got ${formatShape(a)} and ${formatShape(b)}`,
    );
  }
  const logits = tf.div(tf.matMul(gather(unitRows(first)), gather(unitRows(second)), false, true), temperature);
  return tf.div(tf.add(diagonalCrossEntropy(logits), diagonalCrossEntropy(tf.transpose(logits))), 2);
}

/** `[B, …]` → `[B, F]` with rows of length 1. */
function unitRows(features: Tensor): tf.Tensor2D {
  const rows = tf.reshape(features, [shapeOf(features)[0], -1]) as tf.Tensor2D;
  const norms = tf.sqrt(tf.sum(tf.square(rows), 1, true));
  return tf.div(rows, tf.maximum(norms, NORM_EPSILON));
}

/** Mean over rows of −log softmax(row)[row's own index]. */
function diagonalCrossEntropy(logits: Tensor): Scalar {
  const [count] = shapeOf(logits);
  const own = tf.sum(tf.mul(tf.logSoftmax(logits), tf.eye(count)));
  return tf.neg(tf.div(own, count));
}
