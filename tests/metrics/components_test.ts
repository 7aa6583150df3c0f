/** Components of hand-drawn masks. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { connectedComponents, NEIGHBOURHOODS } from "../../lib/metrics/mod.ts";
import { boxMask, maskOf, randomMask, setVoxels } from "./_masks.ts";

const SIZE: Triple = [4, 3, 2];

/** Number of components in each neighbourhood. */
function counts(mask: Uint8Array, size: Triple): number[] {
  return NEIGHBOURHOODS.map((neighbourhood) => connectedComponents(mask, size, neighbourhood).sizes.length);
}

Deno.test("connectedComponents() joins voxels over faces, edges or corners", () => {
  assert.deepEqual(counts(maskOf(SIZE, [[0, 0, 0], [1, 0, 0]]), SIZE), [1, 1, 1]);
  assert.deepEqual(counts(maskOf(SIZE, [[0, 0, 0], [1, 1, 0]]), SIZE), [2, 1, 1]);
  assert.deepEqual(counts(maskOf(SIZE, [[0, 1, 0], [0, 0, 1]]), SIZE), [2, 1, 1]);
  assert.deepEqual(counts(maskOf(SIZE, [[0, 0, 0], [1, 1, 1]]), SIZE), [2, 2, 1]);
  assert.deepEqual(counts(maskOf(SIZE, [[0, 0, 0], [2, 0, 0]]), SIZE), [2, 2, 2]);
});

Deno.test("connectedComponents() does not join the end of a row with the start of the next", () => {
  assert.deepEqual(counts(maskOf(SIZE, [[3, 0, 0], [0, 1, 0]]), SIZE), [2, 2, 2]);
  assert.deepEqual(counts(maskOf(SIZE, [[3, 2, 0], [0, 0, 1]]), SIZE), [2, 2, 2]);
});

Deno.test("connectedComponents() numbers components by their first voxels and counts them", () => {
  const mask = maskOf(SIZE, [[3, 0, 0], [3, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]]);
  const { labels, sizes } = connectedComponents(mask, SIZE, 6);
  assert.deepEqual(sizes, [2, 3]);
  assert.deepEqual([...labels], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 2, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
});

Deno.test("connectedComponents() labels exactly what is set, and never more components with more neighbours", () => {
  const size: Triple = [9, 8, 7];
  const mask = randomMask(size, { seed: 3, share: 0.15 });
  const found = NEIGHBOURHOODS.map((neighbourhood) => connectedComponents(mask, size, neighbourhood));
  for (const { labels, sizes } of found) {
    assert.deepEqual([...labels].map((label) => Number(label > 0)), [...mask]);
    assert.equal(sizes.reduce((sum, count) => sum + count, 0), setVoxels(mask, size).length);
  }
  const [six, eighteen, twentySix] = found.map(({ sizes }) => sizes.length);
  assert(six > eighteen && eighteen > twentySix && twentySix > 1);
});

Deno.test("connectedComponents() of nothing and of everything", () => {
  assert.deepEqual(connectedComponents(new Uint8Array(24), SIZE, 26).sizes, []);
  assert.deepEqual(connectedComponents(boxMask(SIZE, [0, 0, 0], SIZE), SIZE, 6).sizes, [24]);
});

Deno.test("connectedComponents() throws when the mask does not fill the grid", () => {
  assert.throws(() => connectedComponents(new Uint8Array(23), SIZE, 6), {
    name: "TypeError",
    message: "Cannot compare masks: expected 24 voxels of (4, 3, 2), got 23",
  });
});
