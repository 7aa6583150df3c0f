/** Mirror images: all eight, and their order in memory. */
import assert from "node:assert/strict";
import { ALL_MIRRORS, mirroredWalk, NO_MIRROR } from "../../lib/inference/mod.ts";

Deno.test("ALL_MIRRORS are the eight different ones, the window as it is first", () => {
  assert.deepEqual(ALL_MIRRORS[0], NO_MIRROR);
  assert.equal(new Set(ALL_MIRRORS.map(String)).size, 8);
});

Deno.test("mirroredWalk() reads a window from its other end along the mirrored axes", () => {
  const read = (mirror: (typeof ALL_MIRRORS)[number]): number[] => {
    const { first, steps } = mirroredWalk([3, 2, 1], mirror);
    return [0, 1].flatMap((y) => [0, 1, 2].map((x) => first + x * steps[0] + y * steps[1]));
  };
  assert.deepEqual(read([false, false, false]), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(read([true, false, false]), [2, 1, 0, 5, 4, 3]);
  assert.deepEqual(read([false, true, true]), [3, 4, 5, 0, 1, 2]);
});
