import assert from "node:assert/strict";
import {
  generatePhantomSubject,
  phantomAffine,
  type PhantomSubject,
  type PhantomSubjectOptions,
} from "../../../lib/dataset/phantom/mod.ts";
import { MODALITIES } from "../../../lib/dataset/modality.ts";
import { meanWhere, moments } from "./_tools.ts";

const OPTIONS: PhantomSubjectOptions = { seed: 3, index: 1, size: 32, modalities: ["t1", "t2"], lesion: "none" };

function dataOf(subject: PhantomSubject, modality: string): Float32Array {
  return subject.images.find((image) => image.modality === modality)!.volume.data;
}

/** Mean squared difference of neighbours along x and z, over the variance of the image. */
function roughness(data: Float32Array, size: number): number {
  let sum = 0;
  for (let i = size * size; i < data.length; i++) {
    sum += (data[i] - data[i - 1]) ** 2 + (data[i] - data[i - size * size]) ** 2;
  }
  return sum / data.length / moments(data).sd ** 2;
}

Deno.test("generatePhantomSubject() is a pure function of its options", () => {
  assert.deepEqual(generatePhantomSubject(OPTIONS), generatePhantomSubject({ ...OPTIONS }));
});

Deno.test("generatePhantomSubject() renders a modality alike whatever else is asked for", () => {
  const both = generatePhantomSubject(OPTIONS), alone = generatePhantomSubject({ ...OPTIONS, modalities: ["t2"] });
  assert.deepEqual(dataOf(both, "t2"), dataOf(alone, "t2"));
});

Deno.test("generatePhantomSubject() gives other subjects for another index or seed", () => {
  const [a, b, c] = [OPTIONS, { ...OPTIONS, index: 2 }, { ...OPTIONS, seed: 4 }].map(generatePhantomSubject);
  for (const [one, other] of [[a, b], [a, c], [b, c]]) {
    const x = dataOf(one, "t1"), y = dataOf(other, "t1");
    const shared = meanWhere(Float32Array.from(x, (value, i) => Number(value > 0 && y[i] > 0)), (i) => x[i] > 0);
    assert.ok(shared > 0.8 && shared < 0.999, `the heads overlap by ${shared}`);
    assert.notDeepEqual(one.morphometry, other.morphometry);
    assert.notDeepEqual(one.protocol, other.protocol);
  }
});

Deno.test("generatePhantomSubject() strips all modalities by one mask, whose edge some do not reach", () => {
  const { images, label } = generatePhantomSubject({ ...OPTIONS, modalities: MODALITIES });
  assert.deepEqual(images.map(({ modality }) => modality), [...MODALITIES]);
  assert.equal(label, null);
  const mask = images[0].volume.data.map((_, i) => Number(images.some(({ volume }) => volume.data[i] > 0)));
  const share = moments(mask).mean, missing: number[] = [];
  assert.ok(share > 0.12 && share < 0.3, `foreground ${share}`);
  for (const { modality, volume } of images) {
    assert.deepEqual(volume.size, [32, 32, 32]);
    assert.deepEqual(volume.affine, phantomAffine(32));
    assert.ok(volume.data.every((value) => Number.isInteger(value) && value >= 0 && value <= 32767), modality);
    const lacks = meanWhere(volume.data.map((value) => Number(value === 0)), (i) => mask[i] > 0);
    if (modality === "mra") assert.ok(lacks > 0.1 && lacks < 0.5, `mra lacks ${lacks}`);
    else missing.push(lacks);
  }
  assert.ok(Math.max(...missing) < 0.12, `${missing}`);
  assert.ok(new Set(missing).size > 3 && Math.max(...missing) > 0, `${missing}`);
});

Deno.test("generatePhantomSubject() shows a tumour: bright oedema on flair, a rim brighter on t1c than on t1", () => {
  const subject = generatePhantomSubject({ ...OPTIONS, modalities: ["flair", "t1", "t1c", "t2"], lesion: "tumour" });
  const label = subject.label!.data;
  const mean = (modality: string, value: number): number => {
    const data = dataOf(subject, modality);
    return meanWhere(data, (i) => data[i] > 0 && label[i] === value);
  };
  assert.deepEqual([...new Set(label)].sort(), [0, 1, 2, 4]);
  assert.ok(mean("flair", 2) > 1.15 * mean("flair", 0));
  assert.ok(mean("t2", 1) > mean("t2", 0) && mean("t1", 1) < mean("t1", 0));
  assert.ok(mean("t1c", 4) > 1.2 * mean("t1c", 1) && mean("t1c", 4) > 1.1 * mean("t1c", 0));
  assert.ok(mean("t1c", 4) / mean("t1c", 0) > 1.15 * mean("t1", 4) / mean("t1", 0));
});

Deno.test("generatePhantomSubject() shows an acute stroke: bright on dwi, dark on adc", () => {
  const subject = generatePhantomSubject({ ...OPTIONS, modalities: ["dwi", "adc", "flair"], lesion: "stroke" });
  const label = subject.label!.data;
  const ratio = (modality: string): number => {
    const data = dataOf(subject, modality);
    return meanWhere(data, (i) => label[i] === 1) / meanWhere(data, (i) => data[i] > 0 && label[i] === 0);
  };
  assert.deepEqual([...new Set(label)].sort(), [0, 1]);
  assert.ok(ratio("dwi") > 1.3 && ratio("flair") > 1.1 && ratio("adc") < 0.75);
});

Deno.test("generatePhantomSubject() renders adc in 10⁻⁶ mm²/s", () => {
  const adc = dataOf(generatePhantomSubject({ ...OPTIONS, modalities: ["adc"] }), "adc");
  const sorted = adc.filter((value) => value > 0).sort();
  // Between white matter (700) and cortex (890); the upper half of these large voxels holds CSF as well.
  const quartile = sorted[sorted.length >> 2];
  assert.ok(quartile > 700 && quartile < 950, `${quartile}`);
  assert.ok(sorted[sorted.length - 1] <= 4000);
});

Deno.test("generatePhantomSubject() varies around a mean that is smoother than any one subject", () => {
  const subjects = Array.from(
    { length: 20 },
    (_, index) => dataOf(generatePhantomSubject({ ...OPTIONS, index, modalities: ["t2"] }), "t2"),
  );
  const normalised = subjects.map((data) => {
    const brightness = meanWhere(data, (i) => data[i] > 0);
    return data.map((value) => value / brightness);
  });
  const mean = normalised[0].map((_, i) => normalised.reduce((sum, data) => sum + data[i], 0) / 20);
  const smallest = Math.min(...normalised.map((data) => roughness(data, 32)));
  assert.ok(roughness(mean, 32) < 0.6 * smallest, `${roughness(mean, 32)} against ${smallest}`);
});

Deno.test("generatePhantomSubject() rejects what it cannot generate", () => {
  const message = (options: Partial<PhantomSubjectOptions>, expected: string): void =>
    assert.throws(() => generatePhantomSubject({ ...OPTIONS, ...options }), { name: "RangeError", message: expected });
  message({ size: 15 }, "Cannot generate phantom: expected a size of 16 to 512 voxels, got 15");
  message({ size: 32.5 }, "Cannot generate phantom: expected a size of 16 to 512 voxels, got 32.5");
  message(
    { lesion: "bleed" as "stroke" },
    'Cannot generate phantom: expected a lesion of none, tumour, stroke, got "bleed"',
  );
  assert.throws(() => generatePhantomSubject({ ...OPTIONS, modalities: ["ct"] }), /got "ct"$/);
});
