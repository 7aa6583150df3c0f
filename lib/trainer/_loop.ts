/** The loop that pre-training and fine-tuning share: batches, gradients, updates, checkpoints. */
import { batches, epochOrder } from "../dataset/mod.ts";
import type { Batch, SampleRequest } from "../dataset/mod.ts";
import { CheckpointError } from "../errors.ts";
import type { Parameter } from "../model/mod.ts";
import { tf } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";
import { AdamW } from "./adamw.ts";
import type { AdamWOptions } from "./adamw.ts";
import { restoreCheckpoint, takeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, CheckpointParts, TrainerState } from "./checkpoint.ts";
import { addGradient, finishGradients } from "./gradients.ts";
import type { FinishOptions } from "./gradients.ts";
import type { OptimizerOptions } from "./options.ts";
import { planUpdates } from "./update_plan.ts";
import type { UpdatePlan } from "./update_plan.ts";

/** Losses of a batch by name; null where a loss had nothing to work on or was off. */
export type Losses<K extends string> = Readonly<Record<K, number | null>>;

/** What an update was. */
export interface LoopUpdate<K extends string> {
  readonly epoch: number;
  /** Updates done, this one included. */
  readonly step: number;
  readonly learningRate: number;
  /** Means over the batches of the update. */
  readonly losses: Losses<K>;
  readonly gradientNorm: number;
  /** Samples trained on so far in this session. */
  readonly volumes: number;
}

/** What changes from batch to batch and is saved. */
export type LoopState = Omit<TrainerState, "format" | "optimizerSteps">;

/** What a task may do to the run it is in. */
export interface LoopRun<R> {
  readonly state: LoopState;
  readonly plan: UpdatePlan;
  /** Writes a record. */
  append(record: R): Promise<void>;
}

/** What is learned; the loop asks it for all that differs from task to task. */
export interface LoopTask<S, R, K extends string> {
  /** All that checkpoints hold. */
  readonly parameters: readonly Parameter[];
  /** Those that the optimiser moves. */
  readonly trained: readonly Parameter[];
  /** Normalised templates at the last look at their change, by modality. */
  readonly seenTemplates: Map<string, Float32Array>;
  /** What happens to gradients before an update. */
  readonly finish: Omit<FinishOptions, "accumulationSteps">;
  /** Losses of a batch, and gradients by parameter name, which the loop frees. */
  gradients(batch: Batch<S>, run: LoopRun<R>): Promise<{ losses: Losses<K>; gradients: Map<string, Tensor> }>;
  /** Learning rate of the next update, for the record, and that of every parameter by name. */
  learningRates(epoch: number, run: LoopRun<R>): { learningRate: number; rateOf: (name: string) => number };
  /** Writes the record of an update. */
  endUpdate(update: LoopUpdate<K>, run: LoopRun<R>): Promise<void>;
  /** Called after the last batch of every epoch. */
  endEpoch(epoch: number, run: LoopRun<R>): Promise<void>;
}

/** What the loop is given beside the task. */
export interface LoopParts<S, R> {
  readonly training: { readonly source: { load(request: SampleRequest): Promise<S> }; readonly count: number };
  readonly store: {
    appendRecord(record: R): Promise<void>;
    truncateRecords(count: number): Promise<void>;
    saveCheckpoint(updates: number, checkpoint: Checkpoint): Promise<void>;
  };
  readonly resume?: { readonly tensors: Uint8Array; readonly state: string; readonly file: string };
  readonly interrupted?: () => boolean;
}

/** Rhythm of a run. */
export interface LoopOptions {
  readonly seed: number;
  readonly optimizer: AdamWOptions & Pick<OptimizerOptions, "accumulationSteps" | "accumulationPhase">;
  readonly run: { readonly epochs: number; readonly batchSize: number; readonly checkpointEvery: number };
  /** Whatever shapes the numbers; a run is resumed with the same only. */
  readonly fingerprint: string;
}

/** Batches loaded ahead. */
const PREFETCH = 2;

/**
 * Trains until the last epoch or an interruption.
 *
 * @throws {CheckpointError} when the checkpoint to resume from is damaged or was made with other options
 */
export async function trainingLoop<S, R, K extends string>(
  task: LoopTask<S, R, K>,
  parts: LoopParts<S, R>,
  options: LoopOptions,
): Promise<{ readonly finished: boolean; readonly updates: number }> {
  const session = await Session.open(task, parts, options);
  try {
    for await (const batch of session.batches()) {
      await session.accumulate(batch);
      const updated = session.plan.isDueAfter(batch.index);
      if (updated) await session.update(batch);
      if (session.isEpochEnd(batch)) await task.endEpoch(batch.epoch, session);
      if (!updated) continue;
      if (parts.interrupted?.()) {
        await session.save(batch);
        return { finished: false, updates: session.state.updates };
      }
      await session.saveIfDue(batch);
    }
    await session.save(null);
    return { finished: true, updates: session.state.updates };
  } finally {
    session.dispose();
  }
}

