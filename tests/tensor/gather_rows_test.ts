import { deepEqual } from "node:assert/strict";
import { gatherRows, selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor2D } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

const BEFORE = Float32Array.of(1, 2);
const AFTER = Float32Array.of(7, 8, 9, 10);

/** Σ weight·row over all rows, seen from a rank between two others. */
function gatheredSum(x: Tensor2D, { counts }: { counts: boolean }): { rows: number[][]; gradient: number[][] } {
  const gathering = { rank: 1, counts, allGather: (own: Float32Array) => [BEFORE, own, AFTER] };
  return tf.tidy(() => {
    const rows = gatherRows(x, gathering).arraySync();
    const weights = tf.tensor2d(rows.map((_, i) => [i + 1]));
    const gradient = tf.grad((y) => tf.sum(tf.mul(gatherRows(y as Tensor2D, gathering), weights)))(x);
    return { rows, gradient: gradient.arraySync() as number[][] };
  });
}

Deno.test("gatherRows() puts all ranks' rows in order and gives its own ones their gradient", () => {
  const x = tf.tensor2d([[3, 4], [5, 6]]);
  const before = tf.memory().numTensors;
  deepEqual(gatheredSum(x, { counts: true }), {
    rows: [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]],
    gradient: [[2, 2], [3, 3]],
  });
  deepEqual(tf.memory().numTensors, before);
  x.dispose();
});

Deno.test("gatherRows() leaves out rows that stand in for none", () => {
  const x = tf.tensor2d([[3, 4]]);
  deepEqual(gatheredSum(x, { counts: false }), { rows: [[1, 2], [7, 8], [9, 10]], gradient: [[0, 0]] });
  x.dispose();
});
