import assert from "node:assert/strict";
import type { LabelledSample } from "../../lib/dataset/mod.ts";
import { diceBceLoss } from "../../lib/losses/mod.ts";
import type { SegmentationModel } from "../../lib/model/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";
import { compareRegions, encodeTarget } from "../../lib/trainer/_region_targets.ts";
import { SegmentationObjective } from "../../lib/trainer/segmentation_objective.ts";
import type { SegmentationOptions } from "../../lib/trainer/segmentation_objective.ts";
import { boxSample, PLAIN_SEGMENTATION, TOY_TARGET, toySegmentation } from "./_labelled_toy.ts";

await selectBackend("simd");

const PLACE = { seed: 1, epoch: 0, subjects: [0, 1] };
const EXCLUSIVE = { regions: [{ name: "a", labels: [1] }, { name: "b", labels: [2, 3] }], output: "softmax" } as const;

async function* each(samples: readonly LabelledSample[]): AsyncGenerator<LabelledSample> {
  yield* samples;
}

function objectiveOf(changes: Partial<SegmentationOptions> = {}, model: SegmentationModel = toySegmentation()) {
  return new SegmentationObjective({ model, target: TOY_TARGET, templates: [] }, { ...PLAIN_SEGMENTATION, ...changes });
}

Deno.test("encodeTarget() makes one channel per region, and of exclusive ones a background before them", () => {
  assert.deepEqual([...encodeTarget(Uint8Array.from([0, 1, 2]), TOY_TARGET)], [0, 0, 1, 0, 1, 1]);
  assert.deepEqual([...encodeTarget(Uint8Array.from([0, 1, 3, 7]), EXCLUSIVE)], [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
});

Deno.test("compareRegions() counts what is predicted, present and both, padding apart", () => {
  const label = Uint8Array.from([1, 2, 0, 1]);
  const logits = [[1, 1, 1, 5], [-1, -1, 1, 5]].map((values) => Float32Array.from(values));
  const counts = (index: number): boolean => index < 3;
  assert.deepEqual(compareRegions(logits, { label, target: TOY_TARGET, counts }), [
    { truePositives: 2, falsePositives: 1, falseNegatives: 0, trueNegatives: 0 },
    { truePositives: 0, falsePositives: 1, falseNegatives: 1, trueNegatives: 1 },
  ]);
  const scores = [[0, 0, 2, 0], [3, 1, 1, 0], [1, 3, 1, 1]].map((values) => Float32Array.from(values));
  assert.deepEqual(compareRegions(scores, { label, target: EXCLUSIVE, counts: () => true }), [
    { truePositives: 1, falsePositives: 0, falseNegatives: 1, trueNegatives: 2 },
    { truePositives: 1, falsePositives: 1, falseNegatives: 0, trueNegatives: 2 },
  ]);
});

Deno.test("gradients() has the loss of all three outputs, or of the last alone", async () => {
  const model = toySegmentation();
  const samples = [boxSample("a"), boxSample("b")];
  const rows = samples.map(({ voxels }) => tf.transpose(tf.tensor(voxels, [2, 4096])));
  const x = tf.reshape(tf.concat(rows), [2, 16, 16, 16, 2]) as Tensor5D;
  const truth = tf.tensor(samples.flatMap(({ label }) => [...encodeTarget(label!, TOY_TARGET)]), [2, 16, 16, 16, 2]);
  // Batch statistics are used in training, so the running ones do not matter.
  const outputs = model.forward(x, { training: true });
  const losses = outputs.map((logits) => diceBceLoss(logits, truth).dataSync()[0]);
  const deep = await objectiveOf({}, model).gradients(samples, PLACE);
  assert.ok(Math.abs(deep.loss - losses[0] - losses[1] - losses[2]) < 1e-4, `${deep.loss}: ${losses}`);
  const last = await objectiveOf({ deepSupervision: false }, model).gradients(samples, PLACE);
  assert.ok(Math.abs(last.loss - losses[2]) < 1e-4);
  assert.ok(deep.gradients.has("ms_out.0.weight") && !last.gradients.has("ms_out.0.weight"));
  assert.equal(deep.consistency, null);
});

Deno.test("gradients() adds the distance of two copies, which is 0 where they are the same", async () => {
  const samples = [boxSample("a"), boxSample("b")];
  for (const consistencyOn of ["features", "logits"] as const) {
    const same = await objectiveOf({ consistencyWeight: 1, consistencyOn }).gradients(samples, PLACE);
    assert.equal(same.consistency, 0);
    const templates = ["t1", "t2"].map((modality) => {
      return { modality, size: [16, 16, 16] as const, data: new Float32Array(4096).fill(0.5) };
    });
    const augment = { ...PLAIN_SEGMENTATION.augment, templateChannels: 2 };
    const options = { ...PLAIN_SEGMENTATION, augment, consistencyWeight: 3, consistencyOn };
    const model = toySegmentation();
    const substituted = new SegmentationObjective({ model, target: TOY_TARGET, templates }, options);
    const outcome = await substituted.gradients(samples, PLACE);
    assert.ok(outcome.consistency! > 0);
    const plain = new SegmentationObjective({ model, target: TOY_TARGET, templates }, {
      ...options,
      consistencyWeight: 1e-9,
    });
    const { loss } = await plain.gradients(samples, PLACE);
    assert.ok(Math.abs(outcome.loss - loss - 3 * outcome.consistency!) < 1e-4);
  }
});

Deno.test("validate() gives the mean Dice per region, by centre and by windows", async () => {
  const model = toySegmentation();
  const samples = [boxSample("a"), boxSample("b")];
  const centre = await objectiveOf({ validation: "centre" }, model).validate(each(samples));
  const sliding = await objectiveOf({ validation: "sliding" }, model).validate(each(samples));
  assert.deepEqual(sliding, centre);
  const { record, score } = centre;
  assert.equal(record.kind, "segmentation");
  if (record.kind !== "segmentation") return;
  assert.deepEqual(record.regions.map(({ region, present }) => [region, present]), [["whole", 2], ["core", 2]]);
  assert.equal(record.dice, (record.regions[0].dice + record.regions[1].dice) / 2);
  assert.deepEqual(score, [record.dice]);
});

Deno.test("gradients() names the subject that has no label", async () => {
  const sample = { ...boxSample("a"), label: null };
  await assert.rejects(objectiveOf().gradients([sample], { ...PLACE, subjects: [0] }), {
    message: "Cannot learn segmentation: expected a label of a, got none",
  });
});
