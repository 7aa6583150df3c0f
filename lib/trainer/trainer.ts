/** Pre-training: what the loop does in it. */
import type { Communicator } from "../communicator.ts";
import type { Batch, Sample, SampleSource } from "../dataset/mod.ts";
import type { Parameter, PretrainModel } from "../model/mod.ts";
import type { MetricsRecord, StepRecord, TemplateImage } from "../results.ts";
import { templateDistance } from "../templates/mod.ts";
import type { Templates } from "../templates/mod.ts";
import { trainingLoop } from "./_loop.ts";
import type { GradientParts, LoopRun, LoopTask, LoopUpdate } from "./_loop.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { MeanVolume } from "./mean_volume.ts";
import { type TrainerOptions, trainsTemplates } from "./options.ts";
import { learningRateAt } from "./schedule.ts";
import { batchGradients } from "./step.ts";
import type { BatchLosses } from "./step.ts";
import { validate } from "./validation.ts";
import type { HeldOutSample, Validation } from "./validation.ts";

/** Subjects and where their crops come from. */
export interface SubjectSource {
  readonly source: SampleSource;
  readonly count: number;
}

/** Where records and checkpoints go. */
export interface RunStore {
  /** Appends to metrics.jsonl. */
  appendRecord(record: MetricsRecord): Promise<void>;
  /** Cuts metrics.jsonl back to its first records. */
  truncateRecords(count: number): Promise<void>;
  /** Saves atomically; after it returns, a crash cannot lose the checkpoint or the records before it. */
  saveCheckpoint(updates: number, checkpoint: Checkpoint): Promise<void>;
}

/** What a progress display is told after every update. */
export interface TrainerProgress {
  readonly record: StepRecord;
  readonly epochs: number;
  readonly totalSteps: number;
  /** Crops trained on so far in this session. */
  readonly volumes: number;
}

/** Everything the trainer is given. */
export interface TrainerParts {
  readonly model: PretrainModel;
  readonly templates: Templates;
  /** Random crops of the training subjects. */
  readonly training: SubjectSource;
  /** Centre crops of the training subjects, for the mean volume. */
  readonly trainingCentres: SubjectSource;
  /** Centre crops of the held-out subjects. */
  readonly validation: SubjectSource;
  readonly store: RunStore;
  /** The checkpoint to go on from. */
  readonly resume?: { readonly tensors: Uint8Array; readonly state: string; readonly file: string };
  readonly onProgress?: (progress: TrainerProgress) => void;
  /** Keeps the normalised templates after `epochs` epochs for looking at; the same ones again where a run is resumed. */
  readonly keepTemplates?: (epochs: number, templates: readonly TemplateImage[]) => Promise<void>;
  /** True once the person wants to stop: the step is finished and saved. */
  readonly interrupted?: () => boolean;
  /** Milliseconds from any origin, never falling; without it, checkpoints are saved by updates only. */
  readonly clock?: () => number;
  /** Recorded as an event before the first batch. */
  readonly event?: string;
  /** The ranks that share every batch; default: this one alone. Each is given the same parts but for the store. */
  readonly communicator?: Communicator;
}

/** How a session ended. */
export interface TrainerResult {
  readonly finished: boolean;
  readonly updates: number;
  /** The last validation of this session; null if there was none, and on ranks other than the first, which validates. */
  readonly validation: Validation | null;
}

/**
 * Pre-trains until the last epoch or an interruption.
 *
 * The same options and data give the same records and weights, however often the run is stopped and resumed; on several
 * ranks, but for the order of sums, the same as on one.
 *
 * @throws {CheckpointError} when the checkpoint to resume from is damaged or was made with other options
 * @throws {ConfigError} when the ranks cannot share a batch equally
 */
export async function pretrain(parts: TrainerParts, options: TrainerOptions): Promise<TrainerResult> {
  const task = new Pretraining(parts, options);
  const { finished, updates } = await trainingLoop(task, parts, { ...options, fingerprint: fingerprint(options) });
  // A session that found the run at its end has no pictures yet for the results that are written next.
  if (finished && task.validation === null && (parts.communicator?.rank ?? 0) === 0) await task.validate();
  return { finished, updates, validation: task.validation };
}

