import assert from "node:assert/strict";
import { LabelledSource, OFFICIAL_DOWNSTREAM, TUMOUR_LABELS } from "../../lib/dataset/mod.ts";
import { generatePhantomSubject, type LabelledPlan, writeNifti } from "../../lib/dataset/mod.ts";
import { decodeSafetensors } from "../../lib/interop/mod.ts";
import { buildSegmentationModel, MODEL_PRESETS } from "../../lib/model/mod.ts";
import type { ModelName } from "../../lib/model/mod.ts";
import type { FinetuneStepRecord, SegmentationRecord } from "../../lib/results.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { finetune, SegmentationObjective } from "../../lib/trainer/mod.ts";
import type { FinetuneOptions, FinetuneParts } from "../../lib/trainer/mod.ts";
import {
  boxSample,
  boxSubjects,
  finetuneOptions,
  MemoryFinetuneStore,
  PLAIN_SEGMENTATION,
  TOY_TARGET,
  toySegmentation,
} from "./_labelled_toy.ts";

await selectBackend("simd");

const AUGMENT = { flip: "each", flipProbability: 0.5, shift: 0.1, scale: 0.1, templateChannels: 0 } as const;

function partsOf(store: MemoryFinetuneStore, changes: Partial<FinetuneParts> = {}): FinetuneParts {
  const objective = new SegmentationObjective(
    { model: toySegmentation(), target: TOY_TARGET, templates: [] },
    { ...PLAIN_SEGMENTATION, augment: AUGMENT },
  );
  const training = boxSubjects(["a", "b", "c"].map((key) => boxSample(key)));
  const validation = boxSubjects([boxSample("held")]);
  return { objective, training, validation, store, ...changes };
}

async function run(options: FinetuneOptions, changes: Partial<FinetuneParts> = {}): Promise<MemoryFinetuneStore> {
  const store = new MemoryFinetuneStore();
  await finetune(partsOf(store, changes), options);
  return store;
}

function stepsOf(store: MemoryFinetuneStore): FinetuneStepRecord[] {
  return store.records.filter((record) => record.kind === "finetune");
}

function scoresOf(store: MemoryFinetuneStore): SegmentationRecord[] {
  return store.records.filter((record) => record.kind === "segmentation");
}

Deno.test("finetune() goes through the epochs, validates and saves", async () => {
  const store = await run(finetuneOptions({ run: { epochs: 3, validateEvery: 2 } }));
  assert.deepEqual(stepsOf(store).map(({ epoch, step }) => [epoch, step]), [[0, 1], [0, 2], [1, 3], [1, 4], [2, 5], [
    2,
    6,
  ]]);
  assert.deepEqual(scoresOf(store).map(({ epoch, step, subjects }) => [epoch, step, subjects]), [[1, 4, 1], [2, 6, 1]]);
  assert.deepEqual([...store.checkpoints.keys()], [1, 2, 3, 4, 5, 6]);
});

Deno.test("finetune() lowers the learning rate from epoch to epoch, or from update to update", async () => {
  const rates = async (schedule: "cosine-epoch" | "cosine" | "constant"): Promise<number[]> => {
    const store = await run(finetuneOptions({ optimizer: { schedule }, run: { epochs: 2, validateEvery: 9 } }));
    return stepsOf(store).map(({ learningRate }) => Number(learningRate.toPrecision(4)));
  };
  assert.deepEqual(await rates("cosine-epoch"), [0.01, 0.01, 0.005, 0.005]);
  assert.deepEqual(await rates("cosine"), [0.01, 0.008536, 0.005, 0.001464]);
  assert.deepEqual(await rates("constant"), [0.01, 0.01, 0.01, 0.01]);
});

