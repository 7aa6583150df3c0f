/** The loop that pre-training and fine-tuning share: batches, gradients, updates, checkpoints. */
import { SINGLE_RANK } from "../communicator.ts";
import type { Communicator } from "../communicator.ts";
import { batches, epochOrder } from "../dataset/mod.ts";
import type { Batch, SampleRequest } from "../dataset/mod.ts";
import { CheckpointError, ConfigError } from "../errors.ts";
import type { Parameter } from "../model/mod.ts";
import { tf } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";
import { checksum, copyFromFirst } from "./_same_weights.ts";
import { AdamW } from "./adamw.ts";
import type { AdamWOptions } from "./adamw.ts";
import { restoreCheckpoint, takeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, CheckpointParts, TrainerState } from "./checkpoint.ts";
import { GradientReducer } from "./gradient_reducer.ts";
import { addGradient, finishGradients } from "./gradients.ts";
import type { FinishOptions } from "./gradients.ts";
import { initialLossScale, judgeUpdate } from "./loss_scale.ts";
import type { OptimizerOptions, Precision } from "./options.ts";
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
  /** Samples trained on so far in this session, on all ranks. */
  readonly volumes: number;
}

/** What changes from batch to batch and is saved. */
export type LoopState = Omit<TrainerState, "format" | "optimizerSteps">;

/** What a task may do to the run it is in. */
export interface LoopRun<R> {
  readonly state: LoopState;
  readonly plan: UpdatePlan;
  readonly communicator: Communicator;
  /** What losses are multiplied by before their gradients are computed; 1 unless activations are in half precision. */
  readonly lossScale: number;
  /** Writes a record; ranks other than the first count it only. */
  append(record: R): Promise<void>;
}

/** Takes the parts of a parameter's gradient. */
export type GradientParts = (name: string, parts: readonly Float32Array[]) => void;

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
  /**
   * Losses of this rank's part of a batch, and gradients by parameter name, which the loop frees. Where there is a listener,
   * it may be told complete gradients of the batch, in parts to be summed, before all are known.
   */
  gradients(
    batch: Batch<S>,
    context: { run: LoopRun<R>; onGradient?: GradientParts },
  ): Promise<{ losses: Losses<K>; gradients: Map<string, Tensor> }>;
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
  /** Milliseconds from any origin, never falling; without it, checkpoints are saved by updates only. */
  readonly clock?: () => number;
  /** What there is to record before the first batch: why a run is gone on with, for one. */
  readonly event?: string;
  /** The ranks that share every batch; default: this one alone. */
  readonly communicator?: Communicator;
}

/** Rhythm of a run. */
export interface LoopOptions {
  readonly seed: number;
  readonly optimizer: AdamWOptions & Pick<OptimizerOptions, "accumulationSteps" | "accumulationPhase">;
  readonly run: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly checkpointEvery: number;
    /** Minutes after which a checkpoint is due even so; 0, the default, is never. */
    readonly checkpointMinutes?: number;
    readonly precision?: Precision;
  };
  /** Whatever shapes the numbers; a run is resumed with the same only. */
  readonly fingerprint: string;
}

/** Batches loaded ahead. */
const PREFETCH = 2;

