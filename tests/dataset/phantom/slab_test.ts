import assert from "node:assert/strict";
import { drawAngiographySlabs, relativeFlipAngle } from "../../../lib/dataset/phantom/slab.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose } from "./_tools.ts";

Deno.test("drawAngiographySlabs() covers 90–105 mm from the skull base up in 3 or 4 slabs", () => {
  const drawn = Array.from({ length: 50 }, (_, scan) => drawAngiographySlabs(randomStream(1, "slabs", scan)));
  for (const { lowMm, highMm } of drawn) {
    assert.ok(lowMm >= -68 && lowMm < -56);
    assert.ok(highMm - lowMm >= 90 && highMm - lowMm <= 105);
  }
  assert.deepEqual(new Set(drawn.map(({ count }) => count)), new Set([3, 4]));
});

Deno.test("relativeFlipAngle() is 0 outside the slabs and rises through each, against hand values", () => {
  const slabs = { lowMm: -60, highMm: 40, count: 2, ramp: 1.5 };
  for (const z of [-61, 40, 70]) assert.equal(relativeFlipAngle(z, slabs), 0);
  // 2 · (1 + 0.5·t) / 2.5 at t = 1/4, 1/2 and 3/4 of the first slab, and again in the second.
  for (const start of [-60, -10]) {
    assertClose(relativeFlipAngle(start + 12.5, slabs), 0.9, 1e-12);
    assertClose(relativeFlipAngle(start + 25, slabs), 1, 1e-12);
    assertClose(relativeFlipAngle(start + 37.5, slabs), 1.1, 1e-12);
    assert.ok(relativeFlipAngle(start + 0.1, slabs) < 0.6, "the pulse's profile falls off at the edge");
  }
});
