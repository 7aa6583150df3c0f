/** A training run that ranks share, whatever carries their messages. */
import type { Communicator } from "../../lib/communicator.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../../lib/model/mod.ts";
import type { ModelName } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { Templates } from "../../lib/templates/mod.ts";
import { selectBackend } from "../../lib/tensor/mod.ts";
import { pretrain } from "../../lib/trainer/mod.ts";
import type { SubjectSource, TrainerOptions } from "../../lib/trainer/mod.ts";
import { MemoryStore } from "./_toy.ts";

/** What to train. Plain values: it can be posted to a thread, or written to another process. */
export interface RankJob {
  readonly model: ModelName;
  readonly options: TrainerOptions;
  /** Modalities of the training subjects. */
  readonly cohort: readonly (readonly string[])[];
  /** Edge of the crops; default 16. */
  readonly edge?: number;
  /** Updates of this rank after which it wants to stop. */
  readonly stopAfter?: { readonly rank: number; readonly updates: number };
  /** Minutes that an update takes by every rank's clock. */
  readonly updateMinutes?: readonly number[];
  readonly resume?: { readonly tensors: Uint8Array<ArrayBuffer>; readonly state: string; readonly file: string };
  /** Rank that cannot load its samples from this epoch on. */
  readonly breakAt?: { readonly rank: number; readonly epoch: number };
}

/** What the first rank has at the end. */
export interface RankResult {
  readonly finished: boolean;
  readonly updates: number;
  readonly records: MemoryStore["records"];
  readonly checkpoint: NonNullable<RankJob["resume"]>;
  /** Updates after which this rank saved. */
  readonly saved: readonly number[];
  /** Records that this rank wrote. */
  readonly validated: boolean;
}

const MODALITIES = ["t1", "t2", "flair"];

/** Runs a job as one of its ranks. */
export async function runJob(job: RankJob, communicator: Communicator): Promise<RankResult> {
  await selectBackend("simd", { threads: 1 });
  const { rank } = communicator;
  const model = buildPretrainModel(MODEL_PRESETS[job.model], { seed: 5 });
  const edge = job.edge ?? 16;
  const templates = new Templates({ modalities: MODALITIES, size: [edge + 3, edge + 2, edge + 1], epsilon: 1e-9 });
  const store = new MemoryStore();
  const source = (subjects: RankJob["cohort"], name: string): SubjectSource => sourceOf(subjects, { name, edge });
  const training = source(job.cohort, "training");
  const load = training.source.load;
  if (job.breakAt?.rank === rank) {
    const { epoch } = job.breakAt;
    training.source.load = (request) =>
      request.epoch < epoch ? load(request) : Promise.reject(new Error("Cannot read scan.nii: expected voxels"));
  }
  let updates = 0;
  const result = await pretrain({
    model,
    templates,
    training,
    trainingCentres: source(job.cohort.slice(0, 1), "centre"),
    validation: source([["t1", "t2"]], "held out"),
    store,
    resume: job.resume,
    communicator,
    onProgress: () => updates++,
    clock: () => 60_000 * (job.updateMinutes?.[rank] ?? 0) * updates,
    interrupted: () => job.stopAfter?.rank === rank && updates === job.stopAfter.updates,
  }, job.options);
  model.dispose();
  templates.dispose();
  const checkpoint = rank === 0 ? store.latest : { tensors: new Uint8Array(), state: "", file: "" };
  const { finished, updates: done, validation } = result;
  const saved = [...store.checkpoints.keys()];
  return { finished, updates: done, records: store.records, checkpoint, saved, validated: validation !== null };
}

function sourceOf(subjects: RankJob["cohort"], { name, edge }: { name: string; edge: number }): SubjectSource {
  const load: SubjectSource["source"]["load"] = ({ subject, epoch }) => {
    const modalities = subjects[subject];
    const random = randomStream(17, `${name} ${subject}`, epoch);
    const voxels = Float32Array.from({ length: modalities.length * edge ** 3 }, () => random.uniform());
    return Promise.resolve({
      subject: `${name} ${subject}`,
      modalities: [...modalities],
      voxels,
      cropSize: [edge, edge, edge],
      templateStart: [subject % 3, 1, 0],
    });
  };
  return { count: subjects.length, source: { load, close: () => {} } };
}
