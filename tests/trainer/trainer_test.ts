import assert from "node:assert/strict";
import { resolveConfig } from "../../lib/config.ts";
import { decodeSafetensors } from "../../lib/interop/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { learningRateAt, pretrain } from "../../lib/trainer/mod.ts";
import type { TrainerOptions, TrainerParts, TrainerResult } from "../../lib/trainer/mod.ts";
import { RECIPES, recipeSchema } from "../../recipes/mod.ts";
import { assertClose, MemoryStore, toyModel, toyOptions, toyParts, toySource, toyTemplates } from "./_toy.ts";

await selectBackend("reference");

/** Everything that has state: validation, contrastive learning by epoch and by itself, moments, a partial last batch. */
const EVENTFUL = toyOptions({
  method: { clAutoStart: 1e9 },
  run: { epochs: 4, validateEvery: 1, checkpointEvery: 1 },
});

/** Trains a toy run to its end or to an interruption; frees model and templates and counts tensors. */
async function train(
  options: TrainerOptions,
  changes: Partial<TrainerParts> = {},
): Promise<{ store: MemoryStore; result: TrainerResult; volumes: number[] }> {
  const volumes: number[] = [];
  const parts = toyParts({ onProgress: (progress) => volumes.push(progress.volumes), ...changes });
  const before = tf.memory().numTensors;
  const result = await pretrain(parts, options);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  parts.model.dispose();
  parts.templates.dispose();
  return { store: parts.store, result, volumes };
}

Deno.test("pretrain() writes one record per update, a validation after the epochs due and after the last", async () => {
  const { store, result } = await train(toyOptions({ run: { epochs: 5, validateEvery: 2 } }));
  const kinds = store.records.map(({ kind, epoch, step }) => `${kind} ${epoch} ${step}`);
  const steps = (epoch: number): string[] => [1, 2, 3].map((i) => `step ${epoch} ${3 * epoch + i}`);
  assert.deepEqual(kinds, [
    ...steps(0),
    ...steps(1),
    "validation 1 6",
    ...steps(2),
    ...steps(3),
    "validation 3 12",
    ...steps(4),
    "validation 4 15",
  ]);
  const validations = store.records.filter((record) => record.kind === "validation");
  const [first, second] = validations;
  assert.deepEqual(first.templateChange, {});
  assert.deepEqual(Object.keys(second.templateChange), ["t1", "t2", "flair"]);
  assert.ok(Object.values(second.templateChange).every((change) => change > 0));
  // Held out are t1 t2, and t1 t2 flair.
  assert.deepEqual(first.pairs.map(({ target, source, subjects }) => `${target} ${source} ${subjects}`), [
    "flair t1 1",
    "flair t2 1",
    "flair template 1",
    "t1 flair 1",
    "t1 t2 2",
    "t1 template 2",
    "t2 flair 1",
    "t2 t1 2",
    "t2 template 2",
  ]);
  assert.deepEqual(result.validation?.pairs, validations.at(-1)!.pairs);
  assert.deepEqual([result.finished, result.updates], [true, 15]);
});

Deno.test("pretrain() looks at no more held-out and mean-volume subjects than asked for", async () => {
  const asked: string[] = [];
  const spied = (name: string): TrainerParts["validation"] => {
    const { source, count } = toySource([["t1"], ["t1"], ["t1"]], name);
    const load: typeof source.load = (request) => {
      asked.push(`${name} ${request.epoch} ${request.subject}`);
      return source.load(request);
    };
    return { count, source: { load, close: () => {} } };
  };
  const run = { epochs: 2, validateEvery: 1, validationSubjects: 2, meanVolumeSubjects: 1 };
  await train(toyOptions({ run }), { validation: spied("held out"), trainingCentres: spied("centre") });
  assert.deepEqual(asked, ["centre 0 0", "held out 0 0", "held out 0 1"]);
});

for (
  const { phase, count, steps, volumes } of [
    { phase: "last", count: 5, steps: [0, 0, 0, 1, 1, 1], volumes: [2, 4, 5, 7, 9, 10] },
    { phase: "first", count: 5, steps: [0, 0, 0, 1, 1, 1], volumes: [1, 3, 5, 6, 8, 10] },
    // The last batch of an epoch goes into the first update of the next, that of the run into none.
    { phase: "first", count: 4, steps: [0, 0, 1, 1], volumes: [1, 3, 5, 7] },
    { phase: "last", count: 4, steps: [0, 0, 1, 1], volumes: [2, 4, 6, 8] },
  ] as const
) {
  Deno.test(`pretrain() updates after the ${phase} of two batches with ${count} batches an epoch`, async () => {
    const optimizer = { accumulationSteps: 2, accumulationPhase: phase, learningRate: 0.1 };
    const training = toySource(Array.from({ length: count }, () => ["t1", "t2"]));
    const options = toyOptions({ optimizer, run: { batchSize: 1 } });
    const { store, volumes: seen } = await train(options, { training });
    assert.deepEqual(store.steps.map(({ epoch }) => epoch), steps);
    assert.deepEqual(seen, volumes);
    const totalSteps = phase === "first" ? count : 2 * Math.ceil(count / 2);
    store.steps.forEach(({ step, learningRate }) => {
      assert.equal(learningRate, learningRateAt(step - 1, { ...options.optimizer, totalSteps }));
    });
  });
}

