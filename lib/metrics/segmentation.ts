/** All scores of one region of one case. */
import type { MaskGrid } from "./_masks.ts";
import type { Neighbourhood } from "./components.ts";
import { type LesionScores, lesionScores } from "./lesions.ts";
import {
  countVoxels,
  dice,
  precision,
  sensitivity,
  specificity,
  type VolumeDifference,
  volumeError,
  type VoxelCounts,
} from "./overlap.ts";
import { averageSurfaceDistance, hausdorffDistance, surfaceDice, surfaceDistances } from "./surface.ts";

/** Which of the masks is empty; such cases need to be counted, since most scores say nothing of them. */
export type Emptiness = "neither" | "both" | "reference" | "prediction";

/** Scores of a predicted mask; NaN where one is undefined. */
export interface SegmentationScores {
  readonly empty: Emptiness;
  readonly voxels: VoxelCounts;
  /** Volumes in ml. */
  readonly referenceMl: number;
  readonly predictionMl: number;
  /** Dice of the official code: an empty reference gives 1 or 0. */
  readonly officialDice: number;
  /** Dice as MONAI averages it: an empty reference gives NaN. */
  readonly dice: number;
  readonly sensitivity: number;
  readonly precision: number;
  readonly specificity: number;
  readonly volumeError: VolumeDifference;
  /** Distances in mm; Infinity where one of the masks is empty. */
  readonly hausdorffMm: number;
  readonly hd95Mm: number;
  /** Mean over the surface voxels of both masks. */
  readonly averageSurfaceDistanceMm: number;
  /** One per tolerance. */
  readonly surfaceDice: readonly number[];
  readonly lesions: LesionScores;
}

/** What is measured. */
export interface SegmentationScoreOptions {
  /** Tolerances in mm of the surface Dice. */
  readonly tolerancesMm?: readonly number[];
  /** Which voxels belong to one lesion. */
  readonly neighbourhood?: Neighbourhood;
}

/**
 * Measures a predicted mask against its reference.
 *
 * @throws {TypeError | RangeError} when a mask does not fill the grid, or the spacing is not positive
 */
export function segmentationScores(
  prediction: Uint8Array,
  reference: Uint8Array,
  { tolerancesMm = [1], neighbourhood = 26, ...grid }: MaskGrid & SegmentationScoreOptions,
): SegmentationScores {
  const distances = surfaceDistances(prediction, reference, grid);
  const voxels = countVoxels(prediction, reference);
  const voxelMm3 = grid.spacingMm[0] * grid.spacingMm[1] * grid.spacingMm[2];
  return {
    empty: emptiness(voxels),
    voxels,
    referenceMl: (voxels.truePositives + voxels.falseNegatives) * voxelMm3 / 1000,
    predictionMl: (voxels.truePositives + voxels.falsePositives) * voxelMm3 / 1000,
    officialDice: dice(voxels, "official"),
    dice: dice(voxels, "monai"),
    sensitivity: sensitivity(voxels),
    precision: precision(voxels),
    specificity: specificity(voxels),
    volumeError: volumeError(voxels, voxelMm3),
    hausdorffMm: hausdorffDistance(distances),
    hd95Mm: hausdorffDistance(distances, { percentile: 95 }),
    averageSurfaceDistanceMm: averageSurfaceDistance(distances),
    surfaceDice: tolerancesMm.map((tolerance) => surfaceDice(distances, tolerance)),
    lesions: lesionScores(prediction, reference, { ...grid, neighbourhood }),
  };
}

function emptiness({ truePositives, falsePositives, falseNegatives }: VoxelCounts): Emptiness {
  const noReference = truePositives + falseNegatives === 0, noPrediction = truePositives + falsePositives === 0;
  if (noReference && noPrediction) return "both";
  if (noReference) return "reference";
  return noPrediction ? "prediction" : "neither";
}
