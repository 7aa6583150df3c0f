import assert from "node:assert/strict";
import { buildClassificationModel } from "../../lib/model/mod.ts";
import { selectBackend } from "../../lib/tensor/mod.ts";
import { balancedWeights, ClassificationObjective } from "../../lib/trainer/classification_objective.ts";
import { finetune } from "../../lib/trainer/mod.ts";
import {
  boxSample,
  boxSubjects,
  finetuneOptions,
  MemoryFinetuneStore,
  PLAIN_SEGMENTATION,
  TOY_ENCODER,
} from "./_labelled_toy.ts";

await selectBackend("simd");

function objectiveOf(freezeEncoder: boolean, head: "linear" | "mlp" = "linear"): ClassificationObjective {
  return new ClassificationObjective({
    model: buildClassificationModel({ ...TOY_ENCODER, classes: 2, head, hidden: 4 }, { seed: 2 }),
    classes: 2,
    classWeights: [1, 1],
    freezeEncoder,
    templates: [],
    augment: PLAIN_SEGMENTATION.augment,
    recomputeBlocks: false,
  });
}

Deno.test("balancedWeights() gives every class the same share", () => {
  assert.deepEqual(balancedWeights([0, 0, 0, 1], 2), [4 / 6, 2]);
  assert.deepEqual(balancedWeights([0, 0], 3), [1 / 3, 0, 0]);
});

Deno.test("validate() scores held-out subjects by their probabilities, the loss breaking ties", async () => {
  const objective = objectiveOf(true);
  const samples = [0, 0, 1].map((classIndex, i) => boxSample(`v${i}`, { classIndex }));
  const { record, score } = await objective.validate(async function* () {
    yield* samples;
  }());
  assert.ok(record.kind === "classification");
  const { loss, accuracy, balancedAccuracy, auc, subjects } = record;
  assert.equal(subjects, 3);
  assert.deepEqual(score, [balancedAccuracy, -loss]);
  assert.ok(loss > 0 && accuracy >= 0 && accuracy <= 1);
  assert.ok(auc !== null && [0, 0.5, 1].includes(auc));
  const single = await objective.validate(async function* () {
    yield samples[0];
  }());
  assert.ok(single.record.kind === "classification" && single.record.auc === null);
});

Deno.test("a frozen encoder keeps every value, running statistics included, and only the head has gradients", async () => {
  const objective = objectiveOf(true);
  const before = objective.parameters.map(({ variable }) => variable.dataSync().slice());
  const samples = [boxSample("a", { classIndex: 0 }), boxSample("b", { classIndex: 1 })];
  const { gradients } = await objective.gradients(samples, { seed: 0, epoch: 0, subjects: [0, 1] });
  assert.deepEqual([...gradients.keys()].sort(), ["head.bias", "head.weight"]);
  objective.parameters.forEach(({ variable }, i) => assert.deepEqual(variable.dataSync(), before[i]));
  const whole = await objectiveOf(false, "mlp").gradients(samples, { seed: 0, epoch: 0, subjects: [0, 1] });
  assert.ok(whole.gradients.has("encoder.patch_embed1.proj.weight") && whole.gradients.has("head.fc1.weight"));
});

Deno.test("full fine-tuning learns to tell volumes with a box from those without", async () => {
  const samples = Array.from({ length: 6 }, (_, i) => boxSample(`s${i}`, { classIndex: i % 2 }));
  const subjects = boxSubjects(samples);
  const store = new MemoryFinetuneStore();
  const options = finetuneOptions({ run: { epochs: 24, batchSize: 3, validateEvery: 4, checkpointEvery: 100 } });
  await finetune({ objective: objectiveOf(false, "mlp"), training: subjects, validation: subjects, store }, options);
  const last = store.records.findLast((record) => record.kind === "classification");
  assert.equal(last?.kind === "classification" && last.subjects, 6);
  const best = Math.max(...store.records.map((record) => record.kind === "classification" ? record.accuracy : 0));
  assert.equal(best, 1);
});

Deno.test("gradients() names the subject that has no class", async () => {
  await assert.rejects(objectiveOf(false).gradients([boxSample("a")], { seed: 0, epoch: 0, subjects: [0] }), {
    message: "Cannot learn classification: expected a class of a, got none",
  });
});