Deno.test("pretrain() averages losses over the batches of an update", async () => {
  const training = toySource([["t1", "t2"], ["t1", "t2"], ["t1"]]);
  // A rate this small leaves the weights as they are.
  const run = (accumulationSteps: number): ReturnType<typeof train> =>
    train(toyOptions({ optimizer: { learningRate: 1e-30, accumulationSteps }, run: { epochs: 1, batchSize: 1 } }), {
      training,
    });
  const [single, joint] = [(await run(1)).store, (await run(3)).store];
  assert.equal(joint.steps.length, 1);
  const [{ loss, md, cmr, cl }] = joint.steps;
  const mean = (values: (number | null)[]): number => {
    const present = values.filter((value) => value !== null);
    return present.reduce((sum, value) => sum + value, 0) / present.length;
  };
  assertClose(loss, mean(single.steps.map((step) => step.loss)));
  assertClose(md!, mean(single.steps.map((step) => step.md)));
  // One of the three batches holds no second modality: the mean is over the other two.
  assert.equal(single.steps.filter((step) => step.cmr === null).length, 1);
  assertClose(cmr!, mean(single.steps.map((step) => step.cmr)));
  assert.equal(cl, null);
});

Deno.test("pretrain() gives the templates their own learning rate, in the schedule's proportion", async () => {
  const rates = { learningRate: 0.01, templateLearningRate: 0.5, weightDecay: 0, warmupSteps: 4, epsilon: 1e-30 };
  const { store } = await train(toyOptions({ optimizer: rates }), { interrupted: () => true });
  assertClose(store.steps[0].learningRate, 0.0025);
  // AdamW's first step moves every voxel that has a gradient by its learning rate.
  const { data } = decodeSafetensors(store.latest.tensors, "latest").tensors.get("rep_template")!;
  const moved = [...data as Float32Array].map(Math.abs).filter((value) => value > 0);
  assert.ok(moved.length > 0);
  moved.forEach((value) => assertClose(value, 0.125));
});

Deno.test("pretrain() starts contrastive learning in the epoch named and says so before", async () => {
  const { store } = await train(toyOptions({ method: { clStartEpoch: 2 }, run: { epochs: 4, validateEvery: 50 } }));
  for (const { epoch, cl, loss, cmr, md } of store.steps) {
    assert.equal(cl !== null, epoch >= 2, `epoch ${epoch}`);
    assertClose(loss, (cmr ?? 0) + md! + (cl ?? 0), { what: `loss in epoch ${epoch}` });
  }
  assert.deepEqual(store.records.filter(({ kind }) => kind === "event"), [
    { kind: "event", epoch: 1, step: 6, message: "contrastive learning starts with the next epoch" },
  ]);
});

Deno.test("pretrain() leaves contrastive learning out when its weight is 0", async () => {
  const { store } = await train(toyOptions({ method: { clStartEpoch: 1, clWeight: 0, clAutoStart: 1e9 } }));
  assert.ok(store.steps.every(({ cl }) => cl === null));
  assert.ok(store.records.every(({ kind }) => kind !== "event"));
});

Deno.test("pretrain() without MD and CL leaves the templates at zero and scores no pair of theirs", async () => {
  const templates = toyTemplates();
  const method = { mdWeight: 0, clWeight: 0, clAutoStart: 1 };
  const options = toyOptions({ method, run: { epochs: 3, validateEvery: 1 } });
  const parts = toyParts({ templates });
  const { validation } = await pretrain(parts, options);
  assert.ok(templates.variable.dataSync().every((value) => value === 0));
  assert.ok(parts.store.steps.every(({ md, cl }) => md === null && cl === null));
  assert.ok(parts.store.steps.some(({ cmr, loss }) => cmr !== null && cmr === loss));
  assert.deepEqual([...new Set(validation!.pairs.map(({ source }) => source))].sort(), ["flair", "t1", "t2"]);
  const validations = parts.store.records.filter((record) => record.kind === "validation");
  assert.deepEqual(validations.map(({ templateChange }) => templateChange), [{}, {}, {}]);
  parts.model.dispose();
  templates.dispose();
});

