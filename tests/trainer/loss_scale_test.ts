import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Scalar } from "../../lib/tensor/mod.ts";
import type { PretrainModel } from "../../lib/model/mod.ts";
import { parseState, pretrain } from "../../lib/trainer/mod.ts";
import type { TrainerParts } from "../../lib/trainer/mod.ts";
import { initialLossScale, judgeUpdate, scaleLoss } from "../../lib/trainer/loss_scale.ts";
import type { LossScaleState } from "../../lib/trainer/loss_scale.ts";
import { MemoryStore, toyModel, toyOptions, toyParts } from "./_toy.ts";

await selectBackend("reference");

Deno.test("judgeUpdate() halves the scale and leaves the update out when gradients are not finite", () => {
  const first = initialLossScale();
  assert.deepEqual(first, { scale: 65536, goodUpdates: 0 });
  assert.deepEqual(judgeUpdate(first, false), { next: { scale: 32768, goodUpdates: 0 }, skip: true });
  assert.deepEqual(judgeUpdate({ scale: 2, goodUpdates: 1999 }, false), {
    next: { scale: 1, goodUpdates: 0 },
    skip: true,
  });
});

Deno.test("judgeUpdate() doubles the scale after 2000 good updates in a row, up to 2²⁴", () => {
  let state: LossScaleState = { scale: 8, goodUpdates: 0 };
  for (let i = 0; i < 1999; i++) state = judgeUpdate(state, true).next;
  assert.deepEqual(state, { scale: 8, goodUpdates: 1999 });
  assert.deepEqual(judgeUpdate(state, true), { next: { scale: 16, goodUpdates: 0 }, skip: false });
  assert.equal(judgeUpdate({ scale: 2 ** 24, goodUpdates: 1999 }, true).next.scale, 2 ** 24);
});

Deno.test("judgeUpdate() throws when gradients are not finite without any scale", () => {
  assert.throws(() => judgeUpdate({ scale: 1, goodUpdates: 5 }, false), {
    name: "RangeError",
    message: "Cannot train with run.precision=f16-mixed: expected finite gradients at a loss scale of 1, got others; " +
      "values are beyond the range of half precision: start again with run.precision=f32",
  });
});

Deno.test("scaleLoss() multiplies, and leaves a loss alone at a scale of 1", () => {
  const loss = tf.scalar(0.75);
  const scaled = scaleLoss(loss, 8);
  assert.equal(scaled.dataSync()[0], 6);
  assert.equal(scaleLoss(loss as Scalar, 1), loss);
  tf.dispose([loss, scaled]);
});

const MIXED = toyOptions({ run: { epochs: 4, checkpointEvery: 1, validateEvery: 9, precision: "f16-mixed" } });

async function train(changes: Partial<TrainerParts>, options = MIXED): Promise<MemoryStore> {
  const parts = toyParts(changes);
  const before = tf.memory().numTensors;
  await pretrain(parts, options);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  parts.model.dispose();
  parts.templates.dispose();
  return parts.store;
}

/** A toy model whose training passes of these numbers see voxels of infinite size. */
function overflowing(passes: readonly number[]): PretrainModel {
  const model = toyModel();
  let pass = 0;
  return {
    ...model,
    forward: (x, mode) => model.forward(mode.training && passes.includes(pass++) ? tf.mul(x, Infinity) : x, mode),
  };
}

Deno.test("pretrain() with scaled losses gives the records of losses as they are", async () => {
  const { records } = await train({});
  const plain = await train({}, toyOptions({ run: { epochs: 4, checkpointEvery: 1, validateEvery: 9 } }));
  assert.deepEqual(records, plain.records);
});

Deno.test("pretrain() leaves out an update whose gradients are not finite, says so and halves the scale", async () => {
  // Batches of this cohort take several passes; the seventh lies in the third batch or before.
  const { records, checkpoints } = await train({ model: overflowing([6]) });
  const at = records.findIndex(({ kind }) => kind === "event");
  const { kind, message, step } = records[at] as Extract<typeof records[number], { kind: "event" }>;
  assert.equal(kind, "event");
  assert.equal(message, "update left out, its gradients are not finite: loss scale is now 32768");
  // Of the twelve updates this one alone has no record of its own.
  const steps = records.flatMap((record) => record.kind === "step" ? [record.step] : []);
  assert.deepEqual(steps, Array.from({ length: 12 }, (_, i) => i + 1).filter((i) => i !== step));
  const [before, after] = [step - 1, step].map((updates) => checkpoints.get(updates)!);
  const states = [before, after].map(({ state, file }) => parseState(state, file));
  assert.deepEqual(states.map(({ lossScale }) => lossScale), [
    { scale: 65536, goodUpdates: step - 1 },
    { scale: 32768, goodUpdates: 0 },
  ]);
  assert.deepEqual(states[1].optimizerSteps, states[0].optimizerSteps);
  const last = [...checkpoints.values()].at(-1)!;
  assert.deepEqual(parseState(last.state, last.file).lossScale, { scale: 32768, goodUpdates: 12 - step });
});

Deno.test("pretrain() resumes with the scale it had", async () => {
  const whole = await train({ model: overflowing([6]) });
  const store = new MemoryStore();
  let updates = 0;
  await train({ model: overflowing([6]), store, interrupted: () => ++updates === 6 });
  await train({ store, resume: store.latest });
  assert.deepEqual(store.records, whole.records);
  assert.equal(store.latest.state, whole.latest.state);
  assert.deepEqual(store.latest.tensors, whole.latest.tensors);
});

Deno.test("pretrain() refuses to resume in another precision", async () => {
  const store = new MemoryStore();
  await train({ store, interrupted: () => true });
  const parts = toyParts({ resume: store.latest });
  await assert.rejects(pretrain(parts, toyOptions({ run: { epochs: 4 } })), {
    name: "CheckpointError",
    message: /expected the options it was made with, got others$/,
  });
  parts.model.dispose();
  parts.templates.dispose();
});
