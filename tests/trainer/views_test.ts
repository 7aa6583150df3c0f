import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";
import { Templates } from "../../lib/templates/mod.ts";
import type { Target } from "../../lib/trainer/targets.ts";
import { buildViews, disposePass, gatherPass } from "../../lib/trainer/views.ts";
import type { ViewSample } from "../../lib/trainer/views.ts";

await selectBackend("reference");

const PLACE = { seed: 5, epoch: 7, index: 2 };
const MASK = { maskRatio: 0.5, blockSize: 1 };

/** Crops of 3×2×1 voxels: channel c of subject s holds 100·s + 10·c + 1, 2, … */
function samples(): ViewSample[] {
  const numbered = (subject: number, modalities: string[]): ViewSample => ({
    modalities,
    voxels: Float32Array.from({ length: 6 * modalities.length }, (_, i) => {
      return 100 * subject + 10 * Math.floor(i / 6) + i % 6 + 1;
    }),
    cropSize: [3, 2, 1],
    templateStart: [1, 0, 0],
  });
  return [numbered(0, ["t1", "t2"]), numbered(1, ["t2"])];
}

function target(changes: Partial<Target>): Target {
  const { sample = 0 } = changes;
  return { sample, position: sample, channel: 0, source: 1, share: 1, hasPartner: true, ...changes };
}

function volume(...values: number[]): Tensor5D {
  return tf.tensor(values, [values.length / 6, 1, 2, 3, 1]);
}

Deno.test("gatherPass() takes the truth, the other modality or zeros, and where the template stands in", () => {
  const targets = [
    target({}),
    target({ channel: 1, source: 0 }),
    target({ sample: 1, source: null, hasPartner: false }),
  ];
  const pass = gatherPass(samples(), { targets, place: PLACE, mask: MASK });
  const { truth, other, templateInstead, masks } = pass;
  for (const tensor of [truth, other, templateInstead!, ...masks]) assert.deepEqual(tensor.shape, [3, 1, 2, 3, 1]);
  const [first, second, third] = [[1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16], [101, 102, 103, 104, 105, 106]];
  assert.deepEqual([...truth.dataSync()], [...first, ...second, ...third]);
  assert.deepEqual([...other.dataSync()], [...second, ...first, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...templateInstead!.dataSync()], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  disposePass(pass);
});

Deno.test("gatherPass() needs no place for the template when every target has its other modality", () => {
  const pass = gatherPass(samples(), { targets: [target({})], place: PLACE, mask: MASK });
  assert.equal(pass.templateInstead, null);
  disposePass(pass);
});

Deno.test("gatherPass() hides half of the blocks, anew for each view, sequence, batch and epoch", () => {
  const draw = (changes: object, channel = 0): string[] => {
    const pass = gatherPass(samples(), {
      targets: [target({ channel, source: 1 - channel })],
      place: { ...PLACE, ...changes },
      mask: MASK,
    });
    const masks = pass.masks.map((mask) => mask.dataSync().join(""));
    disposePass(pass);
    return masks;
  };
  assert.deepEqual(draw({}), draw({}));
  const all = Array.from({ length: 10 }, (_, i) => [...draw({ epoch: i }), ...draw({ index: i }), ...draw({}, 1)])
    .flat();
  for (const mask of all) assert.match(mask, /^(?=(0*1){3}0*$)[01]{6}$/);
  // 20 choices of 3 out of 6: two views that shared their masks would show half as many.
  assert.ok(new Set(all).size > 10);
  assert.notDeepEqual(draw({}), draw({}, 1));
  assert.notEqual(draw({})[0], draw({})[1]);
});

Deno.test("buildViews() puts the template into the first view, the other modality or the template into the second", () => {
  const before = tf.memory().numTensors;
  const templates = new Templates({ modalities: ["t1", "t2"], size: [4, 2, 1], epsilon: 1e-9 });
  // Min–max normalised: t1 is (0 … 7)/8 with its maximum 1 at the first voxel, t2 is that of t1 mirrored.
  const first = [8, 1, 2, 3, 4, 5, 6, 0], second = first.toReversed();
  tf.tidy(() => templates.variable.assign(tf.tensor([...first, ...second], [2, 1, 2, 4])));
  const inputs = {
    truth: volume(1, 2, 3, 4, 5, 6, 101, 102, 103, 104, 105, 106),
    other: volume(11, 12, 13, 14, 15, 16, 0, 0, 0, 0, 0, 0),
    templateInstead: volume(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1),
    masks: [volume(1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0), volume(0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1)] as const,
  };
  const targets = [target({}), target({ sample: 1, source: null, hasPartner: false })];
  const views = tf.tidy(() => buildViews(inputs, { samples: samples(), targets, templates }));
  assert.deepEqual(views.shape, [4, 1, 2, 3, 1]);
  // From (1, 0, 0) on, 3×2×1 voxels: t1 gives [1 2 3 | 5 6 0]/8, t2 gives [6 5 4 | 2 1 8]/8.
  const expected = [
    [0.125, 2, 0.375, 4, 0.75, 6],
    [0.75, 0.625, 103, 104, 105, 106],
    [1, 2, 13, 14, 5, 16],
    [101, 102, 103, 104, 0.125, 1],
  ].flat();
  views.dataSync().forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-6, `[${i}]: ${value}`));
  views.dispose();
  templates.dispose();
  disposePass(inputs);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
});
