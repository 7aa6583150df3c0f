/** The segmentation loss by hand: both terms, the batch as one, extreme logits, several outputs, errors. */
import assert from "node:assert/strict";
import { diceBceLoss, segmentationLoss } from "../../lib/losses/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

function lossOf(logits: Tensor, target: Tensor): number {
  return tf.tidy(() => diceBceLoss(logits, target).dataSync()[0]);
}

function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.abs(expected), `${actual}, not ${expected}`);
}

/** The logit of a probability. */
function logit(p: number): number {
  return Math.log(p / (1 - p));
}

Deno.test("diceBceLoss() is 0.7 soft Dice and 0.3 cross-entropy, over the batch and averaged over classes", () => {
  // Two samples of one voxel, two classes.
  const logits = tf.tensor([logit(0.8), logit(0.5), logit(0.4), logit(0.1)], [2, 1, 1, 1, 2]);
  const target = tf.tensor([1, 0, 0, 0], [2, 1, 1, 1, 2]);
  const dice1 = 1 - (2 * 0.8 + 1) / (0.64 + 0.16 + 1 + 1), dice2 = 1 - 1 / (0.25 + 0.01 + 1);
  const entropy1 = -(Math.log(0.8) + Math.log(0.6)) / 2, entropy2 = -(Math.log(0.5) + Math.log(0.9)) / 2;
  assertNear(lossOf(logits, target), 0.7 * (dice1 + dice2) / 2 + 0.3 * (entropy1 + entropy2) / 2);
});

Deno.test("diceBceLoss() weighs its terms by the share given", () => {
  const logits = tf.tensor([logit(0.2)], [1, 1, 1]), target = tf.ones([1, 1, 1]);
  const share = (diceShare: number): number => diceBceLoss(logits, target, { diceShare }).dataSync()[0];
  const dice = 1 - 1.4 / 2.04, entropy = -Math.log(0.2);
  assertNear(share(1), dice);
  assertNear(share(0), entropy);
  assertNear(segmentationLoss([logits, logits], target, { diceShare: 0.25 }).dataSync()[0], dice / 2 + 1.5 * entropy);
});

Deno.test("diceBceLoss() stays exact where the sigmoid is 0 or 1 in float32", () => {
  const logits = tf.tensor([200, -200, 0], [1, 3, 1]);
  // Σp² = 1.25 and one voxel of target: hit, then missed, where the entropy is 200.
  const rest = Math.log(2) / 3;
  const hit = tf.tensor([1, 0, 0], [1, 3, 1]), missed = tf.tensor([0, 1, 0], [1, 3, 1]);
  assertNear(lossOf(logits, hit), 0.7 * (1 - 3 / 3.25) + 0.3 * rest);
  assertNear(lossOf(logits, missed), 0.7 * (1 - 1 / 3.25) + 0.3 * (400 / 3 + rest));
  const gradient = tf.grad((z) => diceBceLoss(z, missed))(logits).dataSync();
  // Where p is 0 or 1 only the entropy has a slope: (p − t)/3.
  assertNear(gradient[0], 0.1);
  assertNear(gradient[1], -0.1);
});

Deno.test("diceBceLoss() is 0 for an absent class that is not predicted", () => {
  assert.ok(lossOf(tf.fill([1, 2, 2, 2, 1], -60), tf.zeros([1, 2, 2, 2, 1])) < 1e-12);
});

Deno.test("segmentationLoss() adds up the losses of all outputs", () => {
  const [a, b] = [1, 2].map((seed) => tf.randomNormal([2, 2, 3, 1, 2], 0, 1, "float32", seed));
  const target = tf.cast(tf.greater(tf.randomNormal([2, 2, 3, 1, 2], 0, 1, "float32", 3), 0), "float32");
  assertNear(segmentationLoss([a, b], target).dataSync()[0], lossOf(a, target) + lossOf(b, target));
  assertNear(segmentationLoss([a], target).dataSync()[0], lossOf(a, target));
});

Deno.test("diceBceLoss() throws when the shapes differ or the share is out of range", () => {
  for (const diceShare of [-0.1, 1.1, NaN]) {
    assert.throws(() => diceBceLoss(tf.zeros([1, 1]), tf.zeros([1, 1]), { diceShare }), {
      name: "RangeError",
      message: `Cannot apply diceBceLoss: expected a Dice share from 0 to 1, got ${diceShare}`,
    });
  }
  assert.throws(() => diceBceLoss(tf.zeros([1, 2, 3]), tf.zeros([1, 3, 2])), {
    name: "TypeError",
    message: "Cannot apply diceBceLoss: expected logits and target of one shape, got [1, 2, 3] and [1, 3, 2]",
  });
});
