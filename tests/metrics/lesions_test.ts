/** Lesions by hand: boxes along a strip. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { lesionScores } from "../../lib/metrics/mod.ts";

const SIZE: Triple = [20, 3, 3];
const GRID = { size: SIZE, spacingMm: [1, 1, 1] } as const;

/** A strip in which `#` is set. */
function strip(text: string): Uint8Array {
  const mask = new Uint8Array(180);
  [...text].forEach((char, x) => mask[x + 20 * (1 + 3)] = char === "#" ? 1 : 0);
  return mask;
}

Deno.test("lesionScores() takes the mean of found, missed and invented lesions", () => {
  const reference = strip("####....##...##.....");
  const prediction = strip(".####...#.........##");
  assert.deepEqual(lesionScores(prediction, reference, GRID), {
    reference: 3,
    predicted: 3,
    found: 2,
    falsePositives: 1,
    f1: 4 / 6,
    dice: (6 / 8 + 2 / 3 + 0 + 0) / 4,
  });
});

Deno.test("lesionScores() joins all predicted lesions that overlap one of the reference", () => {
  const { dice, f1, falsePositives } = lesionScores(strip("##.##..#"), strip("#####..."), GRID);
  assert.deepEqual([dice, f1, falsePositives], [(8 / 9) / 2, 2 / 3, 1]);
});

Deno.test("lesionScores() compares each reference lesion with a predicted one that overlaps both", () => {
  const { dice, found, predicted } = lesionScores(strip("######"), strip("##..##"), GRID);
  assert.deepEqual([dice, found, predicted], [4 / 8, 2, 1]);
});

Deno.test("lesionScores() of one lesion, found as it is, is 1, and of no lesion at all undefined", () => {
  const perfect = lesionScores(strip("..###"), strip("..###"), GRID);
  assert.deepEqual([perfect.dice, perfect.f1], [1, 1]);
  assert.deepEqual(lesionScores(strip(""), strip(""), GRID), {
    reference: 0,
    predicted: 0,
    found: 0,
    falsePositives: 0,
    f1: NaN,
    dice: NaN,
  });
});

Deno.test("lesionScores() is 0 when either mask is empty", () => {
  for (const [a, b] of [["#", ""], ["", "#"]]) {
    const { dice, f1 } = lesionScores(strip(a), strip(b), GRID);
    assert.deepEqual([dice, f1], [0, 0]);
  }
});

Deno.test("lesionScores() tells lesions apart by the neighbourhood", () => {
  const mask = new Uint8Array(180);
  for (const [x, y] of [[4, 0], [5, 1]]) mask[x + 20 * y] = 1;
  const count = (neighbourhood?: 6 | 26): number => lesionScores(mask, mask, { ...GRID, neighbourhood }).reference;
  assert.deepEqual([count(6), count(26), count()], [2, 1, 1]);
});

Deno.test("lesionScores() throws when a mask does not fill the grid", () => {
  assert.throws(() => lesionScores(strip(""), new Uint8Array(3), GRID), {
    name: "TypeError",
    message: "Cannot compare masks: expected 180 voxels of (20, 3, 3), got 3",
  });
});
