/** Loss functions on tensors; reconstruction errors per sample come from the tensor room. */
export { infoNceLoss } from "./info_nce.ts";
