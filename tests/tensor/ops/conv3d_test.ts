/** Dense 3-D convolution by hand, and its errors. */
import { conv3d, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues, range } from "./_expect.ts";

await selectBackend("reference");

Deno.test("conv3d() is a cross-correlation with zeros outside", () => {
  // Along w only: taps (1, 2, 4) in the middle of the kernel.
  const weight = tf.tensor(range(27).map((i) => [0, 1, 2, 4][i >= 12 && i < 15 ? i - 11 : 0]), [3, 3, 3, 1, 1]);
  const x = tf.tensor([1, 10, 100], [1, 1, 1, 3, 1]);
  assertValues(conv3d(x, weight), [1, 1, 1, 3, 1], [42, 421, 210]);
});

Deno.test("conv3d() mixes channels, adds the bias and strides from the first voxel", () => {
  const weight = tf.tensor([1, 2, 3, 4], [1, 1, 1, 2, 2]);
  const x = tf.tensor([1, 10, 7, 7, 2, 20], [1, 1, 3, 1, 2]);
  const bias = tf.tensor1d([0.5, 0]);
  assertValues(conv3d(x, weight, { bias, stride: 2 }), [1, 1, 2, 1, 2], [31.5, 42, 62.5, 84]);
});

Deno.test("conv3d() sums the neighbours that exist", () => {
  const sums = conv3d(tf.ones([1, 2, 3, 3, 1]), tf.ones([3, 3, 3, 1, 1]));
  const slice = [8, 12, 8, 12, 18, 12, 8, 12, 8];
  assertValues(sums, [1, 2, 3, 3, 1], [...slice, ...slice]);
});

Deno.test("conv3d() throws when shapes do not fit, the kernel is even or the stride is no whole number", () => {
  const x = tf.zeros([1, 2, 2, 2, 3]), weight = tf.zeros([3, 3, 3, 3, 4]);
  const sentence = "Cannot apply conv3d: expected";
  const five = `${sentence} x of shape [*, *, *, *, *], got [2, 3]`;
  assertRefused(() => conv3d(tf.zeros([2, 3]), weight), "TypeError", five);
  const kernel = `${sentence} weight of shape [3, 3, 3, 3, *], got [3, 3, 1, 3, 4]`;
  assertRefused(() => conv3d(x, tf.zeros([3, 3, 1, 3, 4])), "TypeError", kernel);
  const bias = `${sentence} bias of shape [4], got [3]`;
  assertRefused(() => conv3d(x, weight, { bias: tf.zeros([3]) }), "TypeError", bias);
  const even = `${sentence} an odd kernel size, got 2`;
  assertRefused(() => conv3d(x, tf.zeros([2, 2, 2, 3, 4])), "RangeError", even);
  for (const stride of [0, 1.5]) {
    const message = `${sentence} a whole stride of at least 1, got ${stride}`;
    assertRefused(() => conv3d(x, weight, { stride }), "RangeError", message);
  }
});
