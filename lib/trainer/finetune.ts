/** Fine-tuning, whatever the task: what the loop does in it. */
import type { Batch, LabelledSample, LabelledSampleSource } from "../dataset/mod.ts";
import { encodeSafetensors } from "../interop/mod.ts";
import { isEncoderParameter } from "../model/mod.ts";
import type { Parameter } from "../model/mod.ts";
import type { ClassificationRecord, FinetuneRecord, FinetuneStepRecord, SegmentationRecord } from "../results.ts";
import type { Tensor } from "../tensor/mod.ts";
import { trainingLoop } from "./_loop.ts";
import type { LoopRun, LoopTask, LoopUpdate, Losses } from "./_loop.ts";
import { modelOfCheckpoint, officialState } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Precision } from "./options.ts";
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
  /** Loss of a batch, and gradients of the loss times `lossScale`, by default 1. */
  gradients(
    samples: readonly LabelledSample[],
    place: FinetunePlace,
    options?: { readonly lossScale?: number },
  ): Promise<BatchOutcome>;
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
    /** Of the encoder's parameters; null = that of the others. */
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
    /** Minutes after which a checkpoint is saved even so; default 0, never. */
    readonly checkpointMinutes?: number;
    /** How activations are stored; default `f32`. */
    readonly precision?: Precision;
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
  /** Milliseconds from any origin, never falling; without it, checkpoints are saved by updates only. */
  readonly clock?: () => number;
  /** Recorded as an event before the first batch. */
  readonly event?: string;
}

/** How a session ended. */
export interface FinetuneResult {
  readonly finished: boolean;
  readonly updates: number;
}

/**
 * Fine-tunes until the last epoch or an interruption, and keeps the weights of the best validation.
 *
 * The same options and data give the same records and weights, however often the run is stopped and resumed.
 *
 * @throws {CheckpointError} when the checkpoint to resume from is damaged or was made with other options
 */
export function finetune(parts: FinetuneParts, options: FinetuneOptions): Promise<FinetuneResult> {
  const { optimizer, run, seed } = options;
  const decay = optimizer.name === "adam" ? "coupled" : "decoupled";
  return trainingLoop(new Finetuning(parts, options), parts, {
    seed,
    run,
    optimizer: { ...optimizer, decay, accumulationSteps: 1, accumulationPhase: "last" },
    fingerprint: shapingOptions(options),
  });
}

type Run = LoopRun<FinetuneRecord>;
type LossName = "loss" | "consistency";

/** Fine-tuning as the loop sees it. */
class Finetuning implements LoopTask<LabelledSample, FinetuneRecord, LossName> {
  readonly parameters: readonly Parameter[];
  readonly trained: readonly Parameter[];
  readonly seenTemplates = new Map<string, Float32Array>();
  readonly finish: LoopTask<LabelledSample, FinetuneRecord, LossName>["finish"];
  readonly #parts: FinetuneParts;
  readonly #options: FinetuneOptions;
  #score: number | null = null;

  constructor(parts: FinetuneParts, options: FinetuneOptions) {
    this.#parts = parts;
    this.#options = options;
    this.parameters = parts.objective.parameters;
    this.trained = parts.objective.trained;
    const { clipNorm } = options.optimizer;
    this.finish = { clipNorm, templates: null, templateGradient: "exact", templateSmoothing: 0 };
  }

  async gradients({ epoch, subjects, samples }: Batch<LabelledSample>, { run: { lossScale } }: { run: Run }): Promise<{
    losses: Losses<LossName>;
    gradients: BatchOutcome["gradients"];
  }> {
    const place = { seed: this.#options.seed, epoch, subjects };
    const { gradients, ...losses } = await this.#parts.objective.gradients(samples, place, { lossScale });
    return { losses, gradients };
  }

  learningRates(epoch: number, run: Run): { learningRate: number; rateOf: (name: string) => number } {
    const { optimizer } = this.#options;
    const learningRate = this.#learningRate(epoch, run);
    const encoderRate = learningRate * (optimizer.encoderLearningRate ?? optimizer.learningRate) /
      optimizer.learningRate;
    return { learningRate, rateOf: (name) => isEncoderParameter(name) ? encoderRate : learningRate };
  }

  #learningRate(epoch: number, { state: { updates }, plan }: Run): number {
    const { optimizer, run: { epochs } } = this.#options;
    const { learningRate, schedule, warmupSteps } = optimizer;
    if (schedule !== "cosine-epoch") {
      return learningRateAt(updates, { schedule, learningRate, warmupSteps, totalSteps: plan.scheduleSteps });
    }
    const warmup = Math.min(1, (updates + 1) / Math.max(1, warmupSteps));
    return warmup * learningRateAt(epoch, { schedule: "cosine", learningRate, warmupSteps: 0, totalSteps: epochs });
  }

  async endUpdate({ losses, volumes: _, ...update }: LoopUpdate<LossName>, run: Run): Promise<void> {
    const { epoch, step, learningRate, gradientNorm } = update;
    const { loss, consistency } = losses;
    const record: FinetuneStepRecord = {
      kind: "finetune",
      epoch,
      step,
      learningRate,
      loss: loss!,
      consistency,
      gradientNorm,
    };
    await run.append(record);
    const { epochs } = this.#options.run;
    this.#parts.onProgress?.({ record, epochs, totalSteps: run.plan.updates, score: this.#score });
  }

  async endEpoch(epoch: number, run: Run): Promise<void> {
    const { run: { epochs, validateEvery }, metadata } = this.#options;
    if (epoch !== epochs - 1 && (epoch + 1) % validateEvery !== 0) return;
    const { record, score } = await this.#parts.objective.validate(this.#heldOut());
    this.#score = score[0];
    const best = isBetter(score, run.state.best?.score);
    if (best) {
      run.state.best = { epoch, score: [...score] };
      const { state } = modelOfCheckpoint(await officialState(this.parameters));
      await this.#parts.store.saveWeights(
        encodeSafetensors(state, { format: "pt", ...metadata, epoch: String(epoch) }),
      );
    }
    await run.append({ ...record, epoch, step: run.state.updates, best });
  }

  async *#heldOut(): AsyncGenerator<LabelledSample, void, void> {
    const { source, count } = this.#parts.validation;
    const { validationSubjects } = this.#options.run;
    for (let subject = 0; subject < Math.min(count, validationSubjects); subject++) {
      yield await source.load({ epoch: 0, subject });
    }
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
  const { checkpointEvery: _, checkpointMinutes: __, precision = "f32", ...shaping } = run;
  const mixed = precision === "f32" ? {} : { precision };
  return JSON.stringify({ seed, optimizer, run: shaping, fingerprint, ...mixed });
}
