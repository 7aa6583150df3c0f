/** The loop of fine-tuning, whatever the task. */
import { batches, epochOrder } from "../dataset/mod.ts";
import type { Batch, LabelledSample, LabelledSampleSource } from "../dataset/mod.ts";
import { CheckpointError } from "../errors.ts";
import { encodeSafetensors } from "../interop/mod.ts";
import type { Parameter } from "../model/mod.ts";
import type { ClassificationRecord, FinetuneRecord, FinetuneStepRecord, SegmentationRecord } from "../results.ts";
import { tf } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";
import { AdamW } from "./adamw.ts";
import { modelOfCheckpoint, officialState, restoreCheckpoint, takeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, TrainerState } from "./checkpoint.ts";
import { finishGradients } from "./gradients.ts";
import { learningRateAt } from "./schedule.ts";

/** Where in the run a batch lies. */
export interface FinetunePlace {
  readonly seed: number;
  readonly epoch: number;
  /** Index of each sample's subject in the list. */
  readonly subjects: readonly number[];
}

/** What comes of a batch. */
export interface BatchOutcome {
  readonly loss: number;
  readonly consistency: number | null;
  /** By parameter name; the caller frees them. */
  readonly gradients: Map<string, Tensor>;
}

type ScoreRecord =
  | Omit<SegmentationRecord, "epoch" | "step" | "best">
  | Omit<ClassificationRecord, "epoch" | "step" | "best">;

/** What comes of a validation. */
export interface ObjectiveScore {
  readonly record: ScoreRecord;
  /** What the best weights are chosen by: larger is better, the first number before the others. */
  readonly score: readonly number[];
}

/** What is learned. */
export interface Objective {
  /** All that checkpoints and weights hold. */
  readonly parameters: readonly Parameter[];
  /** Those that the optimiser moves. */
  readonly trained: readonly Parameter[];
  gradients(samples: readonly LabelledSample[], place: FinetunePlace): Promise<BatchOutcome>;
  validate(samples: AsyncIterable<LabelledSample>): Promise<ObjectiveScore>;
}

/** Labelled subjects and where their crops come from. */
export interface LabelledSubjects {
  readonly source: LabelledSampleSource;
  readonly count: number;
}

/** Where records, checkpoints and the best weights go. */
export interface FinetuneStore {
  appendRecord(record: FinetuneRecord): Promise<void>;
  truncateRecords(count: number): Promise<void>;
  saveCheckpoint(updates: number, checkpoint: Checkpoint): Promise<void>;
  /** Replaces the best weights, a safetensors file in chunks. */
  saveWeights(chunks: readonly Uint8Array[]): Promise<void>;
}

/** Optimiser, schedule and rhythm of a run. */
export interface FinetuneOptions {
  readonly seed: number;
  readonly optimizer: {
    /** `adam`: weight decay through the gradient, as the official code does; `adamw`: on the weights themselves. */
    readonly name: "adam" | "adamw";
    readonly learningRate: number;
    /** Of the parameters under `encoder.`; null = that of the others. */
    readonly encoderLearningRate: number | null;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly clipNorm: number | null;
    /** `cosine-epoch`: the rate changes from epoch to epoch, as in the official code. */
    readonly schedule: "cosine-epoch" | "cosine" | "constant";
    readonly warmupSteps: number;
  };
  readonly run: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly validateEvery: number;
    /** Held-out subjects looked at in a validation, at most. */
    readonly validationSubjects: number;
    readonly checkpointEvery: number;
  };
  /** Whatever else shapes the numbers; a run is resumed with the same only. */
  readonly fingerprint: string;
  /** Metadata of the weights file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a progress display is told after every update. */
export interface FinetuneProgress {
  readonly record: FinetuneStepRecord;
  readonly epochs: number;
  readonly totalSteps: number;
  /** The last validation of this session. */
  readonly score: number | null;
}

