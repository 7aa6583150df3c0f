/** From scans to a segmentation and back: orientation, spacing, missing modalities, by stand-in and real networks. */
import assert from "node:assert/strict";
import {
  generatePhantomSubject,
  OFFICIAL_DOWNSTREAM,
  prepareDownstream,
  resampleToGrid,
  type SubjectImage,
} from "../../lib/dataset/mod.ts";
import { type Affine, multiplyAffines, spacingOf, type Triple, type Volume } from "../../lib/geometry.ts";
import { ALL_MIRRORS } from "../../lib/inference/mod.ts";
import { buildSegmentationModel, MODEL_PRESETS } from "../../lib/model/mod.ts";
import { selectBackend, type Tensor5D, tf } from "../../lib/tensor/mod.ts";
import { type ClassificationTask, type SegmentationTask, taskSchema } from "../../recipes/tasks/mod.ts";
import {
  classifySubject,
  cutTemplate,
  type Fill,
  prepareChannels,
  type Segmentation,
  segmentSubject,
} from "../../tasks/_predict_subject.ts";
import { CLASSES, TUMOUR } from "./_finetuned_run.ts";

Deno.test.beforeAll(async () => {
  await selectBackend("simd");
});

const TASK = taskSchema.parse(TUMOUR) as SegmentationTask;
const SIZE = 32;
const PHANTOM = generatePhantomSubject({ seed: 2, index: 5, size: SIZE, modalities: ["t1", "t2"], lesion: "tumour" });
const SCANS: readonly SubjectImage[] = PHANTOM.images.map(({ modality, volume }) => {
  return { modality, file: `${modality}.nii`, volume };
});
const SPACING_MM = spacingOf(SCANS[0].volume.affine)[0];

function prepareAt(
  spacingMm: Triple | null,
): (images: readonly SubjectImage[]) => ReturnType<typeof prepareDownstream> {
  const options = { ...OFFICIAL_DOWNSTREAM, spacingMm, scaleOver: "foreground" } as const;
  return (images) => prepareDownstream({ images }, options);
}

/** A stand-in network: the second channel, t1, is bright (core), and either channel is (whole). */
function threshold(x: Tensor5D): Tensor5D {
  const [t2, t1] = tf.split(x, 2, -1);
  return tf.mul(tf.sub(tf.concat([t1, tf.maximum(t1, t2)], -1), 0.4), 50);
}

function segment(
  images: readonly SubjectImage[],
  { spacingMm = null, predict = threshold }: { spacingMm?: Triple | null; predict?: (x: Tensor5D) => Tensor5D } = {},
): Promise<Segmentation> {
  const windows = { windowSize: [16, 16, 16], overlap: 0.5, predict } as const;
  return segmentSubject(images, { task: TASK, prepare: prepareAt(spacingMm), windows });
}

/** The same scan with axes permuted and turned round: voxel i of axis k runs along axis `order[k]` of the original. */
function turn({ data, size, affine }: Volume, order: Triple, flips: readonly boolean[]): Volume {
  const turned: Triple = [size[order[0]], size[order[1]], size[order[2]]];
  const out = new Float32Array(data.length);
  forEachTurned(turned, { order, flips }, (voxel, i) => {
    out[i] = data[voxel[0] + size[0] * (voxel[1] + size[1] * voxel[2])];
  });
  const matrix = [0, 1, 2].map((axis) => {
    const k = order.indexOf(axis);
    const row = [0, 0, 0, flips[k] ? size[axis] - 1 : 0];
    row[k] = flips[k] ? -1 : 1;
    return row;
  });
  return { data: out, size: turned, affine: multiplyAffines(affine, [...matrix, [0, 0, 0, 1]]) };
}

function forEachTurned(
  size: Triple,
  { order, flips }: { order: Triple; flips: readonly boolean[] },
  visit: (voxel: number[], i: number) => void,
): void {
  for (let i = 0; i < size[0] * size[1] * size[2]; i++) {
    const place = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    const voxel = [0, 0, 0];
    place.forEach((value, k) => voxel[order[k]] = flips[k] ? size[k] - 1 - value : value);
    visit(voxel, i);
  }
}

