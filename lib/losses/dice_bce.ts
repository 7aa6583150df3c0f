/** The segmentation loss: soft Dice and binary cross-entropy of every class. */
import { formatShape } from "../errors.ts";
import { channelsOf, shapeOf, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor } from "../tensor/mod.ts";

/** Share of soft Dice in the official recipe. */
const DICE_SHARE = 0.7;
/** Added to both sides of the Dice fraction, so that an absent class that is not predicted costs nothing. */
const SMOOTH = 1;

/** How the two terms are weighed. */
export interface DiceBceOptions {
  /** Share of soft Dice, 0 to 1; the rest is cross-entropy. */
  readonly diceShare?: number;
}

/**
 * Mean over classes of 0.7·(1 − (2·Σpt + 1)/(Σp² + Σt² + 1)) + 0.3·BCE(p, t), with p = σ(logit).
 *
 * Classes do not exclude one another. The sums go over the whole batch and all voxels.
 *
 * Shapes: logits and target `[B, …, classes]` → scalar; target 0 or 1.
 *
 * @param options `diceShare` 1 leaves soft Dice alone: what the official code reports in validation
 * @throws {TypeError | RangeError} when the shapes differ, or the share is out of range
 * @see official class EDiceLoss; Milletari et al. 2016, "V-Net" (squares in the denominator)
 */
export function diceBceLoss(
  logits: Tensor,
  target: Tensor,
  { diceShare = DICE_SHARE }: DiceBceOptions = {},
): Scalar {
  const [a, b] = [shapeOf(logits), shapeOf(target)];
  if (a.length !== b.length || a.some((size, axis) => size !== b[axis])) {
    throw new TypeError(
      `Cannot apply diceBceLoss: expected logits and target of one shape, got ${formatShape(a)} and ${formatShape(b)}`,
    );
  }
  if (!(diceShare >= 0 && diceShare <= 1)) {
    throw new RangeError(`Cannot apply diceBceLoss: expected a Dice share from 0 to 1, got ${diceShare}`);
  }
  const [z, t] = [logits, target].map((tensor) => tf.reshape(tensor, [-1, channelsOf(logits)]));
  return tf.add(tf.mul(softDiceLoss(z, t), diceShare), tf.mul(crossEntropy(z, t), 1 - diceShare));
}

/**
 * Sum of {@linkcode diceBceLoss} over the outputs of a model with deep supervision, each of the target's resolution.
 *
 * @throws {TypeError | RangeError} when an output's shape is not the target's, or the share is out of range
 */
export function segmentationLoss(outputs: readonly Tensor[], target: Tensor, options: DiceBceOptions = {}): Scalar {
  return tf.addN(outputs.map((logits) => diceBceLoss(logits, target, options)));
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
