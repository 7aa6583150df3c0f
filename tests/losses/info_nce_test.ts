/** Symmetric InfoNCE by hand. */
import assert from "node:assert/strict";
import { infoNceLoss } from "../../lib/losses/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

function lossOf(first: Tensor, second: Tensor, temperature = 1): number {
  return tf.tidy(() => infoNceLoss(first, second, { temperature }).dataSync()[0]);
}

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `got ${actual}, expected ${expected}`);
}

Deno.test("infoNceLoss() is the cross-entropy of cosine similarities, by hand", () => {
  // Unit vectors (1, 0), (0, 1) against (0.6, 0.8), (0, 1): similarities [[0.6, 0], [0.8, 1]].
  const first = tf.tensor2d([[2, 0], [0, 3]]);
  const second = tf.tensor2d([[3, 4], [0, 0.5]]);
  const entropy = (own: number, other: number): number => Math.log(1 + Math.exp(other - own));
  const rows = (t: number): number => entropy(0.6 / t, 0) + entropy(1 / t, 0.8 / t);
  const columns = (t: number): number => entropy(0.6 / t, 0.8 / t) + entropy(1 / t, 0);
  for (const temperature of [1, 0.1]) {
    assertClose(lossOf(first, second, temperature), (rows(temperature) + columns(temperature)) / 4);
  }
});

Deno.test("infoNceLoss() is ln 2 for two subjects that cannot be told apart", () => {
  assertClose(lossOf(tf.ones([2, 3]), tf.ones([2, 3])), Math.LN2);
});

Deno.test("infoNceLoss() is symmetric in its views and ignores the length of features", () => {
  const first = tf.randomNormal([3, 2, 1, 2, 4], 0, 1, "float32", 1);
  const second = tf.randomNormal([3, 2, 1, 2, 4], 0, 1, "float32", 2);
  const loss = lossOf(first, second, 0.5);
  assertClose(lossOf(second, first, 0.5), loss);
  assertClose(lossOf(tf.mul(first, 7), second, 0.5), loss);
  const shuffled = [first, second].map((view) => tf.gather(view, [2, 0, 1]));
  assertClose(lossOf(shuffled[0], shuffled[1], 0.5), loss);
  assert.ok(Math.abs(lossOf(first, shuffled[1], 0.5) - loss) > 1e-3);
});

Deno.test("infoNceLoss() is 0 for a single subject and finite for features of zeros", () => {
  assert.equal(Math.abs(lossOf(tf.tensor([[1, 2]]), tf.tensor([[3, -1]]))), 0);
  assertClose(lossOf(tf.zeros([2, 3]), tf.ones([2, 3])), Math.LN2);
});

Deno.test("infoNceLoss() throws when the shapes of the views differ", () => {
  for (const [second, text] of [[tf.ones([2, 4]), "[2, 4]"], [tf.ones([2, 3, 1]), "[2, 3, 1]"]] as const) {
    assert.throws(() => infoNceLoss(tf.ones([2, 3]), second, { temperature: 1 }), {
      name: "TypeError",
      message: `Cannot apply infoNceLoss: expected views of one shape, got [2, 3] and ${text}`,
    });
  }
});

Deno.test("infoNceLoss() counts gathered rows as subjects of the batch, in both views", () => {
  const first = tf.randomNormal([4, 6], 0, 1, "float32", 1), second = tf.randomNormal([4, 6], 0, 1, "float32", 2);
  const others: tf.Tensor2D[] = [];
  const unit = (x: tf.Tensor): tf.Tensor2D => tf.div(x, tf.norm(x, 2, 1, true));
  for (const view of [first, second]) others.push(unit(tf.slice(view, [2, 0], [2, 6])));
  const gather = (rows: tf.Tensor2D): tf.Tensor2D => tf.concat([rows, others.shift()!], 0);
  const own = [first, second].map((view) => tf.slice(view, [0, 0], [2, 6]));
  const loss = infoNceLoss(own[0], own[1], { temperature: 0.5, gather }).dataSync()[0];
  assertClose(loss, lossOf(first, second, 0.5));
});
