/** The training loop. */
import { batches, epochOrder } from "../dataset/mod.ts";
import type { Batch, SampleSource } from "../dataset/mod.ts";
import { CheckpointError } from "../errors.ts";
import type { Parameter, PretrainModel } from "../model/mod.ts";
import type { MetricsRecord, StepRecord, TemplateImage } from "../results.ts";
import { templateDistance } from "../templates/mod.ts";
import type { Templates } from "../templates/mod.ts";
import { tf } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";
import { AdamW } from "./adamw.ts";
import { restoreCheckpoint, takeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, TrainerState } from "./checkpoint.ts";
import { finishGradients } from "./gradients.ts";
import { MeanVolume } from "./mean_volume.ts";
import { type TrainerOptions, trainsTemplates } from "./options.ts";
import { learningRateAt } from "./schedule.ts";
import { addGradient, batchGradients } from "./step.ts";
import type { BatchLosses } from "./step.ts";
import { planUpdates } from "./update_plan.ts";
import type { UpdatePlan } from "./update_plan.ts";
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
}

/** How a session ended. */
export interface TrainerResult {
  readonly finished: boolean;
  readonly updates: number;
  /** The last validation of this session, null if there was none. */
  readonly validation: Validation | null;
}

/** Batches loaded ahead. */
const PREFETCH = 2;

/**
 * Pre-trains until the last epoch or an interruption.
 *
 * The same options and data give the same records and weights, however often the run is stopped and resumed.
 *
 * @throws {CheckpointError} when the checkpoint to resume from is damaged or was made with other options
 */
