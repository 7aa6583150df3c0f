/** Layer normalisation by hand, and its errors. */
import { layerNorm, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("layerNorm() normalises every token over its channels, then scales and shifts", () => {
  // Variance 1 and 16, ε = 9: deviations over √10 and 5.
  const x = tf.tensor([1, 3, -4, 4], [1, 2, 2]);
  const [scale, bias] = [[1, 2], [0, 1]].map((values) => tf.tensor1d(values));
  const root = Math.sqrt(10);
  assertValues(layerNorm(x, { scale, bias, epsilon: 9 }), [1, 2, 2], [-1 / root, 2 / root + 1, -0.8, 2.6]);
});

Deno.test("layerNorm() throws when scale or bias do not fit the channels", () => {
  const x = tf.zeros([2, 3]), three = tf.zeros([3]), two = tf.zeros([2]);
  const message = (what: string): string => `Cannot apply layerNorm: expected ${what} of shape [3], got [2]`;
  assertRefused(() => layerNorm(x, { scale: two, bias: three, epsilon: 1 }), "TypeError", message("scale"));
  assertRefused(() => layerNorm(x, { scale: three, bias: two, epsilon: 1 }), "TypeError", message("bias"));
});
