/** Folding blocks of voxels into channels and back, by hand, and the errors. */
import { depthToSpace3d, selectBackend, spaceToDepth3d, tf } from "../../../lib/tensor/mod.ts";
import { assertRefused, assertValues, range } from "./_expect.ts";

await selectBackend("reference");

/** A volume [1, 2, 2, 4, 1] that counts its voxels, and its two blocks with corners ordered (d, h, w). */
const FINE = { shape: [1, 2, 2, 4, 1], values: range(16) };
const FOLDED = { shape: [1, 1, 1, 2, 8], values: [0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15] };

Deno.test("spaceToDepth3d() and depthToSpace3d() order corners (d, h, w) and are inverse", () => {
  assertValues(spaceToDepth3d(tf.tensor(FINE.values, FINE.shape)), FOLDED.shape, FOLDED.values);
  assertValues(depthToSpace3d(tf.tensor(FOLDED.values, FOLDED.shape)), FINE.shape, FINE.values);
});

Deno.test("spaceToDepth3d() keeps a voxel's channels together", () => {
  assertValues(spaceToDepth3d(tf.tensor(range(24), [1, 2, 2, 2, 3])), [1, 1, 1, 1, 24], range(24));
});

Deno.test("spaceToDepth3d() and depthToSpace3d() throw when x is not 5-D or does not divide", () => {
  const five = (op: string): string => `Cannot apply ${op}: expected x of shape [*, *, *, *, *], got [2, 8]`;
  assertRefused(() => spaceToDepth3d(tf.zeros([2, 8])), "TypeError", five("spaceToDepth3d"));
  assertRefused(() => depthToSpace3d(tf.zeros([2, 8])), "TypeError", five("depthToSpace3d"));
  const odd = "Cannot apply spaceToDepth3d: expected even depth, height and width, got [1, 2, 3, 2, 1]";
  assertRefused(() => spaceToDepth3d(tf.zeros([1, 2, 3, 2, 1])), "RangeError", odd);
  const channels = "Cannot apply depthToSpace3d: expected channels divisible by 8, got [1, 2, 2, 2, 12]";
  assertRefused(() => depthToSpace3d(tf.zeros([1, 2, 2, 2, 12])), "RangeError", channels);
});
