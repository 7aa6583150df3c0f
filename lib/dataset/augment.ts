/** Augmentations of labelled samples: pure functions, each drawing from the stream it is given. */
import type { Triple } from "../geometry.ts";
import { type Random, randomStream } from "../random.ts";
import type { LabelledSample } from "./labelled_source.ts";

/** How flips are drawn. */
export const FLIP_KINDS = ["none", "together", "each"] as const;

/** One of {@linkcode FLIP_KINDS}. */
export type FlipKind = (typeof FLIP_KINDS)[number];

/** A volume that stands in for a modality. */
export interface TemplateVolume {
  readonly modality: string;
  /** Voxels along (x, y, z). */
  readonly size: Triple;
  /** x fastest. */
  readonly data: Float32Array;
}

/** What is done to training samples. */
export interface AugmentOptions {
  /** `together`: one coin for all axes, as in the official code; `each`: one per axis. */
  readonly flip: FlipKind;
  readonly flipProbability: number;
  /** Intensities get an offset from U(−shift, shift), the same for all channels. */
  readonly shift: number;
  /** Then a factor from 1 + U(−scale, scale), the same for all channels. */
  readonly scale: number;
  /** Channels replaced by their templates: a number drawn uniformly from 0 to this. */
  readonly templateChannels: number;
}

/** Where in a run a sample lies. */
export interface AugmentPlace {
  readonly seed: number;
  readonly epoch: number;
  /** Index of the subject. */
  readonly subject: number;
}

/**
 * Augments a sample: templates in place of channels, flips, intensity shift and scale, in this order.
 *
 * Every part has its own stream, so that switching one off leaves the others as they are. Copies of a sample differ in
 * their substituted channels alone: they lie on each other voxel by voxel.
 *
 * @param options.copy number of the copy
 * @see official downstream transforms: template substitution, `RandFlipd`, `RandShiftIntensityd`, `RandScaleIntensityd`
 */
export function augmentSample(
  sample: LabelledSample,
  { templates, place, copy = 0, ...options }: AugmentOptions & {
    readonly templates: readonly TemplateVolume[];
    readonly place: AugmentPlace;
    readonly copy?: number;
  },
): LabelledSample {
  const stream = (purpose: string, ...more: number[]): Random => {
    return randomStream(place.seed, purpose, place.epoch, place.subject, ...more);
  };
  const { templateChannels: most, flip, flipProbability, shift, scale } = options;
  const channels = drawChannels(stream("substitute", copy), { most, count: sample.modalities.length });
  const substituted = substituteTemplates(sample, { channels, templates });
  const axes = drawFlips(stream("flip"), { kind: flip, probability: flipProbability });
  return changeIntensity(flipSample(substituted, axes), drawIntensity(stream("intensity"), { shift, scale }));
}

/** Draws distinct channels: first how many, uniformly from 0 to `most` (at most all of them), then which. */
export function drawChannels(random: Random, { most, count }: { most: number; count: number }): number[] {
  const wanted = random.integer(Math.min(most, count) + 1);
  return random.sample(Array.from({ length: count }, (_, channel) => channel), wanted).sort((a, b) => a - b);
}

/**
 * Replaces whole channels by the templates of their modalities, where the crop shows the subject and the template reaches.
 *
 * @throws {RangeError} when a modality has no template
 */
export function substituteTemplates(
  sample: LabelledSample,
  { channels, templates }: { channels: readonly number[]; templates: readonly TemplateVolume[] },
): LabelledSample {
  if (channels.length === 0) return sample;
  const voxels = sample.voxels.slice();
  const length = voxels.length / sample.modalities.length;
  for (const channel of channels) {
    const modality = sample.modalities[channel];
    const template = templates.find((each) => each.modality === modality);
    if (template === undefined) {
      const known = templates.map((each) => each.modality).join(", ") || "none";
      throw new RangeError(`Cannot substitute template: expected one of ${known}, got "${modality}"`);
    }
    fillFromTemplate(voxels.subarray(channel * length, (channel + 1) * length), { sample, template });
  }
  return { ...sample, voxels };
}

