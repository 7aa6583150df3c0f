/** From a subject and its label on disk to a crop of both. */
import { DatalistError } from "../errors.ts";
import { sameTriple, type Triple, voxelCount } from "../geometry.ts";
import { type Random, randomStream } from "../random.ts";
import { resolveFile, type Subject } from "./datalist.ts";
import { type DownstreamPreprocess, type LabelledStack, prepareDownstream } from "./downstream.ts";
import type { LabelScheme } from "./labels.ts";
import type { LoadWatch } from "./loader.ts";
import type { Modality } from "./modality.ts";
import { readNifti } from "./nifti.ts";
import type { LoadOptions, SampleRequest } from "./sample_source.ts";
import { SubjectCache } from "./subject_cache.ts";

/** A crop of a subject and of its label. */
export interface LabelledSample {
  readonly subject: string;
  /** Modality of each channel, in the order of the task. */
  readonly modalities: readonly string[];
  /** Voxels, channel-major: `[C, D, H, W]` with x fastest. Belongs to the sample alone. */
  readonly voxels: Float32Array<ArrayBuffer>;
  /** Label values of the task, `[D, H, W]`; null where the task has none. */
  readonly label: Uint8Array<ArrayBuffer> | null;
  /** Index of the subject's class; null where the task has none. */
  readonly classIndex: number | null;
  /** Voxels along (x, y, z). */
  readonly cropSize: Triple;
  /** Voxels of the crop that show the subject, from `start` up to `end`; the others are padding. */
  readonly inside: { readonly start: Triple; readonly end: Triple };
  /** Voxel (x, y, z) of a template under the crop's first voxel; may lie outside. */
  readonly templateStart: Triple;
}

/** Everything that decides what labelled samples look like. Plain values: it can be posted to a worker. */
export interface LabelledPlan {
  /** Folder that the subjects' paths start from. */
  readonly root: string;
  /** Whether the root is a folder of prepared subjects, made as `preprocess` says. */
  readonly prepared?: boolean;
  /** The list that requests index. */
  readonly subjects: readonly Subject[];
  /** Input channels. */
  readonly modalities: readonly Modality[];
  /** How label values are read; null for a task without label maps. */
  readonly scheme: LabelScheme | null;
  /** Class of every subject of the list; null for a task without classes. */
  readonly classes: readonly number[] | null;
  readonly preprocess: DownstreamPreprocess;
  /** The run's seed. */
  readonly seed: number;
  /** A random crop, new in every epoch; the centre; or the whole subject, padded to the crop's size where smaller. */
  readonly crop: "random" | "centre" | "whole";
  /** Voxels of a crop along (x, y, z). */
  readonly cropSize: Triple;
  /** Voxels of a template along (x, y, z). */
  readonly templateSize: Triple;
  /** Share of random crops that are centred on a labelled voxel, as far as the subject reaches. */
  readonly labelCentred: number;
}

/** Where labelled samples come from. */
export interface LabelledSampleSource {
  /** Makes a sample. May run at the same time as other loads. */
  load(request: SampleRequest): Promise<LabelledSample>;
  /** Refuses further loads. */
  close(): void;
  /** Told when batches of it are waited for. */
  readonly watch?: LoadWatch;
}

/**
 * Reads a subject's scans and label and prepares them.
 *
 * @throws {DatalistError} when a modality is missing, or the label where the plan wants one
 * @throws {VolumeError} when a file is broken or the label has an unknown value
 */
export async function loadLabelledSubject(
  subject: Subject,
  { plan, readFile, gunzip }: Pick<LoadOptions, "readFile" | "gunzip"> & {
    plan: Pick<LabelledPlan, "root" | "modalities" | "scheme" | "preprocess">;
  },
): Promise<LabelledStack> {
  const read = async (file: string) => {
    const path = resolveFile(plan.root, file);
    return { file: path, volume: await readNifti(await readFile(path), path, { gunzip }) };
  };
  const files = plan.modalities.map((modality) => ({ modality, file: fileOf(subject, modality) }));
  const images = [];
  for (const { modality, file } of files) images.push({ modality, ...await read(file) });
  if (plan.scheme === null) return prepareDownstream({ images }, plan.preprocess);
  if (subject.label === undefined) {
    throw new DatalistError(`Cannot load subject ${subject.id}: expected a label file, got none`);
  }
  const label = { ...await read(subject.label), scheme: plan.scheme };
  return prepareDownstream({ images, label }, plan.preprocess);
}

/** Cuts the sample of a request from its prepared subject: a pure function of (plan, request, stack). */
export function takeLabelledSample(
  stack: LabelledStack,
  { plan, request }: { plan: LabelledPlan; request: SampleRequest },
): LabelledSample {
  const { sample, start } = placeLabelledSample(stack, { plan, request });
  const { cropSize, inside, voxels } = sample;
  const place = { size: stack.size, start, cropSize, inside };
  const length = voxelCount(cropSize);
  stack.channels.forEach((channel, c) => copyCrop(channel, voxels.subarray(c * length, (c + 1) * length), place));
  return sample;
}

/** What is known of a labelled subject before its images' voxels are. */
export type LabelledShape = Omit<LabelledStack, "channels" | "affine">;

