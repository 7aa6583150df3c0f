/** Crops of a subject: what the network sees, and where it lies in the template. */
import { type Triple, type VolumeStack, voxelCount } from "../geometry.ts";
import type { Random } from "../random.ts";

/** A crop of some of a subject's modalities. */
export interface Sample {
  /** Name of the subject. */
  readonly subject: string;
  /** Modality of each channel; a modality may occur more than once. */
  readonly modalities: readonly string[];
  /** Voxels, channel-major: `[C, D, H, W]` with x fastest. Belongs to the sample alone. */
  readonly voxels: Float32Array<ArrayBuffer>;
  /** Voxels along (x, y, z). */
  readonly cropSize: Triple;
  /**
   * Voxel (x, y, z) of the template under the crop's first voxel. Negative, or reaching past the template's end, where
   * the crop is padded or the subject larger than the template.
   */
  readonly templateStart: Triple;
}

/** What both kinds of crop need. */
export interface CropOptions {
  /** Name of the subject. */
  readonly subject: string;
  /** Voxels of the crop along (x, y, z). */
  readonly cropSize: Triple;
  /** Voxels of the template along (x, y, z). */
  readonly templateSize: Triple;
}

/** What a random crop needs. */
export interface DrawOptions extends CropOptions {
  /** Stream of the crop's place and of the choice of channels. */
  readonly random: Random;
  /** Channels in the sample: all, or exactly n. */
  readonly sequences: "all" | number;
  /**
   * Stream that shuffles the channels before any is chosen, so that position i is a different modality in different
   * subjects. Open it from the seed and the subject alone: the order is then the same in every epoch.
   */
  readonly shuffleOrder?: Random;
}

/**
 * Cuts a random crop from a subject.
 *
 * Along each axis the crop starts uniformly in [0, size − crop]; a subject that is smaller is padded with zeros on both
 * sides, the smaller half first. With n sequences: n of the channels without replacement if there are more, all
 * of them in order if there are n, and all followed by draws with replacement if there are fewer.
 *
 * templateStart = cropStart + ⌊(templateSize − stackSize) / 2⌋, where padding makes cropStart negative.
 *
 * @throws {RangeError} when `sequences` is neither "all" nor a positive integer
 * @see DESIGN §2.2; `RandSpatialCropSamplesd`, `SpatialPadd` and the choice of four sequences in the official loader
 */
export function drawSample(stack: VolumeStack, options: DrawOptions): Sample {
  return cutSample(stack, { ...options, ...drawPlace(stack, options) });
}

/** Cuts the centre of a subject with all its channels, padded like {@link drawSample} where it is smaller. */
export function centreSample(stack: VolumeStack, options: CropOptions): Sample {
  return cutSample(stack, { ...options, ...centrePlace(stack, options) });
}

/** What is known of a subject before its voxels are. */
export type StackShape = Pick<VolumeStack, "modalities" | "size">;

/** Where a crop lies and what it holds. */
export interface SamplePlace {
  /** Voxel (x, y, z) of the subject under the crop's first voxel; negative where the crop is padded. */
  readonly start: Triple;
  /** The subject's channels, in the order of the sample's. */
  readonly channels: readonly number[];
}

/** The place that {@link drawSample} draws: no voxel is looked at. */
export function drawPlace({ modalities, size }: StackShape, options: DrawOptions): SamplePlace {
  const { random, cropSize, sequences, shuffleOrder } = options;
  const start = mapAxes((axis) => {
    const room = size[axis] - cropSize[axis];
    return room > 0 ? random.integer(room + 1) : centredStart(room);
  });
  const order = [...modalities.keys()];
  shuffleOrder?.shuffle(order);
  return { start, channels: chooseSequences(order, { sequences, random }) };
}

/** The place of {@link centreSample}. */
export function centrePlace({ modalities, size }: StackShape, { cropSize }: CropOptions): SamplePlace {
  return { start: mapAxes((axis) => centredStart(size[axis] - cropSize[axis])), channels: [...modalities.keys()] };
}

/** The sample of a place with all voxels 0, to be filled where the crop lies in the subject. */
export function blankSample(shape: StackShape, options: CropOptions & SamplePlace): Sample {
  const { subject, cropSize, templateSize, start, channels } = options;
  return {
    subject,
    modalities: channels.map((channel) => shape.modalities[channel]),
    voxels: new Float32Array(channels.length * voxelCount(cropSize)),
    cropSize,
    templateStart: mapAxes((axis) => start[axis] + Math.floor((templateSize[axis] - shape.size[axis]) / 2)),
  };
}

/** Start of a centred crop; the smaller half of an odd margin, or of odd padding, comes first. */
function centredStart(room: number): number {
  return Math.trunc(room / 2);
}

function chooseSequences(order: readonly number[], options: Pick<DrawOptions, "sequences" | "random">): number[] {
  const { sequences, random } = options;
  if (sequences === "all") return [...order];
  if (!Number.isInteger(sequences) || sequences < 1) {
    throw new RangeError(`Cannot draw sample: expected sequences "all" or a positive integer, got ${sequences}`);
  }
  if (sequences < order.length) return random.sample(order, sequences);
  const repeats = Array.from({ length: sequences - order.length }, () => random.choose(order));
  return [...order, ...repeats];
}

/** Copies the part of the crop that lies in the subject; the rest stays zero. */
function cutSample(stack: VolumeStack, options: CropOptions & SamplePlace): Sample {
  const { cropSize, start, channels } = options;
  const [, height, depth] = cropSize;
  const [stackWidth, stackHeight] = stack.size;
  const sample = blankSample(stack, options);
  const [low, high] = [
    mapAxes((axis) => Math.max(0, -start[axis])),
    mapAxes((axis) => Math.min(cropSize[axis], stack.size[axis] - start[axis])),
  ];
  channels.forEach((channel, c) => {
    const source = stack.channels[channel];
    for (let z = low[2]; z < high[2]; z++) {
      for (let y = low[1]; y < high[1]; y++) {
        const from = ((start[2] + z) * stackHeight + start[1] + y) * stackWidth + start[0];
        const to = ((c * depth + z) * height + y) * cropSize[0];
        sample.voxels.set(source.subarray(from + low[0], from + high[0]), to + low[0]);
      }
    }
  });
  return sample;
}

function mapAxes(value: (axis: 0 | 1 | 2) => number): Triple {
  return [value(0), value(1), value(2)];
}
