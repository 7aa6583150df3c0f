/** A model of a few weights, a cohort and a run folder in memory: all that the trainer's tests need. */
import type { Sample } from "../../lib/dataset/mod.ts";
import type { Triple } from "../../lib/geometry.ts";
import type { Parameter, PretrainModel } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import type { MetricsRecord, StepRecord } from "../../lib/results.ts";
import { Templates } from "../../lib/templates/mod.ts";
import { shapeOf, sizeOf, tf } from "../../lib/tensor/mod.ts";
import type { Tensor5D } from "../../lib/tensor/mod.ts";
import { methodSchema, optimizerSchema, runSchema } from "../../lib/trainer/mod.ts";
import type {
  Checkpoint,
  MethodOptions,
  OptimizerOptions,
  RunOptions,
  RunStore,
  SubjectSource,
  TrainerOptions,
  TrainerParts,
} from "../../lib/trainer/mod.ts";
import type { ViewSample } from "../../lib/trainer/views.ts";

/** Voxels (x, y, z) of every toy crop. */
export const CROP: Triple = [4, 2, 2];
/** Voxels (x, y, z) of the toy templates. */
export const TEMPLATE: Triple = [5, 4, 3];
/** Modalities that have a toy template. */
export const TOY_MODALITIES = ["t1", "t2", "flair"];

/** Numbers in [0, 1) that depend on the key alone. */
export function uniforms(length: number, key: string): Float32Array {
  const random = randomStream(11, key);
  return Float32Array.from({ length }, () => random.uniform());
}

/** reconstruction = tanh(x·lift)·mix·readout + bias; `mix` is stored transposed, `calls` counts training passes. */
export function toyModel({ seed = 1 }: { seed?: number } = {}): PretrainModel {
  const build = (name: string, shape: number[], { trainable = true, transposed = false } = {}): Parameter => {
    const values = trainable ? uniforms(sizeOf(shape), `${name} ${seed}`).map((v) => 2 * v - 1) : [0];
    const axes = shape.map((_, axis) => axis);
    return {
      name,
      variable: tf.tidy(() => tf.variable(tf.tensor([...values], shape), trainable)),
      trainable,
      shape,
      officialShape: transposed ? shape.toReversed() : shape,
      permutation: transposed ? axes.toReversed() : axes,
    };
  };
  const parameters = [
    build("lift", [1, 2]),
    build("mix", [2, 3], { transposed: true }),
    build("readout", [3, 1]),
    build("bias", [1]),
    build("unused", [2]),
    build("calls", [1], { trainable: false }),
  ];
  const [lift, mix, readout, bias, , calls] = parameters.map(({ variable }) => variable);
  return {
    parameters,
    divisor: 1,
    forward(x, { training }) {
      if (training) tf.tidy(() => calls.assign(tf.add(calls, 1)));
      const [batch, depth, height, width] = shapeOf(x);
      const deep = tf.matMul(tf.tanh(tf.matMul(tf.reshape(x, [-1, 1]), lift as tf.Tensor2D)), mix as tf.Tensor2D);
      const reconstruction = tf.add(tf.matMul(deep, readout as tf.Tensor2D), bias);
      const volume = (values: tf.Tensor, channels: number): Tensor5D => {
        return tf.reshape(values, [batch, depth, height, width, channels]) as Tensor5D;
      };
      return { features: [volume(deep, 3)], reconstruction: volume(reconstruction, 1) };
    },
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}

/** reconstruction = gain·x + offset, features = x: losses can be followed by hand. */
export function linearModel({ gain, offset }: { gain: number; offset: number }): PretrainModel {
  const parameters = Object.entries({ gain, offset }).map(([name, value]): Parameter => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor1d([value]))),
    trainable: true,
    shape: [1],
    officialShape: [1],
    permutation: [0],
  }));
  const [scale, shift] = parameters.map(({ variable }) => variable);
  return {
    parameters,
    divisor: 1,
    forward: (x) => ({ features: [x], reconstruction: tf.add(tf.mul(x, scale), shift) as Tensor5D }),
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}

/** Templates with random values, or of zeros as at the start of a run. */
export function toyTemplates({ trained = false }: { trained?: boolean } = {}): Templates {
  const templates = new Templates({ modalities: TOY_MODALITIES, size: TEMPLATE, epsilon: 1e-9 });
  if (trained) {
    const { variable } = templates;
    tf.tidy(() => variable.assign(tf.tensor(uniforms(variable.size, "templates"), variable.shape)));
  }
  return templates;
}

/** A crop with random voxels in [0, 1). */
export function toySample(modalities: readonly string[], key: string): Sample & ViewSample {
  const voxels = uniforms(modalities.length * sizeOf(CROP), key) as Sample["voxels"];
  return { subject: key, modalities, voxels, cropSize: CROP, templateStart: [1, 1, 0] };
}

/** A cohort given by each subject's modalities; crops do not change with the epoch. */
export function toySource(subjects: readonly (readonly string[])[], name = "subject"): SubjectSource {
  return {
    count: subjects.length,
    source: {
      load: ({ subject }) => Promise.resolve(toySample(subjects[subject], `${name} ${subject}`)),
      close: () => {},
    },
  };
}

/** Options that differ from the defaults in what is named, and fit toy crops. */
export function toyOptions(
  { method, optimizer, run }: {
    method?: Partial<MethodOptions>;
    optimizer?: Partial<OptimizerOptions>;
    run?: Partial<RunOptions>;
  } = {},
): TrainerOptions {
  return {
    seed: 3,
    method: methodSchema.parse({ blockSize: 2, maskRatio: 0.5, ...method }),
    optimizer: optimizerSchema.parse({ learningRate: 0.01, ...optimizer }),
    run: runSchema.parse({ epochs: 2, batchSize: 2, ...run }),
  };
}

/** Five training subjects, one with a single modality, and two held-out ones. */
export function toyParts(changes: Partial<TrainerParts> = {}): TrainerParts & { store: MemoryStore } {
  const training = toySource([["t1", "t2", "flair"], ["t1", "t2"], ["flair"], ["t2", "flair"], ["t1", "flair"]]);
  return {
    training,
    trainingCentres: training,
    validation: toySource([["t1", "t2"], ["t1", "t2", "flair"]], "held out"),
    ...changes,
    model: changes.model ?? toyModel(),
    templates: changes.templates ?? toyTemplates(),
    store: (changes.store ?? new MemoryStore()) as MemoryStore,
  };
}

/** A run folder in memory. */
export class MemoryStore implements RunStore {
  readonly records: MetricsRecord[] = [];
  /** By the number of updates, in the order of saving. */
  readonly checkpoints = new Map<number, { tensors: Uint8Array<ArrayBuffer>; state: string; file: string }>();

  /** The update records. */
  get steps(): StepRecord[] {
    return this.records.filter((record) => record.kind === "step");
  }

  appendRecord(record: MetricsRecord): Promise<void> {
    // What is kept is what a file would give back.
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

  /** The checkpoint saved last. */
  get latest(): { tensors: Uint8Array<ArrayBuffer>; state: string; file: string } {
    return [...this.checkpoints.values()].at(-1)!;
  }
}

/** Chunks of a file as one. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** Fails unless the numbers agree within a share of the expected one, or absolutely near 0. */
export function assertClose(actual: number, expected: number, { within = 1e-5, what = "value" } = {}): void {
  const error = Math.abs(actual - expected);
  if (!(error <= within * Math.max(1e-3, Math.abs(expected)))) {
    throw new Error(`${what}: expected ${expected} within ${within}, got ${actual}`);
  }
}
