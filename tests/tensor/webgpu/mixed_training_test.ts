/** Training with activations in half precision, beside the same in 32-bit floats. */
import assert from "node:assert/strict";
import { MODALITIES } from "../../../lib/dataset/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../../../lib/model/mod.ts";
import { randomStream } from "../../../lib/random.ts";
import { Templates } from "../../../lib/templates/mod.ts";
import { selectBackend } from "../../../lib/tensor/mod.ts";
import { pretrain } from "../../../lib/trainer/mod.ts";
import type { Precision, SubjectSource, TrainerParts } from "../../../lib/trainer/mod.ts";
import { MemoryStore, toyOptions } from "../../trainer/_toy.ts";
import { gpuTest } from "./_gpu.ts";

/** Edge of a crop, and updates of a run. */
const EDGE = 16, UPDATES = 30;

/** Smooth blobs, alike in all sequences, that a network can learn to rebuild. */
function blobs(count: number): SubjectSource {
  const load: SubjectSource["source"]["load"] = ({ subject }) => {
    const random = randomStream(5, "blobs", subject);
    const centre = [0, 1, 2].map(() => EDGE * (0.3 + 0.4 * random.uniform()));
    const modalities = ["t1", "t2", "flair"];
    const voxels = new Float32Array(modalities.length * EDGE ** 3);
    for (let i = 0; i < voxels.length; i++) {
      const place = [i % EDGE, Math.floor(i / EDGE) % EDGE, Math.floor(i / EDGE ** 2) % EDGE];
      const squares = place.reduce((sum, at, axis) => sum + (at - centre[axis]) ** 2, 0);
      voxels[i] = Math.exp(-squares / 40) * (1 - 0.2 * Math.floor(i / EDGE ** 3));
    }
    const cropSize = [EDGE, EDGE, EDGE] as const;
    return Promise.resolve({ subject: `blob ${subject}`, modalities, voxels, cropSize, templateStart: [2, 2, 2] });
  };
  return { count, source: { load, close: () => {} } };
}

async function train(precision: Precision, changes: Partial<TrainerParts> = {}): Promise<MemoryStore> {
  await selectBackend("webgpu", { precision });
  const model = buildPretrainModel(MODEL_PRESETS["uniformer-tiny"], { seed: 1 });
  const templates = new Templates({ modalities: MODALITIES, size: [20, 20, 20], epsilon: 1e-9 });
  const store = new MemoryStore();
  const training = blobs(6);
  const parts = { model, templates, training, trainingCentres: training, validation: blobs(1), store };
  const options = toyOptions({
    method: {
      blockSize: 4,
      templateGradient: "range-scaled",
      clStartEpoch: 7,
      clWeight: 0.02,
      modalitiesPerStep: "one",
    },
    optimizer: { learningRate: 2e-3, clipNorm: 1, warmupSteps: 5 },
    run: { epochs: UPDATES / 3, batchSize: 2, validateEvery: 100, precision },
  });
  await pretrain({ ...parts, ...changes }, options);
  model.dispose();
  templates.dispose();
  await selectBackend("webgpu");
  return (changes.store ?? store) as MemoryStore;
}

gpuTest("pretrain() in half precision follows 32-bit floats, and resumes to the same numbers", async (backend) => {
  backend.poison = false;
  const full = await train("f32");
  const mixed = await train("f16-mixed");
  assert.equal(mixed.steps.length, UPDATES);
  const differences = full.steps.map(({ loss }, i) => Math.abs(mixed.steps[i].loss - loss) / loss);
  // Weights drift apart once training has begun to amplify the rounding.
  const bounds = differences.map((_, i) => i < 10 ? 0.005 : 0.1);
  differences.forEach((difference, i) => assert.ok(difference <= bounds[i], `update ${i + 1}: off by ${difference}`));
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / UPDATES;
  assert.ok(mean <= 0.03, `off by ${mean} on average`);
  // Half precision it is: the numbers are near, not equal.
  assert.notDeepEqual(mixed.steps.map(({ loss }) => loss), full.steps.map(({ loss }) => loss));
  const store = new MemoryStore();
  let updates = 0;
  await train("f16-mixed", { store, interrupted: () => ++updates === 11 });
  await train("f16-mixed", { store, resume: store.latest });
  assert.deepEqual(store.records, mixed.records);
  assert.deepEqual(store.latest.tensors, mixed.latest.tensors);
});