type Run = LoopRun<MetricsRecord>;

/** Pre-training as the loop sees it. */
class Pretraining implements LoopTask<Sample, MetricsRecord, keyof BatchLosses> {
  readonly parameters: readonly Parameter[];
  readonly trained: readonly Parameter[];
  readonly seenTemplates = new Map<string, Float32Array>();
  readonly finish: LoopTask<Sample, MetricsRecord, keyof BatchLosses>["finish"];
  /** The last one of this session. */
  validation: Validation | null = null;
  readonly #parts: TrainerParts;
  readonly #options: TrainerOptions;
  #heldOut: { samples: HeldOutSample[]; meanVolume: MeanVolume } | null = null;

  constructor(parts: TrainerParts, options: TrainerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.parameters = [...parts.model.parameters, parts.templates.parameter as Parameter];
    this.trained = this.parameters.filter(({ trainable }) => trainable);
    this.finish = { templates: parts.templates, ...options.method, ...options.optimizer };
  }

  gradients(
    { epoch, index, samples, whole }: Batch,
    { run, onGradient }: { run: Run; onGradient?: GradientParts },
  ): ReturnType<typeof batchGradients> {
    const { method, seed, run: { recomputeBlocks, synchronizeBatchNorm } } = this.#options;
    const contrastive = method.clWeight > 0 && this.#contrastiveIn(epoch, run);
    const place = { seed, epoch, index };
    const parts = { ...this.#parts, parameters: this.trained };
    const options = { method, place, whole, contrastive, recomputeBlocks, synchronizeBatchNorm, onGradient };
    return batchGradients(samples, parts, { ...options, lossScale: run.lossScale });
  }

  learningRates(_epoch: number, { state, plan }: Run): { learningRate: number; rateOf: (name: string) => number } {
    const { optimizer } = this.#options;
    const learningRate = learningRateAt(state.updates, { ...optimizer, totalSteps: plan.scheduleSteps });
    const templateRate = learningRate * (optimizer.templateLearningRate ?? optimizer.learningRate) /
      optimizer.learningRate;
    const templateName = this.#parts.templates.parameter.name;
    return { learningRate, rateOf: (name) => name === templateName ? templateRate : learningRate };
  }

  async endUpdate({ losses, volumes, ...update }: LoopUpdate<keyof BatchLosses>, run: Run): Promise<void> {
    const { epoch, step, learningRate, gradientNorm } = update;
    const { total, cmr, md, cl } = losses;
    const record: StepRecord = {
      kind: "step",
      epoch,
      step,
      learningRate,
      loss: total!,
      cmr,
      md: md!,
      cl,
      gradientNorm,
    };
    await run.append(record);
    const { epochs } = this.#options.run;
    this.#parts.onProgress?.({ record, epochs, totalSteps: run.plan.updates, volumes });
  }

  #contrastiveIn(epoch: number, { state: { contrastiveSince } }: Run): boolean {
    return epoch >= this.#options.method.clStartEpoch || (contrastiveSince !== null && epoch >= contrastiveSince);
  }

  async endEpoch(epoch: number, run: Run): Promise<void> {
    const { run: { epochs, validateEvery, templatesEvery }, method } = this.#options;
    if (method.clWeight > 0 && epoch + 1 === method.clStartEpoch) {
      await announce(run, { epoch, message: "contrastive learning starts with the next epoch" });
    }
    const { templates, keepTemplates } = this.#parts;
    const isKept = templatesEvery > 0 && (epoch + 1) % templatesEvery === 0;
    if (isKept) await keepTemplates?.(epoch + 1, await templates.normalised());
    if (epoch !== epochs - 1 && (epoch + 1) % validateEvery !== 0) return;
    const templateChange = await this.#templateChange(epoch, run);
    await this.#startContrastiveIfSettled(epoch, templateChange, run);
    const pairs = run.communicator.rank === 0 ? (await this.validate()).pairs : [];
    // The others wait, rather than spin in their next exchange.
    await run.communicator.barrier();
    await run.append({ kind: "validation", epoch, step: run.state.updates, pairs, templateChange });
  }