Deno.test("finetune() moves the encoder at its own rate", async () => {
  const store = new MemoryFinetuneStore();
  const parts = partsOf(store);
  const before = parts.objective.parameters.map(({ variable }) => variable.dataSync().slice());
  const optimizer = { encoderLearningRate: 1e-12, weightDecay: 0 };
  await finetune(parts, finetuneOptions({ optimizer, run: { epochs: 1 } }));
  parts.objective.parameters.forEach(({ name, trainable, variable }, i) => {
    if (!trainable) return;
    const change = Math.max(...variable.dataSync().map((value, k) => Math.abs(value - before[i][k])));
    if (name.startsWith("encoder.")) assert.ok(change < 1e-9, name);
    else assert.ok(change > 1e-4, `${name} ${change}`);
  });
});

Deno.test("finetune() moves the encoder of UNET3D at its own rate", async () => {
  const model = buildSegmentationModel({ ...MODEL_PRESETS["unet3d-tiny"], inChannels: 2, classes: 2 }, { seed: 1 });
  const objective = new SegmentationObjective({ model, target: TOY_TARGET, templates: [] }, PLAIN_SEGMENTATION);
  const before = model.parameters.map(({ variable }) => variable.dataSync().slice());
  const optimizer = { encoderLearningRate: 1e-12, weightDecay: 0 };
  await finetune(
    partsOf(new MemoryFinetuneStore(), { objective }),
    finetuneOptions({ optimizer, run: { epochs: 1 } }),
  );
  model.parameters.forEach(({ name, variable }, i) => {
    const change = Math.max(...variable.dataSync().map((value, k) => Math.abs(value - before[i][k])));
    if (/^(conv|ds\d)/.test(name)) assert.ok(change < 1e-9, name);
    // A bias alone in its group of normalisation has no gradient but rounding.
    else if (!/conv1\.bias$/.test(name)) assert.ok(change > 1e-4, `${name} ${change}`);
  });
});

Deno.test("finetune() keeps the weights of the best validation", async () => {
  const store = await run(finetuneOptions({ optimizer: { learningRate: 0.02 }, run: { epochs: 6 } }));
  const scores = scoresOf(store);
  let best = -1;
  scores.forEach((score) => {
    assert.equal(score.best, score.dice > best);
    best = Math.max(best, score.dice);
  });
  assert.equal(store.weights.length, scores.filter((score) => score.best).length);
  const { tensors, metadata } = decodeSafetensors(store.weights.at(-1)!, "weights.safetensors");
  assert.deepEqual([metadata.format, metadata.model], ["pt", "toy"]);
  assert.equal(metadata.epoch, String(scores.findLast((score) => score.best)!.epoch));
  assert.equal(tensors.size, toySegmentation().parameters.length);
  assert.equal(tensors.get("encoder.norm.num_batches_tracked")!.dtype, "I64");
});

Deno.test("finetune() stopped after any update and resumed gives the same records, checkpoints and weights", async () => {
  const options = finetuneOptions({ run: { epochs: 2 } });
  const whole = await run(options);
  for (const stopAt of [1, 2, 3]) {
    const store = new MemoryFinetuneStore();
    let updates = 0;
    const first = await finetune({
      ...partsOf(store),
      onProgress: () => updates++,
      interrupted: () => updates === stopAt,
    }, options);
    assert.deepEqual(first, { finished: false, updates: stopAt });
    const resume = store.checkpoints.get(stopAt)!;
    // Records after the checkpoint are those of a process that was killed.
    await store.appendRecord({ kind: "event", epoch: 9, step: 9, message: "lost" });
    const second = await finetune(partsOf(store, { resume }), options);
    assert.deepEqual(second, { finished: true, updates: 4 });
    assert.deepEqual(store.records, whole.records);
    assert.deepEqual(store.checkpoints.get(4)!.state, whole.checkpoints.get(4)!.state);
    for (
      const [a, b] of [[store.checkpoints.get(4)!.tensors, whole.checkpoints.get(4)!.tensors], [
        store.weights.at(-1)!,
        whole.weights.at(-1)!,
      ]]
    ) {
      assert.ok(a.length === b.length && a.every((byte, i) => byte === b[i]), `stopped at ${stopAt}`);
    }
  }
});

