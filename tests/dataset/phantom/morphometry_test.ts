import assert from "node:assert/strict";
import { drawMorphometry } from "../../../lib/dataset/phantom/morphometry.ts";
import { randomStream } from "../../../lib/random.ts";

const HEADS = Array.from({ length: 200 }, (_, index) => drawMorphometry(randomStream(1, "heads", index)));

Deno.test("drawMorphometry() keeps every head inside the field of view", () => {
  // 84 mm is half the length of the mean brain.
  for (const { scale } of HEADS) for (const factor of scale) assert.ok(factor > 0.85 && factor * 84 < 96, `${factor}`);
});

Deno.test("drawMorphometry() ties ventricles, sulci and cortex to atrophy", () => {
  const young = HEADS.filter(({ atrophy }) => atrophy < 0.2), old = HEADS.filter(({ atrophy }) => atrophy > 0.7);
  assert.ok(young.length > 20 && old.length > 20);
  const mean = (heads: typeof HEADS, pick: (head: typeof HEADS[0]) => number): number =>
    heads.reduce((sum, head) => sum + pick(head), 0) / heads.length;
  assert.ok(mean(old, (head) => head.ventricleScale) > 1.3 * mean(young, (head) => head.ventricleScale));
  assert.ok(mean(old, (head) => head.sulcalHalfWidthMm) > mean(young, (head) => head.sulcalHalfWidthMm) + 0.3);
  assert.ok(mean(old, (head) => head.corticalThicknessMm) < mean(young, (head) => head.corticalThicknessMm) - 0.15);
});