/** Everything the loop is given. */
export interface FinetuneParts {
  readonly objective: Objective;
  readonly training: LabelledSubjects;
  readonly validation: LabelledSubjects;
  readonly store: FinetuneStore;
  /** The checkpoint to go on from. */
  readonly resume?: { readonly tensors: Uint8Array; readonly state: string; readonly file: string };
  readonly onProgress?: (progress: FinetuneProgress) => void;
  /** True once the person wants to stop: the step is finished and saved. */
  readonly interrupted?: () => boolean;
}

/** How a session ended. */
export interface FinetuneResult {
  readonly finished: boolean;
  readonly updates: number;
}

/** Batches loaded ahead. */
const PREFETCH = 2;

/**
 * Fine-tunes until the last epoch or an interruption, and keeps the weights of the best validation.
 *
 * The same options and data give the same records and weights, however often the run is stopped and resumed.
 *
 * @throws {CheckpointError} when the checkpoint to resume from is damaged or was made with other options
 */
export async function finetune(parts: FinetuneParts, options: FinetuneOptions): Promise<FinetuneResult> {
  const session = await Session.open(parts, options);
  try {
    for await (const batch of session.batches()) {
      await session.update(batch);
      if (session.isEpochEnd(batch)) await session.endEpoch(batch.epoch);
      if (parts.interrupted?.()) return await session.stop(batch, { finished: false });
      await session.checkpointIfDue(batch);
    }
    return await session.stop(null, { finished: true });
  } finally {
    session.dispose();
  }
}

/** One sitting of a run: the state that changes from batch to batch. */
class Session {
  readonly #parts: FinetuneParts;
  readonly #options: FinetuneOptions;
  readonly #optimizer: AdamW;
  readonly #batchesPerEpoch: number;
  #state: Omit<TrainerState, "format" | "optimizerSteps">;
  #score: number | null = null;