function fillFromTemplate(
  voxels: Float32Array,
  { sample: { cropSize, inside, templateStart }, template: { size, data } }: {
    sample: LabelledSample;
    template: TemplateVolume;
  },
): void {
  for (let z = inside.start[2]; z < inside.end[2]; z++) {
    for (let y = inside.start[1]; y < inside.end[1]; y++) {
      for (let x = inside.start[0]; x < inside.end[0]; x++) {
        const [tx, ty, tz] = [templateStart[0] + x, templateStart[1] + y, templateStart[2] + z];
        const reaches = tx >= 0 && ty >= 0 && tz >= 0 && tx < size[0] && ty < size[1] && tz < size[2];
        const value = reaches ? data[(tz * size[1] + ty) * size[0] + tx] : 0;
        voxels[(z * cropSize[1] + y) * cropSize[0] + x] = value;
      }
    }
  }
}

/** Draws which of the axes (x, y, z) are flipped. */
export function drawFlips(
  random: Random,
  { kind, probability }: { kind: FlipKind; probability: number },
): readonly [boolean, boolean, boolean] {
  if (kind === "none") return [false, false, false];
  const coin = (): boolean => random.uniform() < probability;
  if (kind === "each") return [coin(), coin(), coin()];
  const all = coin();
  return [all, all, all];
}

/** Mirrors images and label along axes; the place in the template is that of the crop before. */
export function flipSample(sample: LabelledSample, axes: readonly [boolean, boolean, boolean]): LabelledSample {
  if (!axes.includes(true)) return sample;
  const { cropSize, voxels, label, inside: { start, end } } = sample;
  const mirrored = (from: Triple, to: Triple): Triple => {
    const at = (axis: 0 | 1 | 2): number => axes[axis] ? cropSize[axis] - to[axis] : from[axis];
    return [at(0), at(1), at(2)];
  };
  const flippedStart = mirrored(start, end);
  return {
    ...sample,
    voxels: flipVolumes(voxels, { cropSize, axes }),
    label: label && flipVolumes(label, { cropSize, axes }),
    inside: {
      start: flippedStart,
      end: [0, 1, 2].map((axis) => flippedStart[axis] + end[axis] - start[axis]) as unknown as Triple,
    },
  };
}

/** Mirrors every volume of an array of volumes, x fastest. */
function flipVolumes<A extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
  values: A,
  { cropSize: [width, height, depth], axes: [flipX, flipY, flipZ] }: {
    cropSize: Triple;
    axes: readonly [boolean, boolean, boolean];
  },
): A {
  const flipped = values.slice() as A;
  const rows = values.length / width;
  for (let row = 0; row < rows; row++) {
    const y = row % height, z = Math.floor(row / height) % depth, volume = Math.floor(row / (height * depth));
    const source = (volume * depth + (flipZ ? depth - 1 - z : z)) * height + (flipY ? height - 1 - y : y);
    const line = flipped.subarray(row * width, (row + 1) * width);
    line.set(values.subarray(source * width, (source + 1) * width));
    if (flipX) line.reverse();
  }
  return flipped;
}

/** An offset, then a factor. */
export interface IntensityChange {
  readonly offset: number;
  readonly factor: number;
}

/** Draws offset and factor. */
export function drawIntensity(random: Random, { shift, scale }: { shift: number; scale: number }): IntensityChange {
  return { offset: random.between(-shift, shift), factor: 1 + random.between(-scale, scale) };
}

/** (x + offset) · factor for every voxel of every channel, padding included. */
export function changeIntensity(sample: LabelledSample, { offset, factor }: IntensityChange): LabelledSample {
  if (offset === 0 && factor === 1) return sample;
  return { ...sample, voxels: sample.voxels.map((value) => (value + offset) * factor) };
}
