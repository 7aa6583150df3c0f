/** Samples of prepared subjects: crops are read straight from the chunks that they touch. */
import type { LabelledPlan, LabelledSample, LabelledSampleSource } from "../labelled_source.ts";
import { placeLabelledSample } from "../labelled_source.ts";
import type { Sample } from "../sample.ts";
import { placeSample, type SamplePlan, type SampleRequest, type SampleSource } from "../sample_source.ts";
import { type PreparedStore, PreparedSubject } from "./subject.ts";

/** Opens the store of a subject by its id; whoever is given it disposes of it. */
export type OpenPreparedStore = (id: string) => PreparedStore & Disposable;

/** One request after another, so that no more than one sample's chunks are in memory. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#closed) throw new Error("Cannot load sample: expected an open source, got a closed one");
      return task();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  close(): void {
    this.#closed = true;
  }
}

/** Makes the samples of a plan as `LocalSource` does, from prepared subjects; they differ by the rounding of storage only. */
export class PreparedSource implements SampleSource {
  readonly #plan: SamplePlan;
  readonly #openStore: OpenPreparedStore;
  readonly #queue = new Queue();

  /** Opens a source; nothing is read yet. */
  constructor(plan: SamplePlan, openStore: OpenPreparedStore) {
    this.#plan = plan;
    this.#openStore = openStore;
  }

  /**
   * Makes a sample.
   *
   * @throws {VolumeError} when the subject is missing or damaged
   * @throws {RangeError} when the plan has no such subject
   */
  load(request: SampleRequest): Promise<Sample> {
    return this.#queue.run(async () => {
      using store = this.#openStore(subjectId(this.#plan, request));
      const subject = await PreparedSubject.open(store);
      const shape = { modalities: subject.attributes.modalities, size: subject.size };
      const { sample, place: { start, channels } } = placeSample(shape, { plan: this.#plan, request });
      await readChannels(subject, { ...sample, start, channels });
      return sample;
    });
  }

  /** Refuses the loads that have not begun and all later ones. */
  close(): void {
    this.#queue.close();
  }
}

/** Makes the labelled samples of a plan as `LabelledSource` does, from subjects prepared for its task. */
export class PreparedLabelledSource implements LabelledSampleSource {
  readonly #plan: LabelledPlan;
  readonly #openStore: OpenPreparedStore;
  readonly #queue = new Queue();

  /** Opens a source; nothing is read yet. */
  constructor(plan: LabelledPlan, openStore: OpenPreparedStore) {
    this.#plan = plan;
    this.#openStore = openStore;
  }

  /**
   * Makes a sample.
   *
   * @throws as `PreparedSource.load()` does
   */
  load(request: SampleRequest): Promise<LabelledSample> {
    return this.#queue.run(async () => {
      using store = this.#openStore(subjectId(this.#plan, request));
      const subject = await PreparedSubject.open(store);
      const { modalities, volumeSize, volumeStart } = subject.attributes;
      const label = await subject.readLabel();
      const shape = { modalities, size: subject.size, volumeSize, volumeStart, label };
      const { sample, start } = placeLabelledSample(shape, { plan: this.#plan, request });
      await readChannels(subject, { ...sample, start, channels: [...modalities.keys()] });
      return sample;
    });
  }

  /** Refuses the loads that have not begun and all later ones. */
  close(): void {
    this.#queue.close();
  }
}

function subjectId({ subjects }: Pick<SamplePlan, "subjects">, { subject }: SampleRequest): string {
  const listed = subjects[subject];
  if (listed !== undefined) return listed.id;
  throw new RangeError(`Cannot load sample: expected a subject index in [0, ${subjects.length}), got ${subject}`);
}

/** Fills a sample's voxels; a channel that occurs more than once is read once. */
async function readChannels(
  subject: PreparedSubject,
  { voxels, channels, start, cropSize }: Pick<Sample, "voxels" | "cropSize"> & {
    channels: readonly number[];
    start: Sample["templateStart"];
  },
): Promise<void> {
  const length = voxels.length / channels.length;
  for (const [c, channel] of channels.entries()) {
    const first = channels.indexOf(channel);
    if (first < c) voxels.copyWithin(c * length, first * length, (first + 1) * length);
    else await subject.readCrop(channel, { start, cropSize }, voxels.subarray(c * length, (c + 1) * length));
  }
}