  constructor(parts: FinetuneParts, options: FinetuneOptions) {
    this.#parts = parts;
    this.#options = options;
    const { optimizer, run, seed } = options;
    const decay = optimizer.name === "adam" ? "coupled" : "decoupled";
    this.#optimizer = new AdamW(parts.objective.trained, { ...optimizer, decay });
    const order = { seed, epoch: 0, batchSize: run.batchSize, dropLast: false };
    this.#batchesPerEpoch = epochOrder(parts.training.count, order).length;
    this.#state = {
      next: { epoch: 0, index: 0 },
      updates: 0,
      records: 0,
      contrastiveSince: null,
      templatesSeenAt: null,
      best: null,
      options: shapingOptions(options),
    };
  }

  static async open(parts: FinetuneParts, options: FinetuneOptions): Promise<Session> {
    const session = new Session(parts, options);
    if (parts.resume) session.#restore(parts.resume);
    await parts.store.truncateRecords(session.#state.records);
    return session;
  }

  #restore(resume: NonNullable<FinetuneParts["resume"]>): void {
    const { format: _, optimizerSteps: __, ...state } = restoreCheckpoint(this.#checkpointParts(), resume);
    if (state.options !== this.#state.options) {
      throw new CheckpointError(`Cannot resume from ${resume.file}: expected the options it was made with, got others`);
    }
    this.#state = state;
  }

  #checkpointParts() {
    const { parameters } = this.#parts.objective;
    return { parameters, optimizer: this.#optimizer, seenTemplates: new Map<string, Float32Array>() };
  }

  batches(): AsyncGenerator<Batch<LabelledSample>, void, void> {
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

  async update({ epoch, subjects, samples }: Batch<LabelledSample>): Promise<void> {
    const { optimizer, run, seed } = this.#options;
    const place = { seed, epoch, subjects };
    const { loss, consistency, gradients: sums } = await this.#parts.objective.gradients(samples, place);
    const { norm, gradients } = await finishGradients(sums, {
      accumulationSteps: 1,
      clipNorm: optimizer.clipNorm,
      templates: null,
      templateGradient: "exact",
      templateSmoothing: 0,
    });
    const learningRate = this.#learningRate(epoch);
    const encoderRate = learningRate * (optimizer.encoderLearningRate ?? optimizer.learningRate) /
      optimizer.learningRate;
    this.#optimizer.apply(gradients, (name) => name.startsWith("encoder.") ? encoderRate : learningRate);
    tf.dispose([...gradients.values()]);
    this.#state.updates++;
    const record: FinetuneStepRecord = {
      kind: "finetune",
      epoch,
      step: this.#state.updates,
      learningRate,
      loss,
      consistency,
      gradientNorm: norm,
    };
    await this.#append(record);
    const totalSteps = run.epochs * this.#batchesPerEpoch;
    this.#parts.onProgress?.({ record, epochs: run.epochs, totalSteps, score: this.#score });
  }

  #learningRate(epoch: number): number {
    const { optimizer, run: { epochs } } = this.#options;
    const { updates } = this.#state;
    if (optimizer.schedule !== "cosine-epoch") {
      return learningRateAt(updates, {
        ...optimizer,
        schedule: optimizer.schedule,
        totalSteps: epochs * this.#batchesPerEpoch,
      });
    }
    const warmup = Math.min(1, (updates + 1) / Math.max(1, optimizer.warmupSteps));
    const { learningRate } = optimizer;
    return warmup * learningRateAt(epoch, { schedule: "cosine", learningRate, warmupSteps: 0, totalSteps: epochs });
  }

  isEpochEnd({ index }: Batch<LabelledSample>): boolean {
    return index === this.#batchesPerEpoch - 1;
  }

  async endEpoch(epoch: number): Promise<void> {
    const { run, metadata } = this.#options;
    if (epoch !== run.epochs - 1 && (epoch + 1) % run.validateEvery !== 0) return;
    const { record, score } = await this.#parts.objective.validate(this.#heldOut());
    this.#score = score[0];
    const best = isBetter(score, this.#state.best?.score);
    if (best) {
      this.#state.best = { epoch, score: [...score] };
      const { state } = modelOfCheckpoint(await officialState(this.#parts.objective.parameters));
      await this.#parts.store.saveWeights(
        encodeSafetensors(state, { format: "pt", ...metadata, epoch: String(epoch) }),
      );
    }
    await this.#append({ ...record, epoch, step: this.#state.updates, best });
  }

  async *#heldOut(): AsyncGenerator<LabelledSample, void, void> {
    const { source, count } = this.#parts.validation;
    const { validationSubjects } = this.#options.run;
    for (let subject = 0; subject < Math.min(count, validationSubjects); subject++) {
      yield await source.load({ epoch: 0, subject });
    }
  }

  async checkpointIfDue(batch: Batch<LabelledSample>): Promise<void> {
    if (this.#state.updates % this.#options.run.checkpointEvery === 0) await this.#save(batch);
  }

  async stop(batch: Batch<LabelledSample> | null, { finished }: { finished: boolean }): Promise<FinetuneResult> {
    await this.#save(batch);
    return { finished, updates: this.#state.updates };
  }

  /** Saves the state after a batch; null = after the last one of the run. */
  async #save(batch: Batch<LabelledSample> | null): Promise<void> {
    const next = batch ? { epoch: batch.epoch, index: batch.index + 1 } : { epoch: this.#options.run.epochs, index: 0 };
    this.#state.next = next.index === this.#batchesPerEpoch ? { epoch: next.epoch + 1, index: 0 } : next;
    await this.#parts.store.saveCheckpoint(
      this.#state.updates,
      await takeCheckpoint(this.#checkpointParts(), this.#state),
    );
  }

  async #append(record: FinetuneRecord): Promise<void> {
    await this.#parts.store.appendRecord(record);
    this.#state.records++;
  }

  dispose(): void {
    this.#optimizer.dispose();
  }
}

/** Larger in the first number that differs; equal is not better. */
function isBetter(score: readonly number[], than: readonly number[] | undefined): boolean {
  if (than === undefined) return true;
  const at = score.findIndex((value, i) => value !== than[i]);
  return at >= 0 && score[at] > than[at];
}

/** The options that shape the numbers; how often is saved may change. */
function shapingOptions({ seed, optimizer, run, fingerprint }: FinetuneOptions): string {
  const { checkpointEvery: _, ...shaping } = run;
  return JSON.stringify({ seed, optimizer, run: shaping, fingerprint });
}
