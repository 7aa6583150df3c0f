import assert from "node:assert/strict";
import { phantomAffine, phantomSpacing } from "../../../lib/dataset/phantom/mod.ts";
import { spacingOf, voxelToWorld } from "../../../lib/geometry.ts";

Deno.test("phantomSpacing() is 3 mm at 64, 1.5 mm at 128 and 4.8 mm at 40", () => {
  assert.deepEqual([64, 128, 40].map(phantomSpacing), [3, 1.5, 4.8]);
});

Deno.test("phantomAffine() is RAS+ and isotropic and puts the origin at the centre of the cube", () => {
  for (const size of [40, 63]) {
    const affine = phantomAffine(size), first = voxelToWorld(affine, [0, 0, 0]);
    const last = voxelToWorld(affine, [size - 1, size - 1, size - 1]);
    assert.deepEqual(spacingOf(affine), [192 / size, 192 / size, 192 / size]);
    for (const axis of [0, 1, 2]) {
      assert.ok(last[axis] > first[axis]);
      assert.ok(Math.abs(first[axis] + last[axis]) < 1e-9);
    }
  }
});