/** The sample of a request with its images' voxels still 0, and the subject's voxel under its first one. */
export function placeLabelledSample(
  shape: LabelledShape,
  { plan, request }: { plan: LabelledPlan; request: SampleRequest },
): { sample: LabelledSample; start: Triple } {
  const { seed, templateSize } = plan;
  const { size } = shape;
  const cropSize = plan.crop === "whole" ? atLeast(size, plan.cropSize) : plan.cropSize;
  const start = plan.crop === "random"
    ? drawCropStart(shape, { ...plan, random: randomStream(seed, "labelled crop", request.epoch, request.subject) })
    : mapAxes((axis) => Math.trunc((size[axis] - cropSize[axis]) / 2));
  const inside = {
    start: mapAxes((axis) => Math.max(0, -start[axis])),
    end: mapAxes((axis) => Math.min(cropSize[axis], size[axis] - start[axis])),
  };
  const length = voxelCount(cropSize);
  const label = shape.label && new Uint8Array(length);
  if (shape.label && label) copyCrop(shape.label, label, { size, start, cropSize, inside });
  const sample: LabelledSample = {
    subject: plan.subjects[request.subject].id,
    modalities: shape.modalities,
    voxels: new Float32Array(shape.modalities.length * length),
    label,
    classIndex: plan.classes?.[request.subject] ?? null,
    cropSize,
    inside,
    templateStart: mapAxes((axis) => {
      return start[axis] + shape.volumeStart[axis] + Math.floor((templateSize[axis] - shape.volumeSize[axis]) / 2);
    }),
  };
  return { sample, start };
}

/**
 * Draws where a crop starts: uniformly where it fits, or so that a labelled voxel, drawn uniformly, lies in its middle as
 * far as the subject reaches. An axis on which the subject is smaller is padded on both sides, the smaller half first.
 *
 * @param options.labelCentred probability of the second kind; a subject without labelled voxels always gets the first
 */
export function drawCropStart(
  { size, label }: Pick<LabelledStack, "size" | "label">,
  { cropSize, labelCentred, random }: { cropSize: Triple; labelCentred: number; random: Random },
): Triple {
  const room = mapAxes((axis) => size[axis] - cropSize[axis]);
  const uniform = mapAxes((axis) => room[axis] > 0 ? random.integer(room[axis] + 1) : Math.trunc(room[axis] / 2));
  const isCentred = labelCentred > 0 && random.uniform() < labelCentred;
  const centre = isCentred && label ? drawLabelled(label, { size, random }) : null;
  if (centre === null) return uniform;
  return mapAxes((axis) => {
    if (room[axis] <= 0) return uniform[axis];
    return Math.max(0, Math.min(room[axis], centre[axis] - Math.floor(cropSize[axis] / 2)));
  });
}

function drawLabelled(label: Uint8Array, { size, random }: { size: Triple; random: Random }): Triple | null {
  let count = 0;
  for (const value of label) if (value !== 0) count++;
  if (count === 0) return null;
  let left = random.integer(count);
  const index = label.findIndex((value) => value !== 0 && left-- === 0);
  return [index % size[0], Math.floor(index / size[0]) % size[1], Math.floor(index / (size[0] * size[1]))];
}

interface CropPlace {
  /** Voxels of the source. */
  readonly size: Triple;
  readonly start: Triple;
  readonly cropSize: Triple;
  readonly inside: LabelledSample["inside"];
}

function copyCrop<A extends Float32Array | Uint8Array>(from: A, to: A, place: CropPlace): void {
  const { size, start, cropSize, inside } = place;
  for (let z = inside.start[2]; z < inside.end[2]; z++) {
    for (let y = inside.start[1]; y < inside.end[1]; y++) {
      const source = ((start[2] + z) * size[1] + start[1] + y) * size[0] + start[0];
      const target = (z * cropSize[1] + y) * cropSize[0];
      to.set(from.subarray(source + inside.start[0], source + inside.end[0]), target + inside.start[0]);
    }
  }
}

/** Makes labelled samples in the calling thread, one at a time, and keeps prepared subjects in memory. */
export class LabelledSource implements LabelledSampleSource {
  readonly #plan: LabelledPlan;
  readonly #cache: SubjectCache<LabelledStack>;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Opens a source; nothing is read yet. */
  constructor(
    plan: LabelledPlan,
    { cacheBytes, ...readers }: Pick<LoadOptions, "readFile" | "gunzip"> & { cacheBytes: number },
  ) {
    this.#plan = plan;
    this.#cache = new SubjectCache({
      load: (index) => loadLabelledSubject(plan.subjects[index], { plan, ...readers }),
      maxBytes: cacheBytes,
    });
  }

  /**
   * Makes a sample.
   *
   * @throws {DatalistError | VolumeError} as {@link loadLabelledSubject} does
   * @throws {RangeError} when the plan has no such subject
   */
  load(request: SampleRequest): Promise<LabelledSample> {
    const sample = this.#last.then(() => this.#take(request));
    this.#last = sample.catch(() => {});
    return sample;
  }

  /** Refuses the loads that have not begun and all later ones. */
  close(): void {
    this.#closed = true;
  }

  async #take(request: SampleRequest): Promise<LabelledSample> {
    if (this.#closed) throw new Error("Cannot load sample: expected an open source, got a closed one");
    const count = this.#plan.subjects.length;
    if (this.#plan.subjects[request.subject] === undefined) {
      throw new RangeError(`Cannot load sample: expected a subject index in [0, ${count}), got ${request.subject}`);
    }
    return takeLabelledSample(await this.#cache.get(request.subject), { plan: this.#plan, request });
  }
}

function fileOf({ id, images }: Subject, modality: Modality): string {
  const image = images.find((each) => each.modality === modality);
  if (image !== undefined) return image.file;
  const got = images.map((each) => each.modality).join(", ");
  throw new DatalistError(`Cannot load subject ${id}: expected a ${modality} image, got ${got}`);
}

function atLeast(size: Triple, least: Triple): Triple {
  const larger = mapAxes((axis) => Math.max(size[axis], least[axis]));
  return sameTriple(larger, size) ? size : larger;
}

function mapAxes(value: (axis: 0 | 1 | 2) => number): Triple {
  return [value(0), value(1), value(2)];
}