Deno.test("pretrain() starts contrastive learning by itself once the templates have settled", async () => {
  const { store } = await train(EVENTFUL);
  // The first look has nothing to compare with; the second, after epoch 1, finds the change below the threshold.
  assert.deepEqual(store.steps.map(({ cl }) => cl !== null), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1].map(Boolean));
  const events = store.records.filter((record) => record.kind === "event");
  assert.equal(events.length, 1);
  assert.deepEqual([events[0].epoch, events[0].step], [1, 6]);
  assert.match(events[0].message, /^contrastive learning starts: templates change by [\d.e-]+ per epoch$/);
  const unsettled = { ...EVENTFUL, method: { ...EVENTFUL.method, clAutoStart: 1e-9 } };
  const { store: moving } = await train(unsettled);
  assert.ok(moving.steps.every(({ cl }) => cl === null));
});

Deno.test("pretrain() interrupted after any update resumes to the same records and the same bytes", async () => {
  const { store: expected } = await train(EVENTFUL);
  const updates = expected.steps.length;
  assert.equal(updates, 12);
  for (let stopAt = 1; stopAt <= updates; stopAt++) {
    let done = 0;
    const store = new MemoryStore();
    const interrupted = (): boolean => ++done === stopAt;
    const { result } = await train(EVENTFUL, { store, interrupted });
    assert.deepEqual([result.finished, result.updates], [false, stopAt]);
    // What a killed process wrote after its last checkpoint must go.
    store.records.push({ kind: "event", epoch: 9, step: 99, message: "lost" });
    const resumed = await train(EVENTFUL, { store, resume: store.latest, model: toyModel({ seed: 99 }) });
    assert.deepEqual([resumed.result.finished, resumed.result.updates], [true, updates]);
    assert.deepEqual(store.records, expected.records, `interrupted after ${stopAt}`);
    assert.deepEqual(store.latest, expected.latest, `interrupted after ${stopAt}`);
  }
});

Deno.test("pretrain() resumed from a finished run changes nothing and validates anew", async () => {
  const { store, result } = await train(EVENTFUL);
  const [records, latest] = [structuredClone(store.records), store.latest];
  const again = await train(EVENTFUL, { store, resume: latest });
  assert.deepEqual(again.result, result);
  assert.deepEqual(store.records, records);
  assert.deepEqual(store.latest, latest);
});

Deno.test("pretrain() saves after every so many updates and at the end", async () => {
  const { store } = await train(toyOptions({ run: { epochs: 3, checkpointEvery: 4 } }));
  assert.deepEqual([...store.checkpoints.keys()], [4, 8, 9]);
  const { next, records, updates } = JSON.parse(store.checkpoints.get(4)!.state);
  assert.deepEqual({ next, records, updates }, { next: { epoch: 1, index: 1 }, records: 4, updates: 4 });
});

Deno.test("pretrain() saves when so many minutes have passed without a checkpoint, and changes no number by it", async () => {
  const run = { epochs: 3, checkpointEvery: 4, checkpointMinutes: 10 };
  // Looked at once before the first update, and once or twice after each: 4 minutes an update.
  let updates = 0;
  const onProgress = (): void => void updates++;
  const clock = (): number => 4 * 60_000 * updates;
  const { store } = await train(toyOptions({ run }), { clock, onProgress });
  // 3: 12 minutes since the start. 4: due. 7: 12 minutes since then. 8 and 9: due, and the end.
  assert.deepEqual([...store.checkpoints.keys()], [3, 4, 7, 8, 9]);
  const { store: plain } = await train(toyOptions({ run: { epochs: 3, checkpointEvery: 4 } }));
  assert.deepEqual(store.records, plain.records);
  assert.deepEqual(store.latest, plain.latest);
  updates = 0;
  const off = await train(toyOptions({ run: { ...run, checkpointMinutes: 0 } }), { clock, onProgress });
  assert.deepEqual([...off.store.checkpoints.keys()], [4, 8, 9]);
});

Deno.test("pretrain() records an event before its first batch, which later checkpoints keep", async () => {
  const { store: expected } = await train(EVENTFUL);
  const store = new MemoryStore();
  let done = 0;
  await train(EVENTFUL, { store, interrupted: () => ++done === 5 });
  const { result } = await train(EVENTFUL, {
    store,
    resume: store.latest,
    event: "the GPU was lost",
    interrupted: () => ++done === 8,
  });
  assert.equal(result.updates, 8);
  await train(EVENTFUL, { store, resume: store.latest });
  const [event] = store.records.filter((record) => record.kind === "event" && record.message === "the GPU was lost");
  assert.deepEqual(event, { kind: "event", epoch: 1, step: 5, message: "the GPU was lost" });
  assert.deepEqual(store.records.filter((record) => record !== event), expected.records);
  assert.deepEqual(store.latest.tensors, expected.latest.tensors);
});