/**
 * Trains until the last epoch or an interruption.
 *
 * Ranks share every batch and end every update with the same weights; the first keeps the records and the checkpoints. Once
 * one of them is interrupted, all stop after the same update.
 *
 * @throws {ConfigError} when the ranks cannot share a batch equally
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
      const { stop, save } = session.agree();
      if (stop || save) await session.save(batch);
      if (stop) return { finished: false, updates: session.state.updates };
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
  readonly communicator: Communicator;
  readonly #task: LoopTask<S, R, K>;
  readonly #parts: LoopParts<S, R>;
  readonly #options: LoopOptions;
  readonly #optimizer: AdamW;
  readonly #batchesPerEpoch: number;
  #state: LoopState;
  readonly #gradients = new Map<string, Tensor>();
  readonly #reducer: GradientReducer | null;
  #losses: Losses<K>[] = [];
  #volumes = 0;
  #savedAt: number;

  constructor(task: LoopTask<S, R, K>, parts: LoopParts<S, R>, options: LoopOptions) {
    this.#task = task;
    this.#parts = parts;
    this.#options = options;
    const { run, optimizer, seed, fingerprint } = options;
    this.communicator = parts.communicator ?? SINGLE_RANK;
    checkBatchSize(run.batchSize, this.communicator);
    this.#reducer = this.communicator.size > 1 ? new GradientReducer(task.trained, this) : null;
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
      ...(run.precision === "f16-mixed" ? { lossScale: initialLossScale() } : {}),
      options: fingerprint,
    };
    this.#savedAt = this.#now();
  }

  static async open<S, R, K extends string>(
    task: LoopTask<S, R, K>,
    parts: LoopParts<S, R>,
    options: LoopOptions,
  ): Promise<Session<S, R, K>> {
    const session = new Session(task, parts, options);
    if (parts.resume) session.#restore(parts.resume);
    if (session.isFirst) await parts.store.truncateRecords(session.#state.records);
    // What ranks start from is theirs to make; that it is the same is not left to them.
    if (session.communicator.size > 1) await copyFromFirst(task.parameters, session.communicator);
    if (parts.event !== undefined) await session.#recordEvent(parts.event);
    return session;
  }

  /** Whether this is the rank that writes. */
  get isFirst(): boolean {
    return this.communicator.rank === 0;
  }

  get state(): LoopState {
    return this.#state;
  }

  get lossScale(): number {
    return this.#state.lossScale?.scale ?? 1;
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
      rank: this.communicator.rank,
      worldSize: this.communicator.size,
    });
  }

  async accumulate(batch: Batch<S>): Promise<void> {
    const { losses, gradients } = await this.#task.gradients(batch, { run: this, onGradient: this.#listener(batch) });
    for (const [name, gradient] of gradients) addGradient(this.#gradients, name, gradient);
    this.#losses.push(losses);
    this.#volumes += batch.whole.count;
  }

  /** Sends gradients on while the backward pass before an update goes on; a GPU's cannot be read in the middle of it. */
  #listener({ index }: Batch<S>): GradientParts | undefined {
    const reducer = this.#reducer;
    if (!reducer || !this.plan.isDueAfter(index) || tf.getBackend() === "webgpu") return undefined;
    return (name, parts) => {
      const before = this.#gradients.get(name);
      reducer.add(name, before ? [...parts, before.dataSync<"float32">()] : parts);
      reducer.progress();
    };
  }

  /** What all ranks do after an update: stop, if any of them is to; save, if updates or the first one's clock say so. */
  agree(): { stop: boolean; save: boolean } {
    const isTime = this.isFirst && this.#isTimeToSave();
    const votes = new Float64Array([this.#parts.interrupted?.() ? 1 : 0, isTime ? 1 : 0]);
    this.communicator.allReduceSum(votes);
    const isDue = this.#state.updates % this.#options.run.checkpointEvery === 0;
    return { stop: votes[0] > 0, save: isDue || votes[1] > 0 };
  }

  /** Whether so much time has passed since the last checkpoint that losing it would hurt. */
  #isTimeToSave(): boolean {
    const { checkpointMinutes = 0 } = this.#options.run;
    return checkpointMinutes > 0 && this.#now() - this.#savedAt >= 60_000 * checkpointMinutes;
  }

  #now(): number {
    return this.#parts.clock?.() ?? 0;
  }

  isEpochEnd({ index }: Batch<S>): boolean {
    return index === this.#batchesPerEpoch - 1;
  }

  async update({ epoch }: Batch<S>): Promise<void> {
    const { accumulationSteps } = this.#options.optimizer;
    const { learningRate, rateOf } = this.#task.learningRates(epoch, this);
    const finish = { ...this.#task.finish, accumulationSteps, lossScale: this.#state.lossScale?.scale };
    await this.#reducer?.finish(this.#gradients);
    const { norm: gradientNorm, gradients, isFinite } = await finishGradients(this.#gradients, finish);
    const losses = meanLosses(sumOverRanks(this.#losses, this.communicator));
    this.#losses = [];
    if (this.#state.lossScale) await this.#adaptLossScale(epoch, isFinite);
    this.#optimizer.apply(gradients, rateOf);
    tf.dispose([...gradients.values()]);
    const step = ++this.#state.updates;
    if (!isFinite) return;
    await this.#task.endUpdate({ epoch, step, learningRate, losses, gradientNorm, volumes: this.#volumes }, this);
  }

  /** Changes the scale after an update, and says so; one that is left out counts in the plan and moves nothing. */
  async #adaptLossScale(epoch: number, isFinite: boolean): Promise<void> {
    const { scale } = this.#state.lossScale!;
    const { next, skip } = judgeUpdate(this.#state.lossScale!, isFinite);
    this.#state.lossScale = next;
    if (next.scale === scale) return;
    const message = `${skip ? "update left out, its gradients are not finite: " : ""}loss scale is now ${next.scale}`;
    await this.append({ kind: "event", epoch, step: this.#state.updates + 1, message } as R);
  }

  /** Records what happened before the next batch. */
  async #recordEvent(message: string): Promise<void> {
    const { next: { epoch }, updates } = this.#state;
    await this.append({ kind: "event", epoch, step: updates, message } as R);
  }

  async append(record: R): Promise<void> {
    if (this.isFirst) await this.#parts.store.appendRecord(record);
    this.#state.records++;
  }

  /** Saves the state after a batch; null = after the last one of the run. */
  async save(batch: Batch<S> | null): Promise<void> {
    const next = batch ? { epoch: batch.epoch, index: batch.index + 1 } : { epoch: this.#options.run.epochs, index: 0 };
    this.#state.next = next.index === this.#batchesPerEpoch ? { epoch: next.epoch + 1, index: 0 } : next;
    await this.#agreeOnWeights();
    this.#savedAt = this.#now();
    if (!this.isFirst) return;
    const checkpoint = await takeCheckpoint(this.#checkpointParts(), this.#state);
    await this.#parts.store.saveCheckpoint(this.#state.updates, checkpoint);
  }

  /**
   * Gives all ranks the first one's weights, should theirs differ: processors of different make may round an update
   * differently, though all get the same gradients.
   */
  async #agreeOnWeights(): Promise<void> {
    const { rank, size } = this.communicator;
    if (size === 1) return;
    const sums = new Float64Array(size);
    sums[rank] = await checksum(this.#task.trained);
    this.communicator.allReduceSum(sums);
    if (sums.some((sum) => sum !== sums[0])) await copyFromFirst(this.#task.parameters, this.communicator);
  }

  dispose(): void {
    tf.dispose([...this.#gradients.values()]);
    this.#optimizer.dispose();
  }
}

function checkBatchSize(batchSize: number, { size }: Communicator): void {
  if (batchSize % size === 0) return;
  throw new ConfigError(
    `Cannot share batches among ${size} ranks: expected a run.batchSize that ${size} divides, got ${batchSize}`,
  );
}

/** Losses of whole batches; which ones there are is the same on all ranks. */
function sumOverRanks<K extends string>(
  losses: readonly Losses<K>[],
  communicator: Communicator,
): readonly Losses<K>[] {
  if (communicator.size === 1) return losses;
  const names = Object.keys(losses[0]) as K[];
  const sums = Float64Array.from(losses.flatMap((batch) => names.map((name) => batch[name] ?? 0)));
  communicator.allReduceSum(sums);
  return losses.map((batch, i) => {
    const entries = names.map((name, k) => [name, batch[name] === null ? null : sums[i * names.length + k]]);
    return Object.fromEntries(entries) as Losses<K>;
  });
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
