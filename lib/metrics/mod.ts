/** Measures of quality on plain arrays. */
export { maskedSquaredError, psnr } from "./psnr.ts";
export type { ErrorSum } from "./psnr.ts";
