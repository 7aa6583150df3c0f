import assert from "node:assert/strict";
import { brainDistance } from "../../../lib/dataset/phantom/anatomy.ts";
import { TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { buildHead, meanWhere, tissueShares, worstFractionSum } from "./_tools.ts";

Deno.test("mapTissues() gives fractions that are not negative and add up to 1", () => {
  assert.ok(worstFractionSum(buildHead(1, 32).tissues) < 1e-5);
});

Deno.test("mapTissues() yields the volumes of a brain: about 1.3 litres, more grey than white matter", () => {
  for (const seed of [1, 2, 3]) {
    const { tissues } = buildHead(seed, 32);
    const litres = tissues.voxels.length * 6 ** 3 / 1e6, shares = tissueShares(tissues);
    assert.ok(litres > 1 && litres < 1.75, `${litres} l`);
    assert.ok(shares.grey > shares.white && shares.white > 0.2 && shares.csf > 0.1 && shares.csf < 0.4);
    assert.ok(shares.deepGrey > 0.005 && shares.enhancing === 0 && shares.infarct === 0 && shares.blood === 0);
  }
});

Deno.test("mapTissues() describes the same brain at two resolutions", () => {
  const [coarse, fine] = [32, 48].map((size) => tissueShares(buildHead(4, size).tissues));
  for (const tissue of ["csf", "grey", "white", "deepGrey"] as const) {
    assert.ok(Math.abs(coarse[tissue] - fine[tissue]) < 0.05, `${tissue}: ${coarse[tissue]}, ${fine[tissue]}`);
  }
});

Deno.test("mapTissues() lists voxels in ascending order, none on the border of the cube", () => {
  const { voxels, size } = buildHead(5, 32).tissues;
  voxels.forEach((voxel, n) => {
    if (n > 0) assert.ok(voxel > voxels[n - 1]);
    for (const axis of [voxel % size, Math.floor(voxel / size) % size, Math.floor(voxel / size ** 2)]) {
      assert.ok(axis > 0 && axis < size - 1);
    }
  });
});

Deno.test("mapTissues() leaves a film of dura on the surface and none inside", () => {
  const { tissues, deformation } = buildHead(6, 32), dura = TISSUES.indexOf("dura");
  const share = (near: (distance: number) => boolean): number => {
    const rows = [...tissues.voxels.keys()].filter((n) => {
      const i = tissues.voxels[n];
      return near(brainDistance(deformation.x[i], deformation.y[i], deformation.z[i]));
    });
    return meanWhere(rows.map((n) => tissues.fractions[n * TISSUES.length + dura]), () => true);
  };
  assert.ok(share((distance) => distance > -0.5) > 0.4);
  assert.ok(share((distance) => distance < -10) < 0.001);
});
