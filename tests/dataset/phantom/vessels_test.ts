import assert from "node:assert/strict";
import { TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { drawVessels, fillVessels } from "../../../lib/dataset/phantom/vessels.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose, buildHead, tissueShares, worstFractionSum } from "./_tools.ts";

Deno.test("drawVessels() draws connected courses of 1–5 mm calibre on both sides", () => {
  const { deformation } = buildHead(1, 32);
  const vessels = drawVessels(randomStream(1, "vessels"), deformation);
  assert.ok(vessels.length > 300);
  for (const { radii } of vessels) assert.ok(radii.every((radius) => radius >= 0.39 && radius <= 2.5));
  assert.ok(vessels.some(({ to }) => to[0] > 40) && vessels.some(({ to }) => to[0] < -40));
});

Deno.test("fillVessels() takes blood's share from the other tissues", () => {
  const { tissues, deformation } = buildHead(2, 32);
  fillVessels(tissues, drawVessels(randomStream(2, "vessels"), deformation));
  const { blood } = tissueShares(tissues);
  assert.ok(blood > 0.001 && blood < 0.03, `${blood}`);
  assert.ok(worstFractionSum(tissues) < 1e-5);
});

Deno.test("fillVessels() preserves the cross-section of a vessel thinner than a voxel", () => {
  const volume = (halfLength: number): number => {
    const { tissues } = buildHead(3, 32);
    fillVessels(tissues, [{ from: [-halfLength, 0, 20], to: [halfLength, 0, 20], radii: [1, 1] }]);
    return tissueShares(tissues).blood * tissues.voxels.length * 6 ** 3;
  };
  // The difference of two lengths is free of the ends.
  assertClose(volume(30) - volume(6), Math.PI * 48, 15);
});

Deno.test("fillVessels() leaves the map as it is when there are none", () => {
  const { tissues } = buildHead(3, 32), copy = tissues.fractions.slice();
  fillVessels(tissues, []);
  assert.deepEqual(tissues.fractions, copy);
  assert.equal(tissues.fractions.length, tissues.voxels.length * TISSUES.length);
});
