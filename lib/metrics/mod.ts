/** Measures of quality on plain arrays, and the statistics to report them with. */
export { maskedSquaredError, psnr } from "./psnr.ts";
export type { ErrorSum } from "./psnr.ts";

export type { MaskGrid } from "./_masks.ts";
export { type Components, connectedComponents, type Neighbourhood, NEIGHBOURHOODS } from "./components.ts";
export { distanceTransform } from "./distance_transform.ts";
export { type LesionOptions, type LesionScores, lesionScores } from "./lesions.ts";
export {
  countVoxels,
  dice,
  type DiceConvention,
  precision,
  sensitivity,
  specificity,
  type VolumeDifference,
  volumeError,
  type VoxelCounts,
} from "./overlap.ts";
export { type LabelOptions, regionMask, takeLabels } from "./regions.ts";
export {
  type Emptiness,
  type SegmentationScoreOptions,
  type SegmentationScores,
  segmentationScores,
} from "./segmentation.ts";
export {
  averageSurfaceDistance,
  hausdorffDistance,
  surfaceDice,
  type SurfaceDistances,
  surfaceDistances,
} from "./surface.ts";

export { auc, oneVsRestAuc } from "./auc.ts";
export {
  accuracy,
  balancedAccuracy,
  CLASSIFICATION_SCORES,
  classificationIntervals,
  type ClassificationScore,
  type ClassificationScores,
  classificationScores,
  type ClassifiedCase,
  type ConfusionMatrix,
  confusionMatrix,
  f1,
  macroF1,
  predictedClass,
} from "./classification.ts";

export { bootstrapInterval, type BootstrapOptions, DEFAULT_BOOTSTRAP, type Interval } from "./bootstrap.ts";
export { comparePaired, holm, type PairedComparison } from "./comparison.ts";
export { quantile } from "./quantile.ts";
export { STUDY_STATISTICS } from "./study_statistics.ts";
export { mean, type ScoreSummary, standardDeviation, summarizeScores } from "./summary.ts";
export { wilcoxon, type WilcoxonMethod, type WilcoxonResult } from "./wilcoxon.ts";
