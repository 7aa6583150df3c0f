/** The segmentation loss: soft Dice and binary cross-entropy of every class. */
import { formatShape } from "../errors.ts";
import { channelsOf, shapeOf, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor } from "../tensor/mod.ts";

/** Shares of the two terms in the official recipe. */
const DICE_SHARE = 0.7, CROSS_ENTROPY_SHARE = 0.3;
/** Added to both sides of the Dice fraction, so that an absent class that is not predicted costs nothing. */
const SMOOTH = 1;

/**
 * Mean over classes of 0.7·(1 − (2·Σpt + 1)/(Σp² + Σt² + 1)) + 0.3·BCE(p, t), with p = σ(logit).
 *
 * Classes do not exclude one another. The sums go over the whole batch and all voxels.
 *
 * Shapes: logits and target `[B, …, classes]` → scalar; target 0 or 1.
 *
 * @throws {TypeError} when the shapes differ
 * @see official class EDiceLoss; Milletari et al. 2016, "V-Net" (squares in the denominator)
 */
export function diceBceLoss(logits: Tensor, target: Tensor): Scalar {
  const [a, b] = [shapeOf(logits), shapeOf(target)];
  if (a.length !== b.length || a.some((size, axis) => size !== b[axis])) {
    throw new TypeError(
      `Cannot apply diceBceLoss: expected logits and target of one shape, got ${formatShape(a)} and ${formatShape(b)}`,
    );
  }
  const [z, t] = [logits, target].map((tensor) => tf.reshape(tensor, [-1, channelsOf(logits)]));
  const terms = [tf.mul(softDiceLoss(z, t), DICE_SHARE), tf.mul(crossEntropy(z, t), CROSS_ENTROPY_SHARE)];
  return tf.addN(terms) as Scalar;
}

/**
 * Sum of {@linkcode diceBceLoss} over the outputs of a model with deep supervision, each of the target's resolution.
 *
 * @throws {TypeError} when an output's shape is not the target's
 */
export function segmentationLoss(outputs: readonly Tensor[], target: Tensor): Scalar {
  return tf.addN(outputs.map((logits) => diceBceLoss(logits, target)));
}

/** Rows of voxels `[N, classes]` → mean over classes. */
function softDiceLoss(logits: Tensor, target: Tensor): Tensor {
  const p = tf.sigmoid(logits);
  const overlap = tf.sum(tf.mul(p, target), 0);
  const size = tf.add(tf.sum(tf.square(p), 0), tf.sum(tf.square(target), 0));
  const dice = tf.div(tf.add(tf.mul(overlap, 2), SMOOTH), tf.add(size, SMOOTH));
  return tf.sub(1, tf.mean(dice));
}

/** log(1 + eᶻ) − t·z is −t·log σ(z) − (1 − t)·log(1 − σ(z)), and loses no digits where σ is near 0 or 1. */
function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(target, logits)));
}
