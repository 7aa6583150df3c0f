/** From a trained network to a segmentation: windows over a volume, probabilities, labels. */
export { labelMap } from "./label_map.ts";
export type { LabelMapOptions, LabelRegion } from "./label_map.ts";
export { ALL_MIRRORS, mirroredWalk, NO_MIRROR } from "./mirrors.ts";
export type { Mirror, MirroredWalk } from "./mirrors.ts";
export { toProbabilities } from "./probabilities.ts";
export type { OutputKind } from "./probabilities.ts";
export { slidingWindow } from "./sliding_window.ts";
export type { SlidingWindowOptions, WindowProgress } from "./sliding_window.ts";
export { windowPositions, windowStarts } from "./window_positions.ts";
export type { AxisWindows } from "./window_positions.ts";
export { WEIGHTINGS, windowWeights } from "./window_weights.ts";
export type { Weighting } from "./window_weights.ts";
