import assert from "node:assert/strict";
import { groupsOf, padded, placesOf, sourceOfMany } from "../../../lib/tensor/webgpu/many_arrays.ts";

Deno.test("groupsOf() keeps arrays of whole vectors apart and groups small enough", () => {
  assert.deepEqual(groupsOf([4, 3, 8, 12, 1, 16], 3), [
    { indices: [0, 2, 3], width: 4 },
    { indices: [5], width: 4 },
    { indices: [1, 4], width: 1 },
  ]);
  assert.deepEqual(groupsOf([], 3), []);
});

Deno.test("placesOf() gives every array its run of workgroups", () => {
  assert.deepEqual(placesOf([10, 1, 8], { most: 4, values: 4 }), { places: [10, 0, 1, 3, 8, 4, 0, 0], workgroups: 6 });
  assert.deepEqual(padded([1, 2], 3), [1, 2, 0]);
});

Deno.test("sourceOfMany() repeats the part for every array and chooses among them", () => {
  const part = "@binding(BINDING0) xINDEX; @binding(BINDING1) yINDEX; fn runINDEX() {}";
  assert.equal(
    sourceOfMany({ common: "// all", part }, [[1, 3], [2, 4]]),
    [
      "// all",
      "const COUNT = 2u;",
      "@binding(1) x0; @binding(3) y0; fn run0() {}",
      "@binding(2) x1; @binding(4) y1; fn run1() {}",
      "fn run(index: u32, start: u32, end: u32, thread: u32) {",
      "  switch index {",
      "    case 0: { run0(start, end, thread); }",
      "    case 1: { run1(start, end, thread); }",
      "    default: {}",
      "  }",
      "}",
    ].join("\n"),
  );
});
