import assert from "node:assert/strict";
import { FoldingPattern } from "../../../lib/dataset/phantom/folding.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose } from "./_tools.ts";

/** Values along a line through the field of view, every half millimetre. */
function profile(folds: FoldingPattern, axis: number): number[] {
  return Array.from({ length: 321 }, (_, i) => {
    const point: [number, number, number] = [11, -7, 5];
    point[axis] = -80 + i / 2;
    return folds.at(...point);
  });
}

Deno.test("FoldingPattern.at() crosses zero about every √3/2 wavelengths along a line", () => {
  let crossings = 0;
  for (let seed = 0; seed < 8; seed++) {
    const folds = new FoldingPattern(randomStream(seed, "folds"), 24);
    for (const axis of [0, 1, 2]) {
      const values = profile(folds, axis);
      crossings += values.filter((value, i) => i > 0 && value * values[i - 1] < 0).length;
    }
  }
  assertClose(24 * 160 / crossings, Math.sqrt(3) / 2 * 24, 3);
});

Deno.test("FoldingPattern.at() is a bounded distance whose slope near a sheet is at most about 1", () => {
  const folds = new FoldingPattern(randomStream(1, "folds"), 24);
  for (const axis of [0, 1, 2]) {
    const values = profile(folds, axis);
    values.forEach((value, i) => {
      assert.ok(Math.abs(value) <= 24 * Math.sqrt(3) / 4);
      if (i > 0 && Math.abs(value) < 1) assert.ok(Math.abs(value - values[i - 1]) < 0.5 * 1.5, `${value} at ${i}`);
    });
  }
});

Deno.test("FoldingPattern.at() is continued by its border outside the field of view", () => {
  const folds = new FoldingPattern(randomStream(2, "folds"), 24);
  assert.equal(folds.at(500, 3, 4), folds.at(400, 3, 4));
  assert.equal(folds.at(3, -500, 4), folds.at(3, -97, 4));
});

Deno.test("FoldingPattern differs between seeds", () => {
  const [a, b] = [1, 2].map((seed) => profile(new FoldingPattern(randomStream(seed, "folds"), 24), 0));
  assert.notDeepEqual(a, b);
});
