/** Block masks: which parts of a crop the network does not see. */
import { formatShape } from "../errors.ts";
import type { Random } from "../random.ts";

/** How a mask is drawn. */
export interface BlockMaskOptions {
  /** Depth, height and width of the crop; each divisible by the block size. */
  readonly size: readonly [number, number, number];
  /** Side of the cubic blocks in voxels. */
  readonly blockSize: number;
  /** Share of hidden blocks, in [0, 1]. */
  readonly maskRatio: number;
  /** Stream of the choice. */
  readonly random: Random;
}

/**
 * Number of blocks that stay visible: ⌊n·(1 − ratio)⌋ in double arithmetic.
 *
 * The product is not rounded first, so 1728 blocks at 0.8 keep 345 as in the official code, not 346.
 */
export function keptBlockCount(blockCount: number, maskRatio: number): number {
  return Math.floor(blockCount * (1 - maskRatio));
}

/**
 * Hides blocks chosen uniformly without replacement.
 *
 * Shapes: → voxels `[D, H, W]`, 1 = hidden, 0 = visible.
 *
 * @throws {RangeError} when the block size does not divide the crop or the ratio is outside [0, 1]
 * @see BrainMVP, arXiv 2410.10604, cross-modal reconstruction; official option mask_rate
 */
export function drawBlockMask({ size, blockSize, maskRatio, random }: BlockMaskOptions): Float32Array {
  if (!(maskRatio >= 0 && maskRatio <= 1)) {
    throw new RangeError(`Cannot draw mask: expected a mask ratio in [0, 1], got ${maskRatio}`);
  }
  if (!size.every((length) => Number.isInteger(length / blockSize))) {
    throw new RangeError(
      `Cannot draw mask: expected a crop divisible into blocks of ${blockSize} voxels, got ${formatShape(size)}`,
    );
  }
  const [rows, columns] = [size[1] / blockSize, size[2] / blockSize];
  const count = (size[0] / blockSize) * rows * columns;
  const blocks = Array.from({ length: count }, (_, i) => i);
  const hidden = new Uint8Array(count).fill(1);
  for (const block of random.sample(blocks, keptBlockCount(count, maskRatio))) hidden[block] = 0;
  const mask = new Float32Array(size[0] * size[1] * size[2]);
  for (let d = 0, row = 0; d < size[0]; d++) {
    for (let h = 0; h < size[1]; h++, row += size[2]) {
      const first = (Math.floor(d / blockSize) * rows + Math.floor(h / blockSize)) * columns;
      for (let column = 0; column < columns; column++) {
        if (hidden[first + column]) mask.fill(1, row + column * blockSize, row + (column + 1) * blockSize);
      }
    }
  }
  return mask;
}
