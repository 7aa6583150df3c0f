/** Smoothing of volumes. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { selectBackend, smoothVolumes, tf } from "../../../lib/tensor/mod.ts";
import { relativeError } from "../_ops.ts";
import { assertRefused } from "./_expect.ts";
import { withEveryImplementation } from "./_implementations.ts";

type Shape = readonly [number, number, number, number];

function smooth(values: ArrayLike<number>, shape: Shape, passes: number): Float32Array {
  const x = tf.tensor(Float32Array.from(values), [...shape]);
  const smoothed = smoothVolumes(x, passes);
  assert.deepEqual(smoothed.shape, shape);
  assert.deepEqual([...x.dataSync()], Array.from(values), "the input was changed");
  return smoothed.dataSync() as Float32Array;
}

Deno.test("smoothVolumes() spreads a voxel as [1, 2, 1]/4 along every axis", async () => {
  await withEveryImplementation("SmoothVolumes", () => {
    const values = new Float32Array(3 * 3 * 3);
    values[13] = 64;
    const smoothed = smooth(values, [1, 3, 3, 3], 1);
    assert.deepEqual([...smoothed.subarray(9, 18)], [2, 4, 2, 4, 8, 4, 2, 4, 2]);
    assert.deepEqual([...smoothed.subarray(0, 9)], [1, 2, 1, 2, 4, 2, 1, 2, 1]);
  });
});

Deno.test("smoothVolumes() keeps a constant, also at the edges, and volumes apart", async () => {
  await withEveryImplementation("SmoothVolumes", () => {
    const values = new Float32Array(2 * 2 * 3 * 5).fill(7, 30);
    assert.deepEqual([...smooth(values, [2, 2, 3, 5], 3)], [...values]);
  });
});

Deno.test("smoothVolumes() without a pass returns a copy", async () => {
  await withEveryImplementation("SmoothVolumes", () => {
    const values = Float32Array.from({ length: 8 }, (_, i) => i);
    assert.deepEqual([...smooth(values, [1, 2, 2, 2], 0)], [...values]);
  });
});

Deno.test("smoothVolumes() wipes out what alternates from voxel to voxel", async () => {
  await withEveryImplementation("SmoothVolumes", () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => i % 2 ? 1 : -1);
    assert.ok(smooth(values, [1, 1, 1, 64], 1).subarray(1, 63).every((value) => value === 0));
  });
});

Deno.test("smoothVolumes() gives the same on all implementations, sizes of one and two included", async () => {
  const shapes: Shape[] = [[1, 1, 1, 1], [2, 2, 1, 2], [1, 1, 2, 3], [3, 5, 4, 13], [2, 40, 33, 37]];
  for (const shape of shapes) {
    const random = randomStream(1, "smooth", ...shape);
    const size = shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: size }, () => random.normal());
    await selectBackend("reference");
    const expected = tf.tidy(() => smooth(values, shape, 2));
    await withEveryImplementation("SmoothVolumes", () => {
      const { error, text } = relativeError(smooth(values, shape, 2), expected);
      assert.ok(error <= 1e-6, `[${shape}]: ${text}`);
    });
  }
});

Deno.test("smoothVolumes() throws when x is not 4-D", () => {
  const message = "Cannot apply smoothVolumes: expected x of shape [*, *, *, *], got [2, 3]";
  assertRefused(() => smoothVolumes(tf.zeros([2, 3]), 1), "TypeError", message);
});
