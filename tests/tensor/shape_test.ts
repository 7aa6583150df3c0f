/** Shapes and the check at the door of every operation. */
import assert from "node:assert/strict";
import { channelsOf, expectShape, selectBackend, shapeOf, sizeOf, tf } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

Deno.test("shapeOf(), channelsOf() and sizeOf() read a tensor's dimensions", () => {
  const x = tf.zeros([2, 3, 5]);
  assert.deepEqual(shapeOf(x), [2, 3, 5]);
  assert.equal(channelsOf(x), 5);
  assert.equal(sizeOf(shapeOf(x)), 30);
  assert.equal(sizeOf([]), 1);
  x.dispose();
});

Deno.test("expectShape() accepts what fits, null standing for any size", () => {
  expectShape("op", "x", { actual: [2, 3], expected: [2, 3] });
  expectShape("op", "x", { actual: [7, 3], expected: [null, 3] });
  expectShape("op", "x", { actual: [], expected: [] });
});

Deno.test("expectShape() throws on another rank or size", () => {
  const cases = [
    { actual: [2, 4], expected: [null, 3], text: "[*, 3], got [2, 4]" },
    { actual: [2], expected: [2, 1], text: "[2, 1], got [2]" },
    { actual: [2, 1, 1], expected: [2, 1], text: "[2, 1], got [2, 1, 1]" },
    { actual: [], expected: [null], text: "[*], got []" },
  ];
  for (const { actual, expected, text } of cases) {
    assert.throws(() => expectShape("crop", "weight", { actual, expected }), {
      name: "TypeError",
      message: `Cannot apply crop: expected weight of shape ${text}`,
    });
  }
});
