/** Overlap of two masks: Dice, sensitivity, precision, specificity, and the difference of their volumes. */

/** Voxels by what prediction and reference say of them. */
export interface VoxelCounts {
  /** Set in both. */
  readonly truePositives: number;
  /** Set in the prediction only. */
  readonly falsePositives: number;
  /** Set in the reference only. */
  readonly falseNegatives: number;
  /** Set in neither. */
  readonly trueNegatives: number;
}

/**
 * What Dice is where the reference is empty. `official`: 1 if the prediction is empty too, else 0. `monai`: NaN, so that
 * the case is left out of means.
 */
export type DiceConvention = "official" | "monai";

/**
 * Counts the voxels of two masks; what is not 0 is set.
 *
 * @throws {TypeError} when the masks differ in length
 */
export function countVoxels(prediction: Uint8Array, reference: Uint8Array): VoxelCounts {
  if (prediction.length !== reference.length) {
    const lengths = `${prediction.length} and ${reference.length}`;
    throw new TypeError(`Cannot compare masks: expected as many voxels in both, got ${lengths}`);
  }
  let truePositives = 0, falsePositives = 0, falseNegatives = 0;
  for (let i = 0; i < prediction.length; i++) {
    const predicted = prediction[i] !== 0, present = reference[i] !== 0;
    if (predicted && present) truePositives++;
    else if (predicted) falsePositives++;
    else if (present) falseNegatives++;
  }
  const trueNegatives = prediction.length - truePositives - falsePositives - falseNegatives;
  return { truePositives, falsePositives, falseNegatives, trueNegatives };
}

/**
 * Dice coefficient 2·|P ∩ R| / (|P| + |R|).
 *
 * @see `EDiceLoss.metric` of the official code; MONAI 1.3 `compute_dice`
 */
export function dice(counts: VoxelCounts, convention: DiceConvention): number {
  const { truePositives, falsePositives, falseNegatives } = counts;
  if (truePositives + falseNegatives > 0) {
    return 2 * truePositives / (2 * truePositives + falsePositives + falseNegatives);
  }
  if (convention === "monai") return NaN;
  return falsePositives === 0 ? 1 : 0;
}

/** Share of the reference that was found; NaN where the reference is empty. */
export function sensitivity({ truePositives, falseNegatives }: VoxelCounts): number {
  return truePositives / (truePositives + falseNegatives);
}

/** Share of the prediction that is right; NaN where the prediction is empty. */
export function precision({ truePositives, falsePositives }: VoxelCounts): number {
  return truePositives / (truePositives + falsePositives);
}

/** Share of the voxels outside the reference that were left alone; NaN where there are none. Depends on the field of view. */
export function specificity({ trueNegatives, falsePositives }: VoxelCounts): number {
  return trueNegatives / (trueNegatives + falsePositives);
}

/** By how much the prediction is larger than the reference. */
export interface VolumeDifference {
  /** Predicted minus reference volume in ml. */
  readonly ml: number;
  /** The same as a percentage of the reference volume; NaN where the reference is empty. */
  readonly percent: number;
}

/**
 * Difference of the volumes.
 *
 * @param voxelMm3 volume of one voxel in mm³
 */
export function volumeError(counts: VoxelCounts, voxelMm3: number): VolumeDifference {
  const { truePositives, falsePositives, falseNegatives } = counts;
  const difference = falsePositives - falseNegatives, reference = truePositives + falseNegatives;
  return { ml: difference * voxelMm3 / 1000, percent: reference === 0 ? NaN : 100 * difference / reference };
}
