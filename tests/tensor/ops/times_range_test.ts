/** Volumes times the range of others. */
import { tf, timesRange } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues } from "./_expect.ts";
import { withEveryImplementation } from "./_implementations.ts";

Deno.test("timesRange() multiplies each volume by max − min + ε of its own", async () => {
  await withEveryImplementation("TimesRange", () => {
    const x = tf.tensor([1, 2, 3, 4, 5, 6], [2, 1, 1, 3]);
    const volumes = tf.tensor([-1, 4, 0, 7, 7, 7], [2, 1, 1, 3]);
    assertValues(timesRange(x, { volumes, epsilon: 0.5 }), [2, 1, 1, 3], [5.5, 11, 16.5, 2, 2.5, 3]);
  });
});

Deno.test("timesRange() keeps volumes apart where threads share them", async () => {
  await withEveryImplementation("TimesRange", () => {
    const volumes = tf.stack([tf.range(0, 20_001), tf.mul(tf.range(0, 20_001), 2)]);
    const scaled = timesRange(tf.onesLike(volumes), { volumes, epsilon: 0 });
    assertValues(scaled, [2, 20_001], [...Array(20_001).fill(20_000), ...Array(20_001).fill(40_000)]);
  });
});

Deno.test("timesRange() throws when the shapes differ", () => {
  const apply = () => timesRange(tf.zeros([2, 3]), { volumes: tf.zeros([2, 4]), epsilon: 0 });
  assertRefused(apply, "TypeError", "Cannot apply timesRange: expected volumes of shape [2, 3], got [2, 4]");
});
