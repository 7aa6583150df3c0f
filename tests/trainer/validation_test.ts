import assert from "node:assert/strict";
import type { PretrainModel } from "../../lib/model/mod.ts";
import type { PairScore } from "../../lib/results.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";
import type { HeldOutSample } from "../../lib/trainer/mod.ts";
import { MeanVolume } from "../../lib/trainer/mean_volume.ts";
import { validate } from "../../lib/trainer/validation.ts";
import type { Validation } from "../../lib/trainer/validation.ts";
import { assertClose, CROP, linearModel, TEMPLATE, toySample, toyTemplates } from "./_toy.ts";

await selectBackend("reference");

const VOXELS = CROP[0] * CROP[1] * CROP[2];
const MASK = { maskRatio: 0.5, blockSize: 2, seed: 4 };

/** A subject whose sequences are each of one intensity. */
function flatSample(subject: string, intensities: Readonly<Record<string, number>>): HeldOutSample {
  const modalities = Object.keys(intensities);
  const voxels = Float32Array.from(modalities.flatMap((name) => Array<number>(VOXELS).fill(intensities[name])));
  return { subject, modalities, voxels, cropSize: CROP, templateStart: [0, 0, 0] };
}

/** Validates with zero templates, and a mean volume of 0.3 for t1; frees everything. */
async function score(
  samples: readonly HeldOutSample[],
  { model, ...options }: { model: PretrainModel } & Partial<typeof MASK>,
): Promise<Validation> {
  const templates = toyTemplates();
  const meanVolume = new MeanVolume(TEMPLATE);
  meanVolume.add(flatSample("training", { t1: 0.3 }));
  const before = tf.memory().numTensors;
  const result = await validate(samples, { model, templates, meanVolume }, { ...MASK, ...options });
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  templates.dispose();
  model.dispose();
  return result;
}

Deno.test("validate() pools the squared errors of all subjects before the PSNR, template pairs last", async () => {
  const samples = [flatSample("a", { t2: 0.6, t1: 0.2 }), flatSample("b", { t1: 0.4 })];
  const { pairs } = await score(samples, { model: linearModel({ gain: 0, offset: 0.5 }) });
  const decibel = (error: number): number => -10 * Math.log10(error);
  const expected: PairScore[] = [
    // Against 0.2: 0.5 from the model, 0.6 in the mosaic, 0.3 as mean.
    {
      target: "t1",
      source: "t2",
      psnr: decibel(0.09),
      mosaicPsnr: decibel(0.16),
      meanVolumePsnr: decibel(0.01),
      subjects: 1,
    },
    // Against 0.2 and 0.4: 0.5 from the model, 0 from the template, 0.3 as mean.
    {
      target: "t1",
      source: "template",
      psnr: decibel((0.09 + 0.01) / 2),
      mosaicPsnr: decibel((0.04 + 0.16) / 2),
      meanVolumePsnr: decibel(0.01),
      subjects: 2,
    },
    // Against 0.6: no training subject has t2, so its mean is 0.
    {
      target: "t2",
      source: "t1",
      psnr: decibel(0.01),
      mosaicPsnr: decibel(0.16),
      meanVolumePsnr: decibel(0.36),
      subjects: 1,
    },
    {
      target: "t2",
      source: "template",
      psnr: decibel(0.01),
      mosaicPsnr: decibel(0.36),
      meanVolumePsnr: decibel(0.36),
      subjects: 1,
    },
  ];
  assert.deepEqual(
    pairs.map(({ target, source, subjects }) => [target, source, subjects]),
    expected.map(({ target, source, subjects }) => [target, source, subjects]),
  );
  pairs.forEach((pair, i) => {
    for (const key of ["psnr", "mosaicPsnr", "meanVolumePsnr"] as const) {
      assertClose(pair[key], expected[i][key], { within: 1e-6, what: `${pair.target} from ${pair.source}: ${key}` });
    }
  });
});

Deno.test("validate() shows the model the mosaic: the identity scores what the mosaic does", async () => {
  const samples = [toySample(["t1", "t2", "flair"], "a"), toySample(["flair", "t1"], "b")];
  const { pairs, examples } = await score(samples, { model: linearModel({ gain: 1, offset: 0 }) });
  assert.equal(pairs.length, 9);
  for (const { psnr, mosaicPsnr } of pairs) assert.equal(psnr, mosaicPsnr);
  for (const { mosaic, reconstruction } of examples) assert.deepEqual([...reconstruction], [...mosaic]);
});

Deno.test("validate() gives a model without error an infinite PSNR, in evaluation mode", async () => {
  const sample = toySample(["t2"], "a");
  const modes: boolean[] = [];
  const perfect: PretrainModel = {
    parameters: [],
    divisor: 1,
    forward: (x, { training }) => {
      modes.push(training);
      return { features: [x], reconstruction: tf.tensor(sample.voxels, x.shape) as Tensor5D };
    },
    dispose: () => {},
  };
  const { pairs } = await score([sample], { model: perfect });
  assert.deepEqual(pairs.map(({ target, source, psnr }) => [target, source, psnr]), [["t2", "template", Infinity]]);
  assert.ok(Number.isFinite(pairs[0].mosaicPsnr));
  assert.deepEqual(modes, [false]);
});

Deno.test("validate() keeps pictures of each subject's first pair and template, six at most", async () => {
  const samples = [["t1", "t2"], ["flair"], ["t2", "t1", "flair"], ["t1", "t2"]].map((names, i) =>
    toySample(names, `${i}`)
  );
  const { examples } = await score(samples, { model: linearModel({ gain: 1, offset: 0 }) });
  assert.deepEqual(examples.map(({ subject, target, source }) => [subject, target, source]), [
    ["0", "t1", "t2"],
    ["0", "t1", "template"],
    ["1", "flair", "template"],
    ["2", "t2", "t1"],
    ["2", "t2", "template"],
    ["3", "t1", "t2"],
  ]);
  const [{ size, mosaic, truth }] = examples;
  assert.deepEqual(size, CROP);
  assert.deepEqual([...truth], [...samples[0].voxels.subarray(0, VOXELS)]);
  // One of two 2×2×2 blocks is hidden and shows the other sequence.
  const other = samples[0].voxels.subarray(VOXELS);
  assert.equal(mosaic.filter((value, i) => value === truth[i]).length, 8);
  assert.equal(mosaic.filter((value, i) => value === other[i]).length, 8);
});

Deno.test("validate() draws its masks from the seed alone", async () => {
  const samples = Array.from({ length: 6 }, (_, i) => toySample(["t1", "t2"], `${i}`));
  const run = async (seed: number): Promise<PairScore[]> =>
    (await score(samples, { seed, model: linearModel({ gain: 1, offset: 0 }) })).pairs;
  assert.deepEqual(await run(4), await run(4));
  assert.notDeepEqual(await run(4), await run(5));
});