Deno.test("finetune() refuses to resume with other options", async () => {
  const store = await run(finetuneOptions({ run: { epochs: 1 } }));
  const resume = store.checkpoints.get(1)!;
  for (
    const options of [
      finetuneOptions({ run: { epochs: 2 } }),
      finetuneOptions({ run: { epochs: 1 }, fingerprint: "x" }),
    ]
  ) {
    await assert.rejects(finetune(partsOf(new MemoryFinetuneStore(), { resume }), options), {
      name: "CheckpointError",
      message: "Cannot resume from step-1.safetensors: expected the options it was made with, got others",
    });
  }
});

Deno.test("finetune() leaves no tensors behind but the model's", async () => {
  const parts = partsOf(new MemoryFinetuneStore());
  const before = tf.memory().numTensors;
  await finetune(parts, finetuneOptions({ run: { epochs: 1 } }));
  assert.equal(tf.memory().numTensors, before);
});

// At 8e-3 UNET3D finds the tumours, but has not settled after as many updates.
for (const [name, learningRate] of [["uniformer-tiny", 8e-3], ["unet3d-tiny", 1.5e-3]] as const) {
  Deno.test(`finetune() overfits two phantoms to a Dice of 0.95 with ${name}`, () => overfit(name, { learningRate }));
}

/** Learns the centres of two phantoms by heart. */
async function overfit(name: ModelName, { learningRate }: { learningRate: number }): Promise<void> {
  const files = new Map<string, Uint8Array>();
  const modalities = ["flair", "t1c"] as const;
  for (const index of [0, 1]) {
    const { images, label } = generatePhantomSubject({ seed: 9, index, size: 24, modalities, lesion: "tumour" });
    for (const { modality, volume } of images) files.set(`${index}_${modality}`, await writeNifti(volume));
    files.set(`${index}_seg`, await writeNifti(label!, { datatype: "uint8" }));
  }
  const plan: LabelledPlan = {
    root: "",
    subjects: [0, 1].map((index) => ({
      id: String(index),
      images: modalities.map((modality) => ({ modality, file: `${index}_${modality}` })),
      label: `${index}_seg`,
    })),
    modalities,
    scheme: { name: "own", values: Object.values(TUMOUR_LABELS), sets: [], choose: "auto" },
    classes: null,
    preprocess: { ...OFFICIAL_DOWNSTREAM, spacingMm: null },
    seed: 0,
    crop: "centre",
    cropSize: [16, 16, 16],
    templateSize: [24, 24, 24],
    labelCentred: 0,
  };
  const readFile = (path: string): Promise<Uint8Array> => Promise.resolve(files.get(path)!);
  const subjects = { source: new LabelledSource(plan, { readFile, cacheBytes: 1e8 }), count: 2 };
  const regions = [{ name: "WT", labels: [1, 2, 4] }, { name: "TC", labels: [1, 4] }];
  const sizes = { ...MODEL_PRESETS[name], inChannels: 2, classes: 2 };
  const model = buildSegmentationModel(sizes, { seed: 0 });
  const objective = new SegmentationObjective(
    { model, target: { regions, output: "sigmoid" }, templates: [] },
    PLAIN_SEGMENTATION,
  );
  const store = new MemoryFinetuneStore();
  const optimizer = { name: "adamw", learningRate, schedule: "cosine", clipNorm: 1 } as const;
  const rhythm = { epochs: 140, batchSize: 2, validateEvery: 1000, checkpointEvery: 1000 };
  await finetune(
    { objective, training: subjects, validation: subjects, store },
    finetuneOptions({ optimizer, run: rhythm }),
  );
  const [last] = scoresOf(store);
  assert.ok(last.regions.every(({ dice, present }) => dice >= 0.95 && present === 2), JSON.stringify(last.regions));
}
