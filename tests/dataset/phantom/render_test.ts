/** One modality's image of a phantom, through the generator that builds its scene. */
import assert from "node:assert/strict";
import { generatePhantomSubject } from "../../../lib/dataset/phantom/mod.ts";

const subject = generatePhantomSubject({
  seed: 3,
  index: 1,
  size: 24,
  modalities: ["t1", "t2", "adc"],
  lesion: "none",
});

Deno.test("renderModality() gives whole numbers, 0 outside the brain and at least 1 inside, none above 16 bits", () => {
  for (const { modality, volume } of subject.images) {
    const inside = volume.data.filter((value) => value !== 0);
    assert.ok(volume.data.every(Number.isInteger), modality);
    assert.ok(inside.length > 1000 && inside.length < volume.data.length / 2, `${modality}: ${inside.length} voxels`);
    assert.ok(inside.every((value) => value >= 1 && value <= 32767), modality);
  }
});

Deno.test("renderModality() draws a modality alike, whatever others are rendered with it", () => {
  const options = { seed: 3, index: 1, size: 24, lesion: "none" } as const;
  const alone = generatePhantomSubject({ ...options, modalities: ["t2"] }).images[0].volume;
  const together = subject.images.find(({ modality }) => modality === "t2")!.volume;
  assert.deepEqual(alone.data, together.data);
});
