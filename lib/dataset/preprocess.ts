/** From the scans of one subject to one normalised stack: the deterministic half of the official data pipeline. */
import { DatalistError, formatShape, VolumeError } from "../errors.ts";
import {
  type Affine,
  affinesAgree,
  sameTriple,
  translateOrigin,
  type Triple,
  type Volume,
  type VolumeStack,
} from "../geometry.ts";
import { intensitiesOf } from "./_nifti_voxels.ts";
import { scaledBox, storedForegroundBox, type StoredScan } from "./_stored_box.ts";
import { centreBox, cropStack } from "./crop.ts";
import type { StoredVolume } from "./nifti.ts";
import { rasOrder, toRas } from "./orient.ts";
import { gridOfSpacing, resampleToSpacing } from "./resample.ts";

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
  return preprocessStored(
    images.map(({ modality, file, volume: { data, size, affine } }) => {
      return { modality, file, size, affine, voxels: { stored: data, table: null } };
    }),
    options,
  );
}

/** One scan of a subject as its file stores it. */
export type StoredImage = Pick<SubjectImage, "modality" | "file"> & StoredVolume;

/**
 * {@link preprocessSubject} of scans as they are stored, with the same result to the bit.
 *
 * Where nothing has to be resampled, only the foreground box is ever turned into floats.
 *
 * @throws as {@link preprocessSubject} does
 */
export function preprocessStored(images: readonly StoredImage[], options: PreprocessOptions): VolumeStack {
  if (images.length === 0) throw new DatalistError("Cannot preprocess subject: expected at least one image, got none");
  checkSameGrid(images);
  const { lowerPercentile: lower, upperPercentile: upper } = options;
  const files = images.map(({ file }) => file).join(", ");
  const { scans, size, affine } = bringToSpacing(images, options.spacingMm);
  const box = storedForegroundBox(scans);
  if (box === null) throw new VolumeError(files, "expected voxels above 0, got none");
  const centred = centreBox(box, size);
  const channels = scans.map((scan) => scaledBox(scan, centred, { lower, upper, clip: true }));
  const { start, end } = centred;
  return cropToForeground({
    modalities: images.map(({ modality }) => modality),
    channels,
    size: [end[0] - start[0], end[1] - start[1], end[2] - start[2]],
    affine: translateOrigin(affine, start),
  }, { files, wanted: `voxels above their percentile ${lower}` });
}

/** The scans of a subject in RAS+ order at a spacing; resampled only where they have another. */
function bringToSpacing(
  images: readonly StoredImage[],
  spacingMm: Triple | null,
): { scans: StoredScan[]; size: Triple; affine: Affine } {
  // Affines that agree may still differ in the last digits; one of them has to speak for all.
  const { size, affine } = images[0];
  const order = rasOrder({ size, affine });
  const oriented = order ?? { size, affine };
  const target = spacingMm && gridOfSpacing(oriented, spacingMm);
  if (spacingMm === null || target === null) {
    return { scans: images.map(({ voxels }) => ({ voxels, size, order })), ...oriented };
  }
  const scans = images.map(({ voxels }): StoredScan => {
    const volume = toRas({ data: intensitiesOf(voxels), size, affine });
    const { data: stored } = resampleToSpacing(volume, { spacingMm, interpolation: "trilinear" });
    return { voxels: { stored, table: null }, size: target.size, order: null };
  });
  return { scans, ...target };
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
  const { size } = stack;
  const scans = stack.channels.map((stored): StoredScan => ({ voxels: { stored, table: null }, size, order: null }));
  const box = storedForegroundBox(scans);
  if (box === null) throw new VolumeError(files, `expected ${wanted}, got none`);
  return cropStack(stack, centreBox(box, size));
}
