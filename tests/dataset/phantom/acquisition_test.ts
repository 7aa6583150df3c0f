import assert from "node:assert/strict";
import { MODALITIES, type Modality } from "../../../lib/dataset/modality.ts";
import { type Acquisition, drawAcquisition } from "../../../lib/dataset/phantom/acquisition.ts";
import { drawProtocol } from "../../../lib/dataset/phantom/protocol.ts";
import { randomStream } from "../../../lib/random.ts";

function acquisitions(modality: Modality, size: number): Acquisition[] {
  return Array.from({ length: 60 }, (_, scan) => {
    const protocol = drawProtocol(randomStream(1, "scanner", scan));
    return drawAcquisition(randomStream(1, modality, scan), { modality, protocol, size });
  });
}

Deno.test("drawAcquisition() measures slices of 3–6 mm in voxels, mostly axial", () => {
  const stacks = acquisitions("t2", 192).flatMap(({ slices }) => slices ?? []);
  assert.ok(stacks.length > 36 && stacks.length < 58, `${stacks.length} are 2-D`);
  for (const { thickness, pitch, offset } of stacks) {
    // One voxel is 1 mm, and has its share in the thickness already.
    assert.ok(thickness >= Math.sqrt(8) && thickness <= Math.sqrt(35));
    assert.ok(pitch > thickness && pitch <= 1.2 * Math.hypot(thickness, 1) && offset < pitch);
  }
  assert.deepEqual(new Set(stacks.map(({ axis }) => axis)), new Set([0, 1, 2]));
  assert.ok(stacks.filter(({ axis }) => axis === 2).length > 0.5 * stacks.length);
});

Deno.test("drawAcquisition() lets a T1-weighted spin echo be 2-D, a gradient echo 3-D", () => {
  acquisitions("t1", 192).forEach(({ slices }, scan) => {
    const { kind } = drawProtocol(randomStream(1, "scanner", scan)).t1;
    assert.equal(slices !== null, kind === "spinEcho");
  });
});

Deno.test("drawAcquisition() has no thick slices where voxels are as thick", () => {
  for (const { slices } of acquisitions("flair", 32)) assert.equal(slices, null);
});

Deno.test("drawAcquisition() distorts diffusion images only, by 1.5–3 mm in either direction", () => {
  for (const modality of MODALITIES) {
    const peaks = acquisitions(modality, 40).map(({ echoPlanarPeakMm }) => echoPlanarPeakMm);
    if (modality !== "dwi" && modality !== "adc") {
      assert.ok(peaks.every((peak) => peak === 0), modality);
    } else {
      assert.ok(peaks.every((peak) => Math.abs(peak) >= 1.5 && Math.abs(peak) <= 3), modality);
      assert.deepEqual(new Set(peaks.map(Math.sign)), new Set([-1, 1]));
    }
  }
});

Deno.test("drawAcquisition() gives every modality a field, a noise level and an error of its own", () => {
  const drawn = MODALITIES.map((modality) => acquisitions(modality, 40)[0]);
  for (const pick of ["snr", "bias", "error"] as const) {
    assert.equal(new Set(drawn.map((acquisition) => JSON.stringify(acquisition[pick]))).size, 8, pick);
  }
});