Deno.test("pretrain() hands out the templates every so many epochs, the same after a resume, and changes no number", async () => {
  const options = toyOptions({ run: { epochs: 5, templatesEvery: 2 } });
  const kept: [epochs: number, first: Float32Array][] = [];
  const keepTemplates: TrainerParts["keepTemplates"] = (epochs, templates) => {
    kept.push([epochs, templates[0].data]);
    return Promise.resolve();
  };
  const { store } = await train(options, { keepTemplates });
  assert.deepEqual(kept.map(([epochs]) => epochs), [2, 4]);
  for (const [, data] of kept) assertClose(Math.max(...data), 1);
  assert.notDeepEqual(kept[0][1], kept[1][1]);
  const { store: without } = await train(toyOptions({ run: { epochs: 5 } }));
  assert.deepEqual(store.records, without.records);
  const halves = new MemoryStore();
  let updates = 0;
  await train(options, { store: halves, interrupted: () => ++updates === 8, keepTemplates: () => Promise.resolve() });
  const again: typeof kept = [];
  await train(options, {
    store: halves,
    resume: halves.latest,
    keepTemplates: (epochs, templates) => Promise.resolve(void again.push([epochs, templates[0].data])),
  });
  assert.deepEqual(again, [kept[1]]);
});

Deno.test("pretrain() refuses to resume with options that shape the numbers, not with another saving habit", async () => {
  const { store } = await train(EVENTFUL, { interrupted: () => true });
  const { method, optimizer, run } = EVENTFUL;
  for (
    const changes of [
      { seed: 4 },
      { method: { ...method, maskRatio: 0.25 } },
      { optimizer: { ...optimizer, weightDecay: 0 } },
      { run: { ...run, batchSize: 1 } },
    ]
  ) {
    const parts = toyParts({ resume: store.latest });
    await assert.rejects(pretrain(parts, { ...EVENTFUL, ...changes }), {
      name: "CheckpointError",
      message: "Cannot resume from step-1.safetensors: expected the options it was made with, got others",
    });
    parts.templates.dispose();
    parts.model.dispose();
  }
  const saving = { checkpointEvery: 7, checkpointMinutes: 3, keepCheckpoints: 5, templatesEvery: 3 };
  const habit = { ...EVENTFUL, run: { ...run, ...saving } };
  const { result } = await train(habit, { resume: store.latest });
  assert.equal(result.updates, 12);
});

Deno.test("pretrain() frees what it made when a crop cannot be loaded", async () => {
  const broken = toySource([["t1"], ["t1"], ["t1"]]);
  const load: typeof broken.source.load = (request) =>
    request.subject === 2
      ? Promise.reject(new Error("Cannot read scan.nii: expected voxels"))
      : broken.source.load(request);
  const before = tf.memory().numTensors;
  const parts = toyParts({ training: { ...broken, source: { load, close: () => {} } } });
  const options = toyOptions({ optimizer: { accumulationSteps: 3 }, run: { batchSize: 1 } });
  await assert.rejects(pretrain(parts, options), { message: "Cannot read scan.nii: expected voxels" });
  parts.templates.dispose();
  parts.model.dispose();
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
});

for (
  const [name, { mdWeight, updates }] of Object.entries({
    paper: { mdWeight: 1, updates: [3, 6] },
    official: { mdWeight: 10, updates: [2, 4] },
  })
) {
  Deno.test(`pretrain() runs the recipe ${name} with its weights and its updates`, async () => {
    const { method, optimizer, run } = resolveConfig(recipeSchema, RECIPES[name].recipe, {
      assignments: ["run.epochs=2", "run.batchSize=2", "method.blockSize=2"],
    });
    const { store } = await train({ seed: 0, method, optimizer, run });
    assert.deepEqual(store.steps.filter(({ epoch }) => epoch === 0).length, updates[0]);
    assert.equal(store.steps.length, updates[1]);
    assert.equal(store.steps[0].learningRate, 3e-4);
    for (const { loss, cmr, md, cl } of store.steps) {
      assert.equal(cl, null);
      assertClose(loss, (cmr ?? 0) + mdWeight * md!);
    }
  });
}

Deno.test("pretrain() brings the loss of one batch down within 20 updates", async () => {
  const training = toySource([["t1", "t2", "flair"], ["t1", "flair"]]);
  const options = toyOptions({ optimizer: { learningRate: 0.05 }, run: { epochs: 20, validateEvery: 50 } });
  const { store } = await train(options, { training });
  const losses = store.steps.map(({ loss }) => loss);
  assert.equal(losses.length, 20);
  assert.ok(losses[19] < 0.5 * losses[0], `from ${losses[0]} to ${losses[19]}`);
});
