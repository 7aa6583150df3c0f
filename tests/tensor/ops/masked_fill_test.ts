/** Masked fill by hand: values, gradients, errors. */
import { maskedFill, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("maskedFill() takes the fill where the mask is 1, and each input gets the gradient of its places", () => {
  const x = tf.tensor([1, 2, 3], [1, 3]), fill = tf.tensor([10, 20, 30], [1, 3]), mask = tf.tensor([0, 1, 0], [1, 3]);
  assertValues(maskedFill(x, { fill, mask }), [1, 3], [1, 20, 3]);
  const weighted = (a: Tensor, b: Tensor): Tensor =>
    tf.mul(maskedFill(a, { fill: b, mask }), tf.tensor([5, 6, 7], [1, 3]));
  const [dx, dFill] = tf.grads(weighted)([x, fill]);
  assertValues(dx, [1, 3], [5, 0, 7]);
  assertValues(dFill, [1, 3], [0, 6, 0]);
});

Deno.test("maskedFill() keeps what is not a number out of the other's places", () => {
  const [x, fill, mask] = [[NaN, 2], [3, Infinity], [1, 0]].map((values) => tf.tensor1d(values));
  assertValues(maskedFill(x, { fill, mask }), [2], [3, 2]);
});

Deno.test("maskedFill() throws when the shapes differ", () => {
  const x = tf.zeros([2, 3]), other = tf.zeros([3, 2]);
  const message = (what: string): string => `Cannot apply maskedFill: expected ${what} of shape [2, 3], got [3, 2]`;
  assertRefused(() => maskedFill(x, { fill: other, mask: x }), "TypeError", message("fill"));
  assertRefused(() => maskedFill(x, { fill: x, mask: other }), "TypeError", message("mask"));
});
