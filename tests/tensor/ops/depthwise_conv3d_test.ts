/** Depthwise 3-D convolution by hand, and its errors. */
import { depthwiseConv3d, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues, range } from "./_expect.ts";

await selectBackend("reference");

Deno.test("depthwiseConv3d() correlates each channel with its own kernel and adds its bias", () => {
  // Taps (1, 2, 4) along h for channel 0, three times the voxel itself for channel 1.
  const taps: Record<number, number> = { 10: 1, 13: 2, 16: 4 };
  const weight = tf.tensor(range(27).flatMap((i) => [taps[i] ?? 0, i === 13 ? 3 : 0]), [3, 3, 3, 2]);
  const x = tf.tensor([1, 1, 10, 2, 100, 3], [1, 1, 3, 1, 2]);
  const bias = tf.tensor1d([0, -1]);
  assertValues(depthwiseConv3d(x, weight, { bias }), [1, 1, 3, 1, 2], [42, 2, 421, 5, 210, 8]);
});

Deno.test("depthwiseConv3d() takes a kernel larger than the volume", () => {
  assertValues(
    depthwiseConv3d(tf.ones([1, 2, 1, 3, 1]), tf.ones([5, 5, 5, 1])),
    [1, 2, 1, 3, 1],
    range(6).map(() => 6),
  );
});

Deno.test("depthwiseConv3d() throws when shapes do not fit or the kernel is even", () => {
  const x = tf.zeros([1, 2, 2, 2, 3]), weight = tf.zeros([3, 3, 3, 3]);
  const sentence = "Cannot apply depthwiseConv3d: expected";
  const five = `${sentence} x of shape [*, *, *, *, *], got [2, 3]`;
  assertRefused(() => depthwiseConv3d(tf.zeros([2, 3]), weight), "TypeError", five);
  const kernel = `${sentence} weight of shape [3, 3, 3, 3], got [3, 3, 3, 2]`;
  assertRefused(() => depthwiseConv3d(x, tf.zeros([3, 3, 3, 2])), "TypeError", kernel);
  const bias = `${sentence} bias of shape [3], got [1]`;
  assertRefused(() => depthwiseConv3d(x, weight, { bias: tf.zeros([1]) }), "TypeError", bias);
  const even = `${sentence} an odd kernel size, got 2`;
  assertRefused(() => depthwiseConv3d(x, tf.zeros([2, 2, 2, 3])), "RangeError", even);
});