/** One sitting of a run: the state that changes from batch to batch. */
class Session<S, R, K extends string> implements LoopRun<R> {
  readonly plan: UpdatePlan;
  readonly #task: LoopTask<S, R, K>;
  readonly #parts: LoopParts<S, R>;
  readonly #options: LoopOptions;
  readonly #optimizer: AdamW;
  readonly #batchesPerEpoch: number;
  #state: LoopState;
  readonly #gradients = new Map<string, Tensor>();
  #losses: Losses<K>[] = [];
  #volumes = 0;

  constructor(task: LoopTask<S, R, K>, parts: LoopParts<S, R>, options: LoopOptions) {
    this.#task = task;
    this.#parts = parts;
    this.#options = options;
    const { run, optimizer, seed, fingerprint } = options;
    this.#optimizer = new AdamW(task.trained, optimizer);
    const order = { seed, epoch: 0, batchSize: run.batchSize, dropLast: false };
    this.#batchesPerEpoch = epochOrder(parts.training.count, order).length;
    this.plan = planUpdates({ ...optimizer, epochs: run.epochs, batchesPerEpoch: this.#batchesPerEpoch });
    this.#state = {
      next: { epoch: 0, index: 0 },
      updates: 0,
      records: 0,
      contrastiveSince: null,
      templatesSeenAt: null,
      best: null,
      options: fingerprint,
    };
  }

  static async open<S, R, K extends string>(
    task: LoopTask<S, R, K>,
    parts: LoopParts<S, R>,
    options: LoopOptions,
  ): Promise<Session<S, R, K>> {
    const session = new Session(task, parts, options);
    if (parts.resume) session.#restore(parts.resume);
    await parts.store.truncateRecords(session.#state.records);
    return session;
  }

  get state(): LoopState {
    return this.#state;
  }

  #restore(resume: NonNullable<LoopParts<S, R>["resume"]>): void {
    const { format: _, optimizerSteps: __, ...state } = restoreCheckpoint(this.#checkpointParts(), resume);
    if (state.options !== this.#state.options) {
      throw new CheckpointError(`Cannot resume from ${resume.file}: expected the options it was made with, got others`);
    }
    this.#state = state;
  }

  #checkpointParts(): CheckpointParts {
    const { parameters, seenTemplates } = this.#task;
    return { parameters, optimizer: this.#optimizer, seenTemplates };
  }

  batches(): AsyncGenerator<Batch<S>, void, void> {
    const { training } = this.#parts;
    const { seed, run } = this.#options;
    return batches(training.source, {
      subjectCount: training.count,
      seed,
      batchSize: run.batchSize,
      dropLast: false,
      start: this.#state.next,
      endEpoch: run.epochs,
      prefetch: PREFETCH,
    });
  }

  async accumulate(batch: Batch<S>): Promise<void> {
    const { losses, gradients } = await this.#task.gradients(batch, this);
    for (const [name, gradient] of gradients) addGradient(this.#gradients, name, gradient);
    this.#losses.push(losses);
    this.#volumes += batch.samples.length;
  }

  isEpochEnd({ index }: Batch<S>): boolean {
    return index === this.#batchesPerEpoch - 1;
  }

  async update({ epoch }: Batch<S>): Promise<void> {
    const { accumulationSteps } = this.#options.optimizer;
    const { learningRate, rateOf } = this.#task.learningRates(epoch, this);
    const finish = { ...this.#task.finish, accumulationSteps };
    const { norm: gradientNorm, gradients } = await finishGradients(this.#gradients, finish);
    this.#optimizer.apply(gradients, rateOf);
    tf.dispose([...gradients.values()]);
    const step = ++this.#state.updates;
    const losses = meanLosses(this.#losses);
    this.#losses = [];
    await this.#task.endUpdate({ epoch, step, learningRate, losses, gradientNorm, volumes: this.#volumes }, this);
  }

  async append(record: R): Promise<void> {
    await this.#parts.store.appendRecord(record);
    this.#state.records++;
  }

  async saveIfDue(batch: Batch<S>): Promise<void> {
    if (this.#state.updates % this.#options.run.checkpointEvery === 0) await this.save(batch);
  }

  /** Saves the state after a batch; null = after the last one of the run. */
  async save(batch: Batch<S> | null): Promise<void> {
    const next = batch ? { epoch: batch.epoch, index: batch.index + 1 } : { epoch: this.#options.run.epochs, index: 0 };
    this.#state.next = next.index === this.#batchesPerEpoch ? { epoch: next.epoch + 1, index: 0 } : next;
    const checkpoint = await takeCheckpoint(this.#checkpointParts(), this.#state);
    await this.#parts.store.saveCheckpoint(this.#state.updates, checkpoint);
  }

  dispose(): void {
    tf.dispose([...this.#gradients.values()]);
    this.#optimizer.dispose();
  }
}

/** Means over the batches of an update; null where no batch had the loss. */
function meanLosses<K extends string>(losses: readonly Losses<K>[]): Losses<K> {
  const mean = (values: readonly (number | null)[]): number | null => {
    const present = values.filter((value) => value !== null);
    return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
  };
  const names = Object.keys(losses[0]) as K[];
  return Object.fromEntries(names.map((name) => [name, mean(losses.map((batch) => batch[name]))])) as Losses<K>;
}
