/** Self-attention by hand, and its errors. */
import { selectBackend, selfAttention, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("selfAttention() mixes values by the softmax of scaled products, head by head", () => {
  // Two tokens, two heads of one channel: q = (1, 0), k = (ln 3, 0) in head 0 and q = k = 0 in head 1.
  const tokens = [[1, 0, Math.log(3), 0, 8, 1], [0, 0, 0, 0, 4, 3]];
  const qkv = tf.tensor([tokens]);
  assertValues(selfAttention(qkv, { heads: 2, scale: 1 }), [1, 2, 2], [7, 2, 6, 2]);
  const ninth = selfAttention(qkv, { heads: 2, scale: 2 });
  assertValues(ninth, [1, 2, 2], [(9 * 8 + 4) / 10, 2, 6, 2]);
});

Deno.test("selfAttention() keeps large scores finite", () => {
  const qkv = tf.tensor([[[200, 200, 1], [0, 0, 3]]]);
  assertValues(selfAttention(qkv, { heads: 1, scale: 1 }), [1, 2, 1], [1, 2]);
});

Deno.test("selfAttention() throws when qkv, its channels or the scale do not fit", () => {
  const apply = (shape: number[], heads: number, scale: number) => () =>
    selfAttention(tf.zeros(shape), { heads, scale });
  const sentence = "Cannot apply selfAttention: expected";
  assertRefused(apply([2, 6], 1, 1), "TypeError", `${sentence} qkv of shape [*, *, *], got [2, 6]`);
  const channels = `${sentence} channels divisible by 3 · 4 heads, got qkv of shape [1, 2, 30]`;
  assertRefused(apply([1, 2, 30], 4, 1), "RangeError", channels);
  for (const scale of [0, -1, NaN]) {
    assertRefused(apply([1, 2, 3], 1, scale), "RangeError", `${sentence} a positive scale, got ${scale}`);
  }
});
