import assert from "node:assert/strict";
import { classificationLoss, exclusiveSegmentationLoss } from "../../lib/losses/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-5, `${actual}, not ${expected}`);
}

Deno.test("classificationLoss() is PyTorch's weighted mean of cross-entropies", () =>
  tf.tidy(() => {
    // p = (0.75, 0.25) and (0.5, 0.5).
    const logits = tf.tensor2d([[Math.log(3), 0], [1, 1]]);
    const target = tf.tensor2d([[1, 0], [0, 1]]);
    const [a, b] = [-Math.log(0.75), -Math.log(0.5)];
    assertNear(classificationLoss(logits, target).dataSync()[0], (a + b) / 2);
    const weights = tf.tensor1d([3, 1]);
    assertNear(classificationLoss(logits, target, { weights }).dataSync()[0], (3 * a + b) / 4);
  }));

Deno.test("exclusiveSegmentationLoss() adds Dice of the foreground and cross-entropy of all classes, as by hand", () =>
  tf.tidy(() => {
    // Two voxels, p = (0.75, 0.25) and (0.5, 0.5); the second is foreground.
    const logits = tf.tensor([[[Math.log(3), 0], [1, 1]]], [1, 2, 2]);
    const target = tf.tensor([[[1, 0], [0, 1]]], [1, 2, 2]);
    const dice = 1 - (2 * 0.5 + 1) / (0.25 ** 2 + 0.5 ** 2 + 1 + 1);
    const entropy = (-Math.log(0.75) - Math.log(0.5)) / 2;
    const value = exclusiveSegmentationLoss([logits], target, { diceShare: 0.6 }).dataSync()[0];
    assertNear(value, 0.6 * dice + 0.4 * entropy);
    const twice = exclusiveSegmentationLoss([logits, logits], target).dataSync()[0];
    assertNear(twice, 2 * (0.7 * dice + 0.3 * entropy));
  }));

Deno.test("both losses fall along their gradients", () => {
  const target = tf.tensor([[1, 0, 0], [0, 0, 1]], [2, 3]);
  const start = tf.tensor([[0.2, -0.4, 0.1], [0.3, 0.6, -0.2]], [2, 3]);
  for (const loss of [classificationLoss, (z: tf.Tensor, t: tf.Tensor) => exclusiveSegmentationLoss([z], t)]) {
    const of = (z: tf.Tensor): tf.Scalar => loss(z, target) as tf.Scalar;
    const gradient = tf.grad(of)(start);
    const before = of(start).dataSync()[0], after = of(tf.sub(start, tf.mul(gradient, 0.1))).dataSync()[0];
    assert.ok(after < before, `${after} after ${before}`);
  }
});

Deno.test("both losses refuse a target of another shape", () => {
  const [logits, target] = [tf.zeros([2, 3]), tf.zeros([2, 2])];
  assert.throws(() => classificationLoss(logits, target), {
    name: "TypeError",
    message: "Cannot apply classificationLoss: expected logits and target of one shape, got [2, 3] and [2, 2]",
  });
  assert.throws(
    () => exclusiveSegmentationLoss([logits], target),
    /^TypeError: Cannot apply exclusiveSegmentationLoss/,
  );
});
