import assert from "node:assert/strict";
import type { z } from "zod";
import { methodSchema, optimizerSchema, runSchema } from "../../lib/trainer/mod.ts";

const REFUSED: readonly { schema: z.ZodType; title: string; values: Readonly<Record<string, unknown[]>> }[] = [
  {
    schema: methodSchema,
    title: "methodSchema",
    values: {
      sequences: ["some", 0, 1.5],
      modalitiesPerStep: ["two"],
      maskRatio: [-0.1, 1.1, NaN],
      blockSize: [0, 2.5],
      cmrWeight: [-1],
      mdWeight: [-1],
      clWeight: [-1],
      clStartEpoch: [-1, 0.5],
      clAutoStart: [0, -1],
      temperature: [0],
      templateFillUntilEpoch: [-2, 0.5],
      templateGradient: ["scaled"],
      mask_ratio: [0.5],
    },
  },
  {
    schema: optimizerSchema,
    title: "optimizerSchema",
    values: {
      learningRate: [0, -1, Infinity],
      templateLearningRate: [0],
      beta1: [1, -0.1],
      beta2: [1, -0.1],
      epsilon: [0],
      weightDecay: [-1],
      clipNorm: [0],
      schedule: ["linear"],
      warmupSteps: [-1],
      accumulationSteps: [0],
      accumulationPhase: ["middle"],
      lr: [1],
    },
  },
  {
    schema: runSchema,
    title: "runSchema",
    values: {
      epochs: [0, 1.5],
      batchSize: [0],
      validateEvery: [0],
      validationSubjects: [0],
      meanVolumeSubjects: [0],
      checkpointEvery: [0],
      checkpointMinutes: [-1],
      keepCheckpoints: [0],
      templatesEvery: [-1, 0.5],
      steps: [1],
    },
  },
];

for (const { schema, title, values } of REFUSED) {
  Deno.test(`${title} refuses values outside their range and unknown keys`, () => {
    assert.ok(schema.safeParse({}).success);
    for (const [key, wrong] of Object.entries(values)) {
      for (const value of wrong) assert.ok(!schema.safeParse({ [key]: value }).success, `${key}: ${value}`);
    }
  });
}

Deno.test("the schemas accept the ends of their ranges and null where something can be off", () => {
  const ends = { maskRatio: 1, cmrWeight: 0, clStartEpoch: 0, templateFillUntilEpoch: -1, clAutoStart: null };
  assert.ok(methodSchema.safeParse({ ...ends, sequences: "all" }).success);
  assert.ok(methodSchema.safeParse({ maskRatio: 0, sequences: 1 }).success);
  const off = { templateLearningRate: null, clipNorm: null, beta1: 0, weightDecay: 0, warmupSteps: 0 };
  assert.ok(optimizerSchema.safeParse(off).success);
  assert.ok(runSchema.safeParse({ epochs: 1, keepCheckpoints: 1 }).success);
});
