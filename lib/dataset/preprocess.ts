/** From the scans of one subject to one normalised stack: the deterministic half of the official data pipeline. */
import { DatalistError, formatShape, VolumeError } from "../errors.ts";
import { type Affine, affinesAgree, sameTriple, type Triple, type Volume, type VolumeStack } from "../geometry.ts";
import { centredForegroundBox, cropStack } from "./crop.ts";
import { scaleByPercentiles } from "./normalize.ts";
import { toRas } from "./orient.ts";
import { resampleToSpacing } from "./resample.ts";

/** What may differ from the official preprocessing. */
export interface PreprocessOptions {
  /** Voxel spacing in mm along (x, y, z) after resampling; null keeps the scans' own grid. */
  readonly spacingMm: Triple | null;
  /** Percentile (percent) of a modality's intensities that becomes 0. */
  readonly lowerPercentile: number;
  /** Percentile (percent) of a modality's intensities that becomes 1. */
  readonly upperPercentile: number;
}

/** The official values: 1 mm isotropic, percentiles 5 and 95. */
export const DEFAULT_PREPROCESS: PreprocessOptions = {
  spacingMm: [1, 1, 1],
  lowerPercentile: 5,
  upperPercentile: 95,
};

/** One scan of a subject. */
export interface SubjectImage {
  /** Canonical modality name. */
  readonly modality: string;
  /** What to call the scan in errors. */
  readonly file: string;
  /** The scan as it was read, in any orientation. */
  readonly volume: Volume;
}

/**
 * Prepares one subject for training.
 *
 * RAS+ orientation → spacing (trilinear) → crop to the foreground (any modality above 0), symmetric about the centre →
 * percentiles to [0, 1], clipped, per modality over the cropped box → the same crop again.
 *
 * Shapes: M volumes of one grid → M channels of one, usually smaller, grid.
 *
 * @returns channels in the order of `images`, values in [0, 1]; a modality whose two percentiles coincide is only
 *   shifted by them, see `scaleByPercentiles()`
 * @throws {DatalistError} when there is no image, or shapes or affines differ
 * @throws {VolumeError} when no voxel is above 0, or none is left above the lower percentile
 * @throws {RangeError} when an option is out of its range
 * @see paper, implementation details; official transforms `Orientationd`, `Spacingd`, `CenterCropForegroundd`,
 *   `ScaleIntensityRangePercentilesd`
 */
export function preprocessSubject(
  images: readonly SubjectImage[],
  options: PreprocessOptions = DEFAULT_PREPROCESS,
): VolumeStack {
  if (images.length === 0) throw new DatalistError("Cannot preprocess subject: expected at least one image, got none");
  checkSameGrid(images.map(({ file, volume }) => ({ file, size: volume.size, affine: volume.affine })));
  const { spacingMm, lowerPercentile: lower, upperPercentile: upper } = options;
  const files = images.map(({ file }) => file).join(", ");
  const { affine } = images[0].volume;
  // Affines that agree may still differ in the last digits; one of them has to speak for all.
  const volumes = images.map(({ volume }) => {
    const oriented = toRas({ ...volume, affine });
    return spacingMm === null ? oriented : resampleToSpacing(oriented, { spacingMm, interpolation: "trilinear" });
  });
  const stack: VolumeStack = {
    modalities: images.map(({ modality }) => modality),
    channels: volumes.map(({ data }) => data),
    size: volumes[0].size,
    affine: volumes[0].affine,
  };
  const cropped = cropToForeground(stack, { files, wanted: "voxels above 0" });
  const channels = cropped.channels.map((data) => scaleByPercentiles(data, { lower, upper, clip: true }));
  return cropToForeground({ ...cropped, channels }, { files, wanted: `voxels above their percentile ${lower}` });
}

/**
 * Checks that images can be stacked: equal shapes, and affines that agree like `numpy.allclose`.
 *
 * Headers are enough, so that a whole data set can be checked before training.
 *
 * @throws {DatalistError} naming the first image and the first one that differs from it
 */
export function checkSameGrid(images: readonly { file: string; size: Triple; affine: Affine }[]): void {
  for (const image of images.slice(1)) {
    const first = images[0];
    if (!sameTriple(image.size, first.size)) {
      throw gridError(first.file, image.file, `shapes ${formatShape(first.size)} and ${formatShape(image.size)}`);
    }
    if (!affinesAgree(image.affine, first.affine)) {
      throw gridError(
        first.file,
        image.file,
        `affines ${formatAffine(first.affine)} and ${formatAffine(image.affine)}`,
      );
    }
  }
}

function gridError(first: string, second: string, got: string): DatalistError {
  return new DatalistError(
    `Cannot stack ${first} and ${second}: expected one voxel grid, got ${got}; ` +
      "register and resample the scans of a subject to one grid first",
  );
}

function formatAffine(affine: Affine): string {
  return `[${affine.slice(0, 3).map(formatShape).join(", ")}]`;
}

function cropToForeground(stack: VolumeStack, { files, wanted }: { files: string; wanted: string }): VolumeStack {
  const box = centredForegroundBox(stack.channels, stack.size);
  if (box === null) throw new VolumeError(files, `expected ${wanted}, got none`);
  return cropStack(stack, box);
}
