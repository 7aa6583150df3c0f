/** Losses over classes that exclude one another. */
import { formatShape } from "../errors.ts";
import { channelsOf, shapeOf, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor } from "../tensor/mod.ts";

/** Added to both sides of the Dice fraction, as in the loss of overlapping classes. */
const SMOOTH = 1;

/** How the two terms are weighed. */
export interface ExclusiveOptions {
  /** Share of soft Dice, 0 to 1; the rest is cross-entropy. Default 0.7, the official share. */
  readonly diceShare?: number;
}

/**
 * Sum over outputs of share·(1 − mean Dice of the foreground classes) + (1 − share)·cross-entropy, p = softmax(logits).
 *
 * Dice is (2·Σpt + 1)/(Σp² + Σt² + 1) with sums over the whole batch. Channel 0 is background: it takes part in the
 * cross-entropy and not in the Dice.
 *
 * Shapes: every output and target `[B, …, classes]`, classes ≥ 2 → scalar; target one-hot.
 *
 * @throws {TypeError} when the shapes differ
 */
export function exclusiveSegmentationLoss(
  outputs: readonly Tensor[],
  target: Tensor,
  { diceShare = 0.7 }: ExclusiveOptions = {},
): Scalar {
  const terms = outputs.map((logits) => {
    expectSameShape("exclusiveSegmentationLoss", logits, target);
    const classes = channelsOf(logits);
    const [z, t] = [logits, target].map((tensor) => tf.reshape(tensor, [-1, classes]));
    const p = tf.softmax(z as tf.Tensor2D);
    const sums = (values: Tensor): Tensor => tf.slice(tf.sum(values, 0), [1], [classes - 1]);
    const overlap = tf.add(tf.mul(sums(tf.mul(p, t)), 2), SMOOTH);
    const size = tf.add(tf.add(sums(tf.square(p)), sums(tf.square(t))), SMOOTH);
    const dice = tf.sub(1, tf.mean(tf.div(overlap, size)));
    const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(z as tf.Tensor2D), t), 1)));
    return tf.add(tf.mul(dice, diceShare), tf.mul(entropy, 1 - diceShare));
  });
  return tf.addN(terms) as Scalar;
}

/**
 * Cross-entropy of one class per sample: Σ wᵢ·(−log softmax(logits)ᵢ[classᵢ]) / Σ wᵢ, wᵢ the weight of sample i's class.
 *
 * Shapes: logits and target `[B, classes]`, target one-hot; weights `[classes]` → scalar.
 *
 * @param options.weights of the classes; without them all weigh 1
 * @throws {TypeError} when the shapes differ
 * @see PyTorch `CrossEntropyLoss(weight)` with reduction "mean"
 */
export function classificationLoss(logits: Tensor, target: Tensor, { weights }: { weights?: Tensor } = {}): Scalar {
  expectSameShape("classificationLoss", logits, target);
  const weighted = weights ? tf.mul(target, weights) : target;
  const losses = tf.sum(tf.mul(tf.logSoftmax(logits as tf.Tensor2D), weighted));
  return tf.neg(tf.div(losses, tf.sum(weighted))) as Scalar;
}

function expectSameShape(name: string, logits: Tensor, target: Tensor): void {
  const [a, b] = [shapeOf(logits), shapeOf(target)];
  if (a.length === b.length && a.every((size, axis) => size === b[axis])) return;
  throw new TypeError(
    `Cannot apply ${name}: expected logits and target of one shape, got ${formatShape(a)} and ${formatShape(b)}`,
  );
}
