/** Trilinear upsampling by hand: values, gradient, errors. */
import { selectBackend, tf, upsampleTrilinear } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues, range } from "./_expect.ts";

await selectBackend("reference");

Deno.test("upsampleTrilinear() keeps the first and last voxel of an axis and spaces the others evenly", () => {
  const x = tf.tensor([0, 10, 3, 40], [1, 1, 1, 2, 2]);
  const row = [0, 10, 1, 20, 2, 30, 3, 40];
  assertValues(upsampleTrilinear(x, { factor: 2 }), [1, 2, 2, 4, 2], [...row, ...row, ...row, ...row]);
});

Deno.test("upsampleTrilinear() gives a linear ramp along depth, height and width at its new places", () => {
  // Values 9·(100z + 10y + x) at two or three coarse places; six fine ones lie 2/5 apart, four 1/3.
  const ramp = (z: number, y: number, x: number): number => 9 * (100 * z + 10 * y + x);
  const coarse = range(12).map((i) => ramp(Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3));
  const fine = range(96).map((i) => ramp(Math.floor(i / 24) / 3, (Math.floor(i / 6) % 4) / 3, 2 * (i % 6) / 5));
  assertValues(upsampleTrilinear(tf.tensor(coarse, [1, 2, 2, 3, 1]), { factor: 2 }), [1, 4, 4, 6, 1], fine);
});

Deno.test("upsampleTrilinear() gives a voxel the gradient of what is interpolated from it", () => {
  const weighted = (x: tf.Tensor): tf.Tensor =>
    tf.mul(upsampleTrilinear(x, { factor: 2 }), tf.tensor(range(16), [1, 2, 2, 4, 1]));
  // Four rows of gradients 4r + [0, 1, 2, 3], with the weights [1, 2/3, 1/3, 0] of the first voxel and its mirror image.
  assertValues(tf.grad(weighted)(tf.zeros([1, 1, 1, 2, 1])), [1, 1, 1, 2, 1], [4 * 4 / 3 + 48, 4 * 14 / 3 + 48]);
});

Deno.test("upsampleTrilinear() throws when x is not 5-D or the factor is not whole", () => {
  const shape = "Cannot apply upsampleTrilinear: expected x of shape [*, *, *, *, *], got [2, 3, 4]";
  assertRefused(() => upsampleTrilinear(tf.zeros([2, 3, 4]), { factor: 2 }), "TypeError", shape);
  for (const factor of [0, 1.5]) {
    const message = `Cannot apply upsampleTrilinear: expected a whole factor of at least 1, got ${factor}`;
    assertRefused(() => upsampleTrilinear(tf.zeros([1, 2, 2, 2, 1]), { factor }), "RangeError", message);
  }
});