export async function pretrain(parts: TrainerParts, options: TrainerOptions): Promise<TrainerResult> {
  const session = await Session.open(parts, options);
  try {
    for await (const batch of session.batches()) {
      await session.accumulate(batch);
      const updated = session.isUpdateDue(batch);
      if (updated) await session.update(batch);
      if (session.isEpochEnd(batch)) await session.endEpoch(batch.epoch);
      if (!updated) continue;
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
  readonly #parts: TrainerParts;
  readonly #options: TrainerOptions;
  readonly #optimizer: AdamW;
  readonly #parameters: readonly Parameter[];
  readonly #seenTemplates = new Map<string, Float32Array>();
  readonly #batchesPerEpoch: number;
  readonly #updatePlan: UpdatePlan;
  #state: Omit<TrainerState, "format" | "optimizerSteps">;
  readonly #gradients = new Map<string, Tensor>();
  #losses: BatchLosses[] = [];
  #volumes = 0;
  #heldOut: { samples: HeldOutSample[]; meanVolume: MeanVolume } | null = null;
  #validation: Validation | null = null;

  constructor(parts: TrainerParts, options: TrainerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#parameters = [...parts.model.parameters, parts.templates.parameter as Parameter];
    this.#optimizer = new AdamW(this.#parameters.filter(({ trainable }) => trainable), options.optimizer);
    const { run, optimizer, seed } = options;
    const order = { seed, epoch: 0, batchSize: run.batchSize, dropLast: false };
    this.#batchesPerEpoch = epochOrder(parts.training.count, order).length;
    this.#updatePlan = planUpdates({ ...optimizer, epochs: run.epochs, batchesPerEpoch: this.#batchesPerEpoch });
    this.#state = {
      next: { epoch: 0, index: 0 },
      updates: 0,
      records: 0,
      contrastiveSince: null,
      templatesSeenAt: null,
      options: fingerprint(options),
    };
  }

  static async open(parts: TrainerParts, options: TrainerOptions): Promise<Session> {
    const session = new Session(parts, options);
    if (parts.resume) session.#restore(parts.resume);
    await parts.store.truncateRecords(session.#state.records);
    return session;
  }

  #restore(resume: NonNullable<TrainerParts["resume"]>): void {
    const parts = { parameters: this.#parameters, optimizer: this.#optimizer, seenTemplates: this.#seenTemplates };
    const { format: _, optimizerSteps: __, ...state } = restoreCheckpoint(parts, resume);
    if (state.options !== this.#state.options) {
      throw new CheckpointError(`Cannot resume from ${resume.file}: expected the options it was made with, got others`);
    }
    this.#state = state;
  }

  batches(): AsyncGenerator<Batch, void, void> {
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

  async accumulate({ epoch, index, samples }: Batch): Promise<void> {
    const { method, seed, run: { recomputeBlocks } } = this.#options;
    const contrastive = method.clWeight > 0 && this.#contrastiveIn(epoch);
    const place = { seed, epoch, index };
    const { losses, gradients } = await batchGradients(samples, {
      ...this.#parts,
      parameters: this.#parameters.filter(({ trainable }) => trainable),
    }, { method, place, contrastive, recomputeBlocks });
    for (const [name, gradient] of gradients) addGradient(this.#gradients, name, gradient);
    this.#losses.push(losses);
    this.#volumes += samples.length;
  }

  isUpdateDue({ index }: Batch): boolean {
    return this.#updatePlan.isDueAfter(index);
  }

  isEpochEnd({ index }: Batch): boolean {
    return index === this.#batchesPerEpoch - 1;
  }

  async update({ epoch }: Batch): Promise<void> {
    const { optimizer, run } = this.#options;
    const schedule = { ...optimizer, totalSteps: this.#updatePlan.scheduleSteps };
    const learningRate = learningRateAt(this.#state.updates, schedule);
    const templateRate = learningRate * (optimizer.templateLearningRate ?? optimizer.learningRate) /
      optimizer.learningRate;
    const { templates } = this.#parts;
    const { method } = this.#options;
    const { norm, gradients } = await finishGradients(this.#gradients, { templates, ...method, ...optimizer });
    const templateName = templates.parameter.name;
    this.#optimizer.apply(gradients, (name) => name === templateName ? templateRate : learningRate);
    tf.dispose([...gradients.values()]);
    this.#state.updates++;
    const record: StepRecord = {
      kind: "step",
      epoch,
      step: this.#state.updates,
      learningRate,
      ...meanLosses(this.#losses),
      gradientNorm: norm,
    };
    this.#losses = [];
    await this.#append(record);
    this.#parts.onProgress?.({
      record,
      epochs: run.epochs,
      totalSteps: this.#updatePlan.updates,
      volumes: this.#volumes,
    });
  }

  #contrastiveIn(epoch: number): boolean {
    const { contrastiveSince } = this.#state;
    return epoch >= this.#options.method.clStartEpoch || (contrastiveSince !== null && epoch >= contrastiveSince);
  }

  async endEpoch(epoch: number): Promise<void> {
    const { run, method } = this.#options;
    if (method.clWeight > 0 && epoch + 1 === method.clStartEpoch) {
      await this.#announce(epoch, "contrastive learning starts with the next epoch");
    }
    const isLast = epoch === run.epochs - 1;
    const { templates, keepTemplates } = this.#parts;
    const isKept = run.templatesEvery > 0 && (epoch + 1) % run.templatesEvery === 0;
    if (isKept) await keepTemplates?.(epoch + 1, await templates.normalised());
    if (!isLast && (epoch + 1) % run.validateEvery !== 0) return;
    const templateChange = await this.#templateChange(epoch);
    await this.#startContrastiveIfSettled(epoch, templateChange);
    this.#validation = await this.#validate();
    const { pairs } = this.#validation;
    await this.#append({ kind: "validation", epoch, step: this.#state.updates, pairs, templateChange });
  }

  async #validate(): Promise<Validation> {
    const { samples, meanVolume } = this.#heldOut ??= await this.#loadHeldOut();
    const { method: { maskRatio, blockSize }, seed } = this.#options;
    const templates = this.#trainedTemplates();
    return validate(samples, { ...this.#parts, templates, meanVolume }, { maskRatio, blockSize, seed });
  }

  /** Null where no loss reaches them: they stay zero. */
  #trainedTemplates(): Templates | null {
    return trainsTemplates(this.#options.method) ? this.#parts.templates : null;
  }

  /** Mean absolute change per epoch of every template since the last look, in units of its range. */
  async #templateChange(epoch: number): Promise<Record<string, number>> {
    const change: Record<string, number> = {};
    const epochs = epoch - (this.#state.templatesSeenAt ?? -1);
    for (const { modality, data } of await this.#trainedTemplates()?.normalised() ?? []) {
      const before = this.#seenTemplates.get(modality);
      if (before) change[modality] = templateDistance(before, data) / epochs;
      this.#seenTemplates.set(modality, data);
    }
    this.#state.templatesSeenAt = epoch;
    return change;
  }

  async #startContrastiveIfSettled(epoch: number, change: Readonly<Record<string, number>>): Promise<void> {
    const { clAutoStart, clWeight } = this.#options.method;
    const changes = Object.values(change);
    if (clAutoStart === null || clWeight === 0 || this.#contrastiveIn(epoch + 1) || changes.length === 0) return;
    const largest = Math.max(...changes);
    if (largest >= clAutoStart) return;
    this.#state.contrastiveSince = epoch + 1;
    await this.#announce(epoch, `contrastive learning starts: templates change by ${largest.toPrecision(2)} per epoch`);
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

  async checkpointIfDue(batch: Batch): Promise<void> {
    if (this.#state.updates % this.#options.run.checkpointEvery === 0) await this.#save(batch);
  }

  async stop(batch: Batch | null, { finished }: { finished: boolean }): Promise<TrainerResult> {
    await this.#save(batch);
    // A session that found the run at its end has no pictures yet for the results that are written next.
    if (finished) this.#validation ??= await this.#validate();
    return { finished, updates: this.#state.updates, validation: this.#validation };
  }

  /** Saves the state after a batch; null = after the last one of the run. */
  async #save(batch: Batch | null): Promise<void> {
    const next = batch ? { epoch: batch.epoch, index: batch.index + 1 } : { epoch: this.#options.run.epochs, index: 0 };
    this.#state.next = next.index === this.#batchesPerEpoch ? { epoch: next.epoch + 1, index: 0 } : next;
    const parts = { parameters: this.#parameters, optimizer: this.#optimizer, seenTemplates: this.#seenTemplates };
    await this.#parts.store.saveCheckpoint(this.#state.updates, await takeCheckpoint(parts, this.#state));
  }

  async #announce(epoch: number, message: string): Promise<void> {
    await this.#append({ kind: "event", epoch, step: this.#state.updates, message });
  }

  async #append(record: MetricsRecord): Promise<void> {
    await this.#parts.store.appendRecord(record);
    this.#state.records++;
  }

  dispose(): void {
    tf.dispose([...this.#gradients.values()]);
    this.#optimizer.dispose();
  }
}

/** Means over the batches of an update; null where no batch had the loss. */
function meanLosses(losses: readonly BatchLosses[]): Pick<StepRecord, "loss" | "cmr" | "md" | "cl"> {
  const mean = (values: readonly (number | null)[]): number | null => {
    const present = values.filter((value) => value !== null);
    return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
  };
  return {
    loss: mean(losses.map(({ total }) => total))!,
    cmr: mean(losses.map(({ cmr }) => cmr)),
    md: mean(losses.map(({ md }) => md)),
    cl: mean(losses.map(({ cl }) => cl)),
  };
}

/** The options that shape the numbers; how often is saved, what is kept and what is recomputed may change. */
function fingerprint({ seed, method, optimizer, run }: TrainerOptions): string {
  const { checkpointEvery: _, keepCheckpoints: __, templatesEvery: ___, recomputeBlocks: ____, ...shaping } = run;
  return JSON.stringify({ seed, method, optimizer, run: shaping });
}
