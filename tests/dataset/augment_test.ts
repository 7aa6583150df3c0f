import assert from "node:assert/strict";
import {
  augmentSample,
  changeIntensity,
  drawChannels,
  drawFlips,
  drawIntensity,
  flipSample,
  substituteTemplates,
} from "../../lib/dataset/augment.ts";
import { randomStream } from "../../lib/random.ts";
import { countedSample } from "./_labelled.ts";

const OFF = { flip: "none", flipProbability: 0.5, shift: 0, scale: 0, templateChannels: 0 } as const;
const PLACE = { seed: 1, epoch: 0, subject: 0 };

/** A template of 3×2×2 voxels, 100 + its index. */
const TEMPLATE = {
  modality: "t2",
  size: [3, 2, 2] as const,
  data: Float32Array.from({ length: 12 }, (_, i) => 100 + i),
};

Deno.test("flipSample() mirrors images, label and padding along the axes asked for, as by hand", () => {
  const alongX = flipSample(countedSample(), [true, false, false]);
  assert.deepEqual([...alongX.voxels], [1, 0, 3, 2, 5, 4, 7, 6, 11, 10, 13, 12, 15, 14, 17, 16]);
  assert.deepEqual([...alongX.label!], [1, 0, 3, 2, 5, 4, 7, 6]);
  assert.deepEqual(alongX.inside, { start: [0, 0, 0], end: [1, 2, 2] });
  assert.deepEqual([...flipSample(countedSample(), [false, true, false]).label!], [2, 3, 0, 1, 6, 7, 4, 5]);
  assert.deepEqual([...flipSample(countedSample(), [false, false, true]).label!], [4, 5, 6, 7, 0, 1, 2, 3]);
  const all = flipSample(countedSample(), [true, true, true]);
  assert.deepEqual([...all.voxels.subarray(8)], [17, 16, 15, 14, 13, 12, 11, 10]);
});

Deno.test("flipSample() twice is the sample itself, and the first one is left alone", () => {
  const sample = countedSample();
  assert.deepEqual(flipSample(flipSample(sample, [true, false, true]), [true, false, true]), countedSample());
  assert.deepEqual(sample, countedSample());
  assert.equal(flipSample(sample, [false, false, false]), sample);
});

Deno.test("drawFlips() tosses one coin for all axes, or one for each", () => {
  const draw = (kind: "together" | "each", probability = 0.5): string[] =>
    Array.from({ length: 200 }, (_, i) => drawFlips(randomStream(2, "f", i), { kind, probability }).join());
  const together = draw("together");
  assert.deepEqual(new Set(together), new Set(["true,true,true", "false,false,false"]));
  const share = together.filter((axes) => axes.startsWith("true")).length / 200;
  assert.ok(share > 0.4 && share < 0.6, `${share}`);
  assert.equal(new Set(draw("each")).size, 8);
  assert.deepEqual(new Set(draw("each", 1)), new Set(["true,true,true"]));
  assert.deepEqual(drawFlips(randomStream(2, "f"), { kind: "none", probability: 1 }), [false, false, false]);
});

Deno.test("changeIntensity() shifts, then scales, all channels alike and the label not", () => {
  const changed = changeIntensity(countedSample(), { offset: 0.5, factor: 2 });
  assert.deepEqual([...changed.voxels.subarray(0, 3)], [1, 3, 5]);
  assert.deepEqual([...changed.voxels.subarray(8, 10)], [21, 23]);
  assert.deepEqual([...changed.label!], [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("drawIntensity() stays within its bounds and fills them", () => {
  const drawn = Array.from(
    { length: 300 },
    (_, i) => drawIntensity(randomStream(3, "i", i), { shift: 0.1, scale: 0.2 }),
  );
  const offsets = drawn.map(({ offset }) => offset), factors = drawn.map(({ factor }) => factor);
  assert.ok(Math.min(...offsets) >= -0.1 && Math.min(...offsets) < -0.095 && Math.max(...offsets) > 0.095);
  assert.ok(Math.min(...factors) >= 0.8 && Math.min(...factors) < 0.81 && Math.max(...factors) > 1.19);
});

Deno.test("drawChannels() draws 0 to most distinct channels, each number about as often", () => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 400; i++) {
    const channels = drawChannels(randomStream(4, "c", i), { most: 3, count: 4 });
    assert.equal(new Set(channels).size, channels.length);
    assert.ok(channels.every((channel) => channel >= 0 && channel < 4));
    counts[channels.length]++;
  }
  assert.ok(counts.every((count) => count > 70), counts.join());
  assert.ok(drawChannels(randomStream(4, "c"), { most: 9, count: 2 }).length <= 2);
});

Deno.test("substituteTemplates() fills whole channels where crop and template reach, by their places", () => {
  // Crop voxel (x, y, z) lies on template voxel (x + 1, y, z); x = 0 of the crop is padding.
  const sample = countedSample({ templateStart: [1, 0, 0] });
  const { voxels } = substituteTemplates(sample, { channels: [1], templates: [TEMPLATE] });
  assert.deepEqual([...voxels.subarray(0, 8)], [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...voxels.subarray(8)], [10, 102, 12, 105, 14, 108, 16, 111]);
  assert.equal(sample.voxels[9], 11);
});

Deno.test("substituteTemplates() puts 0 beyond the template, and says which modality has none", () => {
  const beyond = countedSample({ templateStart: [2, 0, 0] });
  const { voxels } = substituteTemplates(beyond, { channels: [1], templates: [TEMPLATE] });
  assert.deepEqual([...voxels.subarray(8, 10)], [10, 0]);
  assert.throws(() => substituteTemplates(countedSample(), { channels: [0], templates: [TEMPLATE] }), {
    name: "RangeError",
    message: 'Cannot substitute template: expected one of t2, got "t1"',
  });
});

Deno.test("augmentSample() gives the same for the same place, another for another, and nothing when all is off", () => {
  const options = { ...OFF, flip: "each", shift: 0.1, scale: 0.1 } as const;
  const at = (epoch: number): unknown => {
    return augmentSample(countedSample(), { ...options, templates: [], place: { ...PLACE, epoch } });
  };
  assert.deepEqual(at(0), at(0));
  assert.equal(new Set([0, 1, 2, 3].map((epoch) => JSON.stringify(at(epoch)))).size, 4);
  assert.deepEqual(augmentSample(countedSample(), { ...OFF, templates: [], place: PLACE }), countedSample());
});

Deno.test("augmentSample() makes copies that differ in substituted channels alone", () => {
  const templates = [TEMPLATE, { ...TEMPLATE, modality: "t1" }];
  const options = { ...OFF, flip: "each", flipProbability: 1, shift: 0.1, scale: 0.1, templateChannels: 2 } as const;
  const differing = Array.from({ length: 20 }, (_, subject) => {
    const [a, b] = [0, 1].map((copy) => {
      return augmentSample(countedSample(), { ...options, templates, place: { ...PLACE, subject }, copy });
    });
    assert.deepEqual([a.label, a.inside], [b.label, b.inside]);
    return [0, 1].map((c) => a.voxels.slice(8 * c, 8 * c + 8).some((value, i) => value !== b.voxels[8 * c + i]));
  });
  for (const channel of [0, 1]) {
    const count = differing.filter((channels) => channels[channel]).length;
    assert.ok(count > 0 && count < 20, `${count}`);
  }
});