function dice(a: Float32Array, b: Float32Array, labels: readonly number[]): number {
  let both = 0, sum = 0;
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [labels.includes(a[i]), labels.includes(b[i])];
    both += Number(inA && inB);
    sum += Number(inA) + Number(inB);
  }
  return 2 * both / sum;
}

function countOf(labels: Float32Array, value: number): number {
  return labels.filter((label) => label === value).length;
}

const TURNS: readonly { order: Triple; flips: readonly boolean[] }[] = [
  { order: [0, 1, 2], flips: [true, true, false] },
  { order: [2, 0, 1], flips: [false, true, false] },
  { order: [1, 0, 2], flips: [true, false, true] },
  { order: [2, 1, 0], flips: [false, false, false] },
];

for (const { order, flips } of TURNS) {
  Deno.test(`segmentSubject() gives the same on axes ${order} turned ${flips.map(Number)}, on the scan's grid`, async () => {
    // Off centre and oblong, so that nothing is symmetric by chance.
    const cut = SCANS.map((scan) => {
      const { affine } = scan.volume;
      const grid = { size: [32, 30, 27] as const, affine, interpolation: "nearest" as const };
      return { ...scan, volume: resampleToGrid(scan.volume, grid) };
    });
    const expected = await segment(cut);
    assert.deepEqual([expected.size, expected.affine], [cut[0].volume.size, cut[0].volume.affine]);
    for (const label of [0, 1, 2]) assert.ok(countOf(expected.labels, label) > 100, `label ${label}`);
    const turned = cut.map((scan) => ({ ...scan, volume: turn(scan.volume, order, flips) }));
    const found = await segment(turned);
    assert.deepEqual([found.size, found.affine], [turned[0].volume.size, turned[0].volume.affine]);
    const { data } = turn({ ...expected, data: expected.labels }, order, flips);
    assert.deepEqual(found.labels, data);
  });
}

Deno.test("segmentSubject() with a real network gives the same on a turned scan", async () => {
  const preset = MODEL_PRESETS["uniformer-tiny"];
  const model = buildSegmentationModel({ ...preset, inChannels: 2, classes: 2 }, { seed: 1 });
  // The head's bias is 0 and its inputs have all signs: about half of the voxels are in a region.
  const predict = (x: Tensor5D): Tensor5D => model.forward(x, { training: false })[0];
  const expected = await segment(SCANS, { predict });
  assert.ok(countOf(expected.labels, 0) > 100 && countOf(expected.labels, 0) < expected.labels.length - 100);
  const { order, flips } = TURNS[1];
  const found = await segment(SCANS.map((scan) => ({ ...scan, volume: turn(scan.volume, order, flips) })), { predict });
  assert.deepEqual(found.labels, turn({ ...expected, data: expected.labels }, order, flips).data);
  model.dispose();
});

