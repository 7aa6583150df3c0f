/** From a subject on disk to a sample: the work that a loader hands to whoever has a thread free. */
import type { Triple, VolumeStack } from "../geometry.ts";
import { randomStream } from "../random.ts";
import { resolveFile, type Subject } from "./datalist.ts";
import type { LoadWatch } from "./loader.ts";
import { type Gunzip, readStoredNifti } from "./nifti.ts";
import { type PreprocessOptions, preprocessStored } from "./preprocess.ts";
import {
  blankSample,
  centrePlace,
  centreSample,
  type CropOptions,
  type DrawOptions,
  drawPlace,
  drawSample,
  type Sample,
  type SamplePlace,
  type StackShape,
} from "./sample.ts";
import { SubjectCache } from "./subject_cache.ts";

/** Everything that decides what samples look like. Plain values: it can be posted to a worker. */
export interface SamplePlan {
  /** Folder that the subjects' paths start from. */
  readonly root: string;
  /** Whether the root is a folder of prepared subjects, made as `preprocess` says. */
  readonly prepared?: boolean;
  /** The list that requests index. */
  readonly subjects: readonly Subject[];
  /** How scans are brought into the common space. */
  readonly preprocess: PreprocessOptions;
  /** The run's seed. */
  readonly seed: number;
  /** A random crop, new in every epoch, or the centre with all modalities in the order of the list. */
  readonly crop: "random" | "centre";
  /** Voxels of a crop along (x, y, z). */
  readonly cropSize: Triple;
  /** Voxels of a template along (x, y, z). */
  readonly templateSize: Triple;
  /** Channels of a random crop, see {@link drawSample}. */
  readonly sequences: "all" | number;
  /** Whether each subject has its own order of channels in random crops. */
  readonly shuffleOrder: boolean;
}

/** One sample of a run: which epoch, and which subject of the plan's list. */
export interface SampleRequest {
  /** Counted from 0. */
  readonly epoch: number;
  /** Index into the plan's subjects. */
  readonly subject: number;
}

/** Where samples come from: this thread, or a pool of workers. The same request gives the same bytes from each. */
export interface SampleSource {
  /** Makes a sample. May run at the same time as other loads. */
  load(request: SampleRequest): Promise<Sample>;
  /** Ends the source's threads and refuses further loads. */
  close(): void;
  /** Told when batches of it are waited for. */
  readonly watch?: LoadWatch;
}

/** What {@link loadSubject} needs beside the subject. */
export interface LoadOptions {
  /** Folder that the subject's paths start from. */
  readonly root: string;
  /** How scans are brought into the common space. */
  readonly preprocess: PreprocessOptions;
  /** Reads a whole file. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Inflates faster than the platform's streams do; default: those. */
  readonly gunzip?: Gunzip;
}

/**
 * Reads a subject's images and brings them into the common space.
 *
 * @throws {VolumeError} when an image is broken, or its grid differs from that of the others
 */
export async function loadSubject(subject: Subject, options: LoadOptions): Promise<VolumeStack> {
  const { gunzip } = options;
  const reads = await Promise.allSettled(subject.images.map(async ({ modality, file }) => {
    const path = resolveFile(options.root, file);
    return { modality, ...await readStoredNifti(await options.readFile(path), { file: path, gunzip }), file: path };
  }));
  // Of several broken images the first listed one is named, whichever read failed first.
  const failure = reads.find((read) => read.status === "rejected");
  if (failure) throw failure.reason;
  return preprocessStored(
    reads.flatMap((read) => read.status === "fulfilled" ? [read.value] : []),
    options.preprocess,
  );
}

/** Cuts the sample of a request from its prepared subject: a pure function of (plan, request, stack). */
export function takeSample(
  stack: VolumeStack,
  { plan, request }: { plan: SamplePlan; request: SampleRequest },
): Sample {
  if (plan.crop === "centre") return centreSample(stack, cropOptions(plan, request));
  return drawSample(stack, drawOptions(plan, request));
}

/** The sample of a request with its voxels still 0, and where they are to be found. */
export function placeSample(
  shape: StackShape,
  { plan, request }: { plan: SamplePlan; request: SampleRequest },
): { sample: Sample; place: SamplePlace } {
  const crop = cropOptions(plan, request);
  const place = plan.crop === "centre" ? centrePlace(shape, crop) : drawPlace(shape, drawOptions(plan, request));
  return { sample: blankSample(shape, { ...crop, ...place }), place };
}

function cropOptions({ cropSize, templateSize, subjects }: SamplePlan, { subject }: SampleRequest): CropOptions {
  return { subject: subjects[subject].id, cropSize, templateSize };
}

function drawOptions(plan: SamplePlan, request: SampleRequest): DrawOptions {
  const { sequences, seed, shuffleOrder } = plan;
  const crop = cropOptions(plan, request);
  return {
    ...crop,
    sequences,
    random: randomStream(seed, "sample", request.epoch, request.subject),
    ...(shuffleOrder ? { shuffleOrder: randomStream(seed, `channel order ${crop.subject}`) } : {}),
  };
}

/** Makes samples in the calling thread, one at a time, and keeps prepared subjects in memory. */
export class LocalSource implements SampleSource {
  readonly #plan: SamplePlan;
  readonly #cache: SubjectCache;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * Opens a source; nothing is read yet.
   *
   * @param plan what samples look like
   * @param options how files are read, and how many bytes of prepared subjects are kept
   */
  constructor(plan: SamplePlan, options: Pick<LoadOptions, "readFile" | "gunzip"> & { cacheBytes: number }) {
    this.#plan = plan;
    this.#cache = new SubjectCache({
      load: (index) => loadSubject(plan.subjects[index], { ...plan, ...options }),
      maxBytes: options.cacheBytes,
    });
  }

  /**
   * Makes a sample.
   *
   * @throws {VolumeError} when an image of the subject cannot be used
   * @throws {RangeError} when the plan has no such subject
   */
  load(request: SampleRequest): Promise<Sample> {
    // Raw scans are large: preparing one subject at a time bounds what is held beside the cache.
    const sample = this.#last.then(() => this.#take(request));
    this.#last = sample.catch(() => {});
    return sample;
  }

  /** Refuses the loads that have not begun and all later ones. */
  close(): void {
    this.#closed = true;
  }

  async #take(request: SampleRequest): Promise<Sample> {
    if (this.#closed) throw new Error("Cannot load sample: expected an open source, got a closed one");
    const count = this.#plan.subjects.length;
    if (this.#plan.subjects[request.subject] === undefined) {
      throw new RangeError(`Cannot load sample: expected a subject index in [0, ${count}), got ${request.subject}`);
    }
    return takeSample(await this.#cache.get(request.subject), { plan: this.#plan, request });
  }
}
