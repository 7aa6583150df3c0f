/** Label maps by hand. */
import assert from "node:assert/strict";
import { regionMask, takeLabels } from "../../lib/metrics/mod.ts";

Deno.test("takeLabels() keeps the values that are allowed, 0 among them", () => {
  assert.deepEqual(takeLabels(Float32Array.of(0, 2, 4, 1), { allowed: [1, 2, 4] }), Uint8Array.of(0, 2, 4, 1));
});

Deno.test("takeLabels() renames values, also to background", () => {
  const rename = { 4: 3, 7: 0 };
  assert.deepEqual(takeLabels(Float32Array.of(4, 7, 0, 1), { allowed: [1, 3], rename }), Uint8Array.of(3, 0, 0, 1));
});

Deno.test("takeLabels() throws for a value that is no label", () => {
  const message = (value: number): string => `Cannot read labels: expected values 0, 1, 3, got ${value}`;
  for (const value of [2, -1, 0.5, 256, NaN]) {
    assert.throws(() => takeLabels([0, value], { allowed: [1, 3] }), { name: "RangeError", message: message(value) });
  }
  // 4 stands for 3, which then does not stand for itself.
  assert.throws(() => takeLabels([3], { allowed: [1, 3], rename: { 4: 3 } }), {
    message: "Cannot read labels: expected values 0, 1, 4, got 3",
  });
});

Deno.test("regionMask() is set where the label is among the region's", () => {
  const labels = Uint8Array.of(0, 1, 2, 3, 255);
  assert.deepEqual(regionMask(labels, [1, 3]), Uint8Array.of(0, 1, 0, 1, 0));
  assert.deepEqual(regionMask(labels, [255]), Uint8Array.of(0, 0, 0, 0, 1));
});