/** Rotation about z, then about x, around the world's origin. */
function rotation(degrees: number): Affine {
  const [c, s] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];
  const z = [[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  const x = [[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]];
  return multiplyAffines(x, z);
}

const GRIDS: readonly { name: string; factors: Triple; degrees: number }[] = [
  { name: "anisotropic", factors: [0.7, 1, 1.4], degrees: 0 },
  { name: "oblique", factors: [1, 1, 1], degrees: 12 },
  { name: "fine, oblique and anisotropic", factors: [0.6, 0.9, 1.2], degrees: -8 },
];

for (const { name, factors, degrees } of GRIDS) {
  Deno.test(`segmentSubject() finds the same anatomy on a copy whose grid is ${name}`, async () => {
    const spacingMm: Triple = [SPACING_MM, SPACING_MM, SPACING_MM];
    const expected = await segment(SCANS, { spacingMm });
    const { affine } = SCANS[0].volume;
    // The copy's grid reaches as far as the scan's, and beyond where it is rotated.
    const margin = degrees === 0 ? 0 : 4;
    const size = factors.map((factor) => Math.ceil((SIZE + 2 * margin) / factor)) as unknown as Triple;
    const scaling = [0, 1, 2].map((row) =>
      [0, 1, 2, 3].map((column) => {
        return column === 3 ? -margin : row === column ? factors[row] : 0;
      })
    );
    const grid = multiplyAffines(rotation(degrees), multiplyAffines(affine, [...scaling, [0, 0, 0, 1]]));
    const copies = SCANS.map((scan) => {
      const volume = resampleToGrid(scan.volume, { size, affine: grid, interpolation: "trilinear" });
      return { ...scan, volume };
    });
    const found = await segment(copies, { spacingMm });
    assert.deepEqual([found.size, found.affine], [size, grid]);
    const back = resampleToGrid({ ...found, data: found.labels }, { ...expected, interpolation: "nearest" }).data;
    const overlap = dice(back, expected.labels, [1, 2]);
    assert.ok(overlap >= 0.95, `Dice of the whole ${overlap}`);
    // Shifted by one voxel, the overlap is less: the test would see a misplaced grid.
    const shifted = Float32Array.from(back, (_, i) => back[i - 1] ?? 0);
    assert.ok(dice(shifted, expected.labels, [1, 2]) < overlap - 0.02);
  });
}

Deno.test("segmentSubject() is background where the network has not looked", async () => {
  const everywhere = (x: Tensor5D): Tensor5D => tf.add(tf.zerosLike(x), 30);
  const { labels, probabilities } = await segment(SCANS, { predict: everywhere });
  // The corner of the scan is outside of the foreground box.
  assert.deepEqual([labels[0], probabilities[0][0]], [0, 0]);
  const centre = (SIZE ** 3 + SIZE ** 2 + SIZE) / 2;
  assert.deepEqual([labels[centre], probabilities[1][centre]], [1, 1]);
});

Deno.test("segmentSubject() decides between exclusive classes, background among them", async () => {
  const task = taskSchema.parse({
    ...TUMOUR,
    output: "softmax",
    regions: [{ name: "dark", labels: [3] }, { name: "bright", labels: [7, 8] }],
  }) as SegmentationTask;
  // The third logit grows with t1, the second is the same everywhere, the first never wins.
  const predict = (x: Tensor5D): Tensor5D => {
    const t1 = tf.slice(x, [0, 0, 0, 0, 1], [-1, -1, -1, -1, 1]);
    return tf.concat([tf.fill(t1.shape, -9), tf.fill(t1.shape, 2), tf.mul(t1, 4)], -1) as Tensor5D;
  };
  const windows = { windowSize: [16, 16, 16], overlap: 0.5, predict } as const;
  const { labels, probabilities } = await segmentSubject(SCANS, { task, prepare: prepareAt(null), windows });
  assert.deepEqual([...new Set(labels)].sort(), [0, 3, 7]);
  assert.equal(probabilities.length, 2);
  const i = labels.indexOf(7);
  assert.ok(probabilities[1][i] > probabilities[0][i] && probabilities[1][i] + probabilities[0][i] <= 1);
  // Background is where nothing was predicted, and only there.
  labels.forEach((label, j) => assert.equal(label === 0, probabilities[0][j] === 0 && probabilities[1][j] === 0));
});

Deno.test("segmentSubject() with skipEmpty leaves out what has no foreground, and finds the same elsewhere", async () => {
  let passes = 0;
  const predict = (x: Tensor5D): Tensor5D => {
    passes++;
    return threshold(x);
  };
  const windows = { windowSize: [4, 4, 4], overlap: 0, predict } as const;
  const options = { task: TASK, prepare: prepareAt(null), windows };
  const all = await segmentSubject(SCANS, options);
  const before = passes;
  const some = await segmentSubject(SCANS, { ...options, skipEmpty: true });
  assert.ok(passes - before < before, `${passes - before} of ${before}`);
  assert.deepEqual(some.labels, all.labels);
});

Deno.test("prepareChannels() puts channels into the task's order, whatever the scans' is", () => {
  const prepare = prepareAt(null);
  const stack = prepareChannels(SCANS, { task: TASK, prepare });
  assert.deepEqual(stack.modalities, ["t2", "t1"]);
  const [t1, t2] = prepare(SCANS).channels;
  assert.deepEqual(stack.channels, [t2, t1]);
});

Deno.test("prepareChannels() fills a missing modality with zeros or its template, or refuses", () => {
  const [t1] = SCANS;
  const prepare = prepareAt(null);
  const channels = (fill: Fill | undefined): readonly Float32Array[] =>
    prepareChannels([t1], { task: TASK, prepare, fill }).channels;
  const [zeros, kept] = channels({ kind: "zero" });
  assert.ok(zeros.every((value) => value === 0) && zeros.length === kept.length);
  assert.deepEqual(kept, prepare([t1]).channels[0]);
  const data = new Float32Array(40 ** 3).fill(0.25);
  const template = { modality: "t2", size: [40, 40, 40], data } as const;
  assert.ok(channels({ kind: "template", templates: [template] })[0].every((value) => value === 0.25));
  const message = "Cannot predict subject: expected t2 or a template of it, got t1";
  assert.throws(() => channels(undefined), { name: "DatalistError", message });
  assert.throws(() => channels({ kind: "template", templates: [{ ...template, modality: "pd" }] }), { message });
});

Deno.test("cutTemplate() lays the template's centre on the volume's, and is 0 beyond it", () => {
  // Template voxels hold 1 + their index along x; the volume of 7 voxels starts ⌊(10 − 7)/2⌋ = 1 voxel in.
  const template = {
    modality: "t1",
    size: [10, 1, 1],
    data: Float32Array.from({ length: 10 }, (_, i) => i + 1),
  } as const;
  const place = { size: [4, 1, 1], volumeSize: [7, 1, 1], volumeStart: [2, 0, 0] } as const;
  assert.deepEqual([...cutTemplate(template, place)], [4, 5, 6, 7]);
  // A volume of 14 voxels reaches ⌊−4/2⌋ = −2 voxels before the template, and 2 after it.
  const large = { size: [14, 2, 1], volumeSize: [14, 2, 1], volumeStart: [0, 0, 0] } as const;
  const cut = [...cutTemplate(template, large)];
  assert.deepEqual(cut.slice(14), [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0]);
  assert.ok(cut.slice(0, 14).every((value) => value === 0));
  assert.ok(cutTemplate(template, { ...place, volumeStart: [40, 0, 0] }).every((value) => value === 0));
});

Deno.test("classifySubject() shows the middle of the volume, and averages over mirror images", async () => {
  const task = taskSchema.parse(CLASSES) as ClassificationTask;
  const seen: Tensor5D[] = [];
  // Logits tell how bright the first half along x is.
  const forward = (x: Tensor5D): ReturnType<typeof tf.stack> => {
    seen.push(tf.keep(x.clone()));
    const half = tf.mean(tf.slice(x, [0, 0, 0, 0, 0], [1, 16, 16, 8, 2]));
    return tf.reshape(tf.stack([half, tf.neg(half)]), [1, 2]);
  };
  const windows = { windowSize: [16, 16, 16], overlap: 0.5, predict: threshold } as const;
  const options = { task, prepare: prepareAt(null), windows, forward };
  const [first, second] = await classifySubject(SCANS, options);
  assert.ok(Math.abs(first + second - 1) < 1e-6 && first > 0.5);
  const stack = prepareChannels(SCANS, options);
  const start = stack.size.map((length) => Math.trunc((length - 16) / 2));
  const at = (x: number, y: number, z: number, c: number): number =>
    stack.channels[c][start[0] + x + stack.size[0] * (start[1] + y + stack.size[1] * (start[2] + z))];
  assert.deepEqual(seen[0].shape, [1, 16, 16, 16, 2]);
  const shown = seen[0].dataSync();
  for (const [x, y, z, c] of [[0, 0, 0, 0], [3, 7, 11, 1], [15, 15, 15, 0]]) {
    assert.equal(shown[((z * 16 + y) * 16 + x) * 2 + c], at(x, y, z, c));
  }
  const [mirrored] = await classifySubject(SCANS, { ...options, windows: { ...windows, mirrors: ALL_MIRRORS } });
  const [other] = await classifySubject(SCANS, {
    ...options,
    windows: { ...windows, mirrors: [[true, false, false]] },
  });
  assert.notEqual(other, first);
  assert.ok(Math.abs(mirrored - (first + other) / 2) < 1e-6);
  tf.dispose(seen);
});
