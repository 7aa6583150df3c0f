/** Loss functions on tensors; reconstruction errors per sample come from the tensor room. */
export { diceBceLoss, segmentationLoss } from "./dice_bce.ts";
export type { DiceBceOptions } from "./dice_bce.ts";
export { classificationLoss, exclusiveSegmentationLoss } from "./cross_entropy.ts";
export type { ExclusiveOptions } from "./cross_entropy.ts";
export { infoNceLoss } from "./info_nce.ts";
