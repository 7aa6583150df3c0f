/** Labelled subjects, a tiny segmentation and a store in memory: what fine-tuning's tests need. */
import type { LabelledSample } from "../../lib/dataset/mod.ts";
import { buildSegmentationModel } from "../../lib/model/mod.ts";
import type { ModelConfig, SegmentationModel } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import type { FinetuneRecord } from "../../lib/results.ts";
import type {
  Checkpoint,
  FinetuneOptions,
  FinetuneStore,
  LabelledSubjects,
  SegmentationOptions,
  SegmentationTarget,
} from "../../lib/trainer/mod.ts";
import { joinBytes } from "./_toy.ts";

/** The smallest encoder that has all its parts. */
export const TOY_ENCODER = {
  backbone: "uniformer",
  inChannels: 2,
  mlpRatio: 2,
  headDim: 4,
  embedDims: [4, 4, 8, 8],
  depths: [1, 1, 1, 1],
} as const satisfies ModelConfig;

/** A box and what lies in it: regions that overlap. */
export const TOY_TARGET: SegmentationTarget = {
  regions: [{ name: "whole", labels: [1, 2] }, { name: "core", labels: [2] }],
  output: "sigmoid",
};

/** A fresh model for {@link TOY_TARGET}. */
export function toySegmentation(seed = 1): SegmentationModel {
  return buildSegmentationModel({ ...TOY_ENCODER, classes: 2 }, { seed });
}

/** A bright box with a brighter core in 16³ voxels of noise. */
export function boxSample(key: string, { classIndex = null }: { classIndex?: number | null } = {}): LabelledSample {
  const random = randomStream(5, `box ${key}`);
  const length = 16 ** 3;
  const corner = [0, 1, 2].map(() => 2 + random.integer(5));
  const voxels = new Float32Array(2 * length), label = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const place = [i % 16, Math.floor(i / 16) % 16, Math.floor(i / 256)];
    const depth = Math.min(...place.map((at, axis) => Math.min(at - corner[axis], corner[axis] + 7 - at)));
    label[i] = classIndex === 0 ? 0 : depth < 0 ? 0 : depth < 2 ? 1 : 2;
    voxels[i] = 0.1 * random.uniform() + (label[i] > 0 ? 0.6 : 0.1);
    voxels[length + i] = 0.1 * random.uniform() + (label[i] === 2 ? 0.8 : 0.2);
  }
  return {
    subject: key,
    modalities: ["t1", "t2"],
    voxels,
    label,
    classIndex,
    cropSize: [16, 16, 16],
    inside: { start: [0, 0, 0], end: [16, 16, 16] },
    templateStart: [0, 0, 0],
  };
}

/** Subjects by key; crops do not change with the epoch. */
export function boxSubjects(samples: readonly LabelledSample[]): LabelledSubjects {
  const source = { load: ({ subject }: { subject: number }) => Promise.resolve(samples[subject]), close: () => {} };
  return { source, count: samples.length };
}

/** Nothing but the loss. */
export const PLAIN_SEGMENTATION: SegmentationOptions = {
  cropSize: [16, 16, 16],
  augment: { flip: "none", flipProbability: 0.5, shift: 0, scale: 0, templateChannels: 0 },
  diceShare: 0.7,
  deepSupervision: true,
  consistencyWeight: 0,
  consistencyOn: "features",
  validation: "centre",
  overlap: 0.5,
  recomputeBlocks: false,
};

/** Options of a run that differ from small defaults in what is named. */
export function finetuneOptions(
  { optimizer, run, fingerprint = "" }: {
    optimizer?: Partial<FinetuneOptions["optimizer"]>;
    run?: Partial<FinetuneOptions["run"]>;
    fingerprint?: string;
  } = {},
): FinetuneOptions {
  return {
    seed: 4,
    optimizer: {
      name: "adam",
      learningRate: 0.01,
      encoderLearningRate: null,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 1e-4,
      clipNorm: null,
      schedule: "cosine-epoch",
      warmupSteps: 0,
      ...optimizer,
    },
    run: { epochs: 2, batchSize: 2, validateEvery: 1, validationSubjects: 9, checkpointEvery: 1, ...run },
    fingerprint,
    metadata: { model: "toy" },
  };
}

/** A run folder in memory. */
export class MemoryFinetuneStore implements FinetuneStore {
  readonly records: FinetuneRecord[] = [];
  readonly checkpoints = new Map<number, { tensors: Uint8Array<ArrayBuffer>; state: string; file: string }>();
  /** Best weights in the order of saving. */
  readonly weights: Uint8Array<ArrayBuffer>[] = [];

  appendRecord(record: FinetuneRecord): Promise<void> {
    this.records.push(JSON.parse(JSON.stringify(record)));
    return Promise.resolve();
  }

  truncateRecords(count: number): Promise<void> {
    this.records.length = count;
    return Promise.resolve();
  }

  saveCheckpoint(updates: number, { tensors, state }: Checkpoint): Promise<void> {
    this.checkpoints.set(updates, { tensors: joinBytes(tensors), state, file: `step-${updates}.safetensors` });
    return Promise.resolve();
  }

  saveWeights(chunks: readonly Uint8Array[]): Promise<void> {
    this.weights.push(joinBytes(chunks));
    return Promise.resolve();
  }
}
