import assert from "node:assert/strict";
import { TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { drawVessels, fillVessels, VESSEL_TISSUES } from "../../../lib/dataset/phantom/vessels.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose, buildHead, tissueShares, worstFractionSum } from "./_tools.ts";

Deno.test("drawVessels() draws connected courses of 1–5 mm calibre on both sides", () => {
  const { deformation } = buildHead(1, 32);
  const vessels = drawVessels(randomStream(1, "vessels"), { tissue: "blood", deformation });
  assert.ok(vessels.length > 300);
  for (const { radii } of vessels) assert.ok(radii.every((radius) => radius >= 0.39 && radius <= 2.5));
  assert.ok(vessels.some(({ to }) => to[0] > 40) && vessels.some(({ to }) => to[0] < -40));
});

Deno.test("drawVessels() lets the sagittal sinus run over the vertex and the plexus lie in the ventricles", () => {
  const { deformation } = buildHead(1, 32);
  const veins = drawVessels(randomStream(1, "veins"), { tissue: "veins", deformation });
  assert.ok(veins.some(({ to, radii }) => Math.abs(to[0]) < 8 && to[2] > 50 && radii[1] > 1.5));
  const plexus = drawVessels(randomStream(1, "plexus"), { tissue: "choroidPlexus", deformation });
  assert.equal(plexus.length, 8);
  for (const { to } of plexus) assert.ok(Math.abs(to[0]) > 5 && Math.abs(to[0]) < 42 && Math.abs(to[2]) < 30);
});

Deno.test("fillVessels() takes the share of each kind of vessel from the other tissues", () => {
  const { tissues, deformation } = buildHead(2, 32);
  for (const tissue of VESSEL_TISSUES) {
    fillVessels(tissues, { vessels: drawVessels(randomStream(2, tissue), { tissue, deformation }), tissue });
  }
  const shares = tissueShares(tissues);
  for (const tissue of VESSEL_TISSUES) {
    assert.ok(shares[tissue] > 0.0005 && shares[tissue] < 0.03, `${tissue} ${shares[tissue]}`);
  }
  assert.ok(worstFractionSum(tissues) < 1e-5);
});

Deno.test("fillVessels() preserves the cross-section of a vessel thinner than a voxel", () => {
  const volume = (halfLength: number): number => {
    const { tissues } = buildHead(3, 32);
    fillVessels(tissues, {
      vessels: [{ from: [-halfLength, 0, 20], to: [halfLength, 0, 20], radii: [1, 1] }],
      tissue: "blood",
    });
    return tissueShares(tissues).blood * tissues.voxels.length * 6 ** 3;
  };
  // The difference of two lengths is free of the ends.
  assertClose(volume(30) - volume(6), Math.PI * 48, 15);
});

Deno.test("fillVessels() leaves the map as it is when there are none", () => {
  const { tissues } = buildHead(3, 32), copy = tissues.fractions.slice();
  fillVessels(tissues, { vessels: [], tissue: "veins" });
  assert.deepEqual(tissues.fractions, copy);
  assert.equal(tissues.fractions.length, tissues.voxels.length * TISSUES.length);
});
