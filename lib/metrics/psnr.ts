/** Peak signal-to-noise ratio of intensities in [0, 1]. */

/** Sum of squared errors over selected voxels, and how many there were. */
export interface ErrorSum {
  readonly squares: number;
  readonly count: number;
}

/**
 * Squared error of an image where a mask is not 0.
 *
 * @throws {RangeError} when the lengths differ
 */
export function maskedSquaredError(image: Float32Array, truth: Float32Array, mask: Float32Array): ErrorSum {
  if (image.length !== truth.length || mask.length !== truth.length) {
    const lengths = `${image.length}, ${truth.length} and ${mask.length}`;
    throw new RangeError(`Cannot compare images: expected image, truth and mask of one length, got ${lengths}`);
  }
  let squares = 0, count = 0;
  for (let i = 0; i < truth.length; i++) {
    if (mask[i] === 0) continue;
    squares += (image[i] - truth[i]) ** 2;
    count++;
  }
  return { squares, count };
}

/** 10·log₁₀(1/MSE) in dB, for a data range of 1; Infinity without error. */
export function psnr({ squares, count }: ErrorSum): number {
  return -10 * Math.log10(squares / count);
}