  async validate(): Promise<Validation> {
    const { samples, meanVolume } = this.#heldOut ??= await this.#loadHeldOut();
    const { method: { maskRatio, blockSize }, seed } = this.#options;
    const parts = { ...this.#parts, templates: this.#trainedTemplates(), meanVolume };
    this.validation = await validate(samples, parts, { maskRatio, blockSize, seed });
    return this.validation;
  }

  /** Null where no loss reaches them: they stay zero. */
  #trainedTemplates(): Templates | null {
    return trainsTemplates(this.#options.method) ? this.#parts.templates : null;
  }

  /** Mean absolute change per epoch of every template since the last look, in units of its range. */
  async #templateChange(epoch: number, { state }: Run): Promise<Record<string, number>> {
    const change: Record<string, number> = {};
    const epochs = epoch - (state.templatesSeenAt ?? -1);
    for (const { modality, data } of await this.#trainedTemplates()?.normalised() ?? []) {
      const before = this.seenTemplates.get(modality);
      if (before) change[modality] = templateDistance(before, data) / epochs;
      this.seenTemplates.set(modality, data);
    }
    state.templatesSeenAt = epoch;
    return change;
  }

  async #startContrastiveIfSettled(
    epoch: number,
    change: Readonly<Record<string, number>>,
    run: Run,
  ): Promise<void> {
    const { clAutoStart, clWeight } = this.#options.method;
    const changes = Object.values(change);
    if (clAutoStart === null || clWeight === 0 || this.#contrastiveIn(epoch + 1, run) || changes.length === 0) return;
    const largest = Math.max(...changes);
    if (largest >= clAutoStart) return;
    run.state.contrastiveSince = epoch + 1;
    const message = `contrastive learning starts: templates change by ${largest.toPrecision(2)} per epoch`;
    await announce(run, { epoch, message });
  }

  /** Held-out crops and the mean training volume; loaded once, at the first validation. */
  async #loadHeldOut(): Promise<{ samples: HeldOutSample[]; meanVolume: MeanVolume }> {
    const { validation, trainingCentres, templates } = this.#parts;
    const { validationSubjects, meanVolumeSubjects } = this.#options.run;
    const meanVolume = new MeanVolume(templates.size);
    for (let subject = 0; subject < Math.min(trainingCentres.count, meanVolumeSubjects); subject++) {
      meanVolume.add(await trainingCentres.source.load({ epoch: 0, subject }));
    }
    const samples: HeldOutSample[] = [];
    for (let subject = 0; subject < Math.min(validation.count, validationSubjects); subject++) {
      samples.push(await validation.source.load({ epoch: 0, subject }));
    }
    return { samples, meanVolume };
  }
}

function announce(run: Run, { epoch, message }: { epoch: number; message: string }): Promise<void> {
  return run.append({ kind: "event", epoch, step: run.state.updates, message });
}

/** The options that shape the numbers; how often is saved, what is kept and what is recomputed may change. */
function fingerprint({ seed, method, optimizer, run }: TrainerOptions): string {
  const { checkpointEvery: _, checkpointMinutes: __, keepCheckpoints: ___, ...others } = run;
  const { templatesEvery: ____, recomputeBlocks: _____, ...shaping } = others;
  // Their defaults change nothing, and runs that were started before they were there go on.
  const gatherNegatives = method.gatherNegatives ? undefined : false;
  const synchronizeBatchNorm = run.synchronizeBatchNorm ? undefined : false;
  return JSON.stringify({
    seed,
    method: { ...method, gatherNegatives },
    optimizer,
    run: { ...shaping, synchronizeBatchNorm },
  });
}
