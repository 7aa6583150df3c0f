/** Loss functions on tensors; reconstruction errors per sample come from the tensor room. */
export { diceBceLoss, segmentationLoss } from "./dice_bce.ts";
export type { DiceBceOptions } from "./dice_bce.ts";
export { infoNceLoss } from "./info_nce.ts";
