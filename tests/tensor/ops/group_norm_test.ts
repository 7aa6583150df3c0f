/** Group normalisation by hand, and its errors. */
import { groupNorm, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("groupNorm() normalises each sample's groups over space and channels, then scales and shifts", () => {
  // Group of channels 0 and 1: 1, 3, 1, 3 with variance 1, halved by ε = 3. Channel 2 and 3: constant.
  const x = tf.tensor([1, 3, 5, 5, 3, 1, 5, 5], [1, 2, 4]);
  const [scale, bias] = [[1, 2, 1, 1], [0, 10, 7, 8]].map((values) => tf.tensor1d(values));
  assertValues(groupNorm(x, { scale, bias, groups: 2, epsilon: 3 }), [1, 2, 4], [-0.5, 11, 7, 8, 0.5, 9, 7, 8]);
});

Deno.test("groupNorm() is instance normalisation with a group per channel, scale and bias left out", () => {
  const x = tf.tensor([0, 10, 2, 30, 5, 5, 5, 5], [2, 2, 2]);
  const output = groupNorm(x, { groups: 2, epsilon: 0.21 });
  const near = 1 / Math.sqrt(1.21), far = 10 / Math.sqrt(100.21);
  assertValues(output, [2, 2, 2], [-near, -far, near, far, 0, 0, 0, 0]);
});

Deno.test("groupNorm() applies ReLU after scale and shift when asked for, and stops the gradient where it gave 0", () => {
  // One group of 1, 3 with variance 1, halved by ε = 3: −0.5 and 0.5.
  const x = tf.tensor([1, 3], [1, 2, 1]);
  const options = { bias: tf.zeros([1]), groups: 1, epsilon: 3, activation: "relu" } as const;
  assertValues(groupNorm(x, { ...options, scale: tf.ones([1]) }), [1, 2, 1], [0, 0.5]);
  const gradient = tf.grad((scale) => tf.sum(groupNorm(x, { ...options, scale })));
  assertValues(gradient(tf.ones([1])), [1], [0.5]);
});

Deno.test("groupNorm() applies leaky ReLU of slope 0.01 when asked for, in the gradient too", () => {
  // One group of 1, 3 with variance 1, halved by ε = 3: −0.5 and 0.5.
  const x = tf.tensor([1, 3], [1, 2, 1]);
  const options = { bias: tf.zeros([1]), groups: 1, epsilon: 3, activation: "leakyRelu" } as const;
  assertValues(groupNorm(x, { ...options, scale: tf.ones([1]) }), [1, 2, 1], [-0.005, 0.5]);
  const gradient = tf.grad((scale) => tf.sum(groupNorm(x, { ...options, scale })));
  assertValues(gradient(tf.ones([1])), [1], [0.495]);
});

Deno.test("groupNorm() throws when scale, bias or groups do not fit the channels", () => {
  const x = tf.zeros([1, 2, 4]), four = tf.zeros([4]), two = tf.zeros([2]);
  const apply = (scale: tf.Tensor, bias: tf.Tensor, groups: number) => () =>
    groupNorm(x, { scale, bias, groups, epsilon: 1 });
  const sentence = "Cannot apply groupNorm: expected";
  assertRefused(apply(two, four, 2), "TypeError", `${sentence} scale of shape [4], got [2]`);
  assertRefused(apply(four, two, 2), "TypeError", `${sentence} bias of shape [4], got [2]`);
  for (const given of ["scale", "bias"]) {
    const options = { [given]: four, groups: 2, epsilon: 1 };
    assertRefused(() => groupNorm(x, options), "TypeError", `${sentence} both scale and bias, got ${given} alone`);
  }
  const groups = `${sentence} channels divisible by 3 groups, got x of shape [1, 2, 4]`;
  assertRefused(apply(four, four, 3), "RangeError", groups);
});
