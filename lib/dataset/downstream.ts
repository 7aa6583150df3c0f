/** From a subject's scans and its label to one stack: the deterministic half of the official fine-tuning pipeline. */
import { DatalistError, VolumeError } from "../errors.ts";
import type { Affine, Triple, Volume, VolumeStack } from "../geometry.ts";
import { labelFits } from "./_grid.ts";
import { centredForegroundBox, cropStack, foregroundBox, type VoxelBox } from "./crop.ts";
import { harmoniseLabels, type LabelScheme } from "./labels.ts";
import { scaleByPercentiles } from "./normalize.ts";
import { toRas } from "./orient.ts";
import { checkSameGrid, type PreprocessOptions, type SubjectImage } from "./preprocess.ts";
import { resampleToSpacing } from "./resample.ts";

/** How scans are prepared for a downstream task. */
export interface DownstreamPreprocess extends PreprocessOptions {
  /** Whether intensities outside the percentiles are limited to [0, 1]. */
  readonly clip: boolean;
  /**
   * What percentiles are taken over: the foreground box, as in pre-training, or the whole volume as it was read, as the
   * official fine-tuning does.
   */
  readonly scaleOver: "foreground" | "volume";
  /** The box of voxels above 0: made symmetric about the centre as in pre-training, or as it is, with a margin. */
  readonly foreground: "centred" | "box";
  /** Voxels around the box as it is, as far as the image reaches. */
  readonly margin: number;
}

/** The official values of fine-tuning. */
export const OFFICIAL_DOWNSTREAM: DownstreamPreprocess = {
  spacingMm: [1, 1, 1],
  lowerPercentile: 5,
  upperPercentile: 95,
  clip: false,
  scaleOver: "volume",
  foreground: "box",
  margin: 1,
};

/** A label beside the scans. */
export interface SubjectLabel {
  readonly file: string;
  readonly volume: Volume;
  readonly scheme: LabelScheme;
}

/** A prepared subject. */
export interface LabelledStack extends VolumeStack {
  /** Values of the task on the stack's grid, x fastest; null without a label. */
  readonly label: Uint8Array | null;
  /** Voxels (x, y, z) of the oriented, resampled volume that the stack was cropped from. */
  readonly volumeSize: Triple;
  /** Where the stack's first voxel lies in that volume. */
  readonly volumeStart: Triple;
}

/**
 * Prepares one subject for a downstream task.
 *
 * RAS+ orientation → spacing (trilinear; labels nearest) → crop to the foreground, which every modality and the label
 * share. Intensities are scaled by percentiles before or after that, as the options say; labels never are.
 *
 * @returns channels in the order of `images`
 * @throws {DatalistError} when there is no image, or the grids of images and label differ
 * @throws {VolumeError} when no voxel is above 0, or the label has an unknown value
 * @see official downstream transforms; `CropForegroundd(margin=1)`, `ScaleIntensityRangePercentilesd(clip=False)`
 */
export function prepareDownstream(
  { images, label }: { images: readonly SubjectImage[]; label?: SubjectLabel },
  options: DownstreamPreprocess,
): LabelledStack {
  if (images.length === 0) throw new DatalistError("Cannot prepare subject: expected at least one image, got none");
  checkSameGrid(images.map(({ file, volume }) => ({ file, size: volume.size, affine: volume.affine })));
  if (label) checkLabelGrid(label, images[0]);
  const { lowerPercentile: lower, upperPercentile: upper, clip, scaleOver } = options;
  const scale = (data: Float32Array): Float32Array => scaleByPercentiles(data, { lower, upper, clip });
  const { affine } = images[0].volume;
  const volumes = images.map(({ volume }) => {
    const data = scaleOver === "volume" ? scale(volume.data) : volume.data;
    return toGrid({ ...volume, data }, { affine, options, interpolation: "trilinear" });
  });
  const labels = label && toGrid(label.volume, { affine, options, interpolation: "nearest" });
  const whole: VolumeStack = {
    modalities: images.map(({ modality }) => modality),
    channels: volumes.map(({ data }) => data),
    size: volumes[0].size,
    affine: volumes[0].affine,
  };
  const box = boxOf(whole, options);
  if (box === null) {
    throw new VolumeError(images.map(({ file }) => file).join(", "), "expected voxels above 0, got none");
  }
  const stack = cropStack(whole, box);
  const labelStack = labels && cropStack({ ...whole, modalities: [], channels: [labels.data] }, box);
  return {
    ...stack,
    channels: scaleOver === "volume" ? stack.channels : stack.channels.map(scale),
    label: label && labelStack ? harmoniseLabels(labelStack.channels[0], label) : null,
    volumeSize: whole.size,
    volumeStart: box.start,
  };
}

/** Affines that agree may still differ in the last digits; that of the first image speaks for all. */
function toGrid(
  volume: Volume,
  { affine, options: { spacingMm }, interpolation }: {
    affine: Affine;
    options: DownstreamPreprocess;
    interpolation: "trilinear" | "nearest";
  },
): Volume {
  const oriented = toRas({ ...volume, affine });
  return spacingMm === null ? oriented : resampleToSpacing(oriented, { spacingMm, interpolation });
}

function boxOf(
  { channels, size }: VolumeStack,
  { foreground, margin }: DownstreamPreprocess,
): VoxelBox | null {
  if (foreground === "centred") return centredForegroundBox(channels, size);
  const box = foregroundBox(channels, size);
  if (box === null) return null;
  const low = (axis: number): number => Math.max(0, box.start[axis] - margin);
  const high = (axis: number): number => Math.min(size[axis], box.end[axis] + margin);
  return { start: [low(0), low(1), low(2)], end: [high(0), high(1), high(2)] };
}

function checkLabelGrid({ file, volume }: SubjectLabel, image: SubjectImage): void {
  if (labelFits(volume, image.volume)) return;
  const describe = ({ size, affine }: Volume): string => `${size.join("×")} voxels from (${originOf(affine)}) mm`;
  throw new DatalistError(
    `Cannot use label ${file}: expected the voxels of ${image.file}, ${describe(image.volume)}, ` +
      `got ${describe(volume)}`,
  );
}

function originOf(affine: Affine): string {
  return affine.slice(0, 3).map((row) => Number(row[3].toFixed(3))).join(", ");
}
