/** Sum of squares by hand and of more values than a thread takes at once. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { sumOfSquares, tf } from "../../../lib/tensor/mod.ts";
import { withEveryImplementation } from "./_implementations.ts";

Deno.test("sumOfSquares() adds the squares of all values", async () => {
  await withEveryImplementation("SumOfSquares", () => {
    const sum = sumOfSquares(tf.tensor2d([[1, -2], [4, 6]]));
    assert.deepEqual([sum.shape, sum.dataSync()[0]], [[], 57]);
    assert.equal(sumOfSquares(tf.scalar(-3)).dataSync()[0], 9);
  });
});

Deno.test("sumOfSquares() is right to 1e-6 for sizes that fill no vector, no block and no piece", async () => {
  await withEveryImplementation("SumOfSquares", () => {
    for (const size of [3, 31, 33, 1027, 16_385, 100_003]) {
      const random = randomStream(1, "sum-of-squares", size);
      const values = Float32Array.from({ length: size }, () => random.normal());
      const exact = values.reduce((sum, value) => sum + value * value, 0);
      const sum = sumOfSquares(tf.tensor1d(values)).dataSync()[0];
      assert.ok(Math.abs(sum - exact) < 1e-6 * exact, `${size} values: got ${sum}, expected ${exact}`);
    }
  });
});
