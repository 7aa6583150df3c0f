/** The network's input for one slice: visible blocks of one picture, all others from another. By the library's own masks. */
import { drawBlockMask } from "../../lib/masking/mod.ts";
import { maskedSquaredError, psnr } from "../../lib/metrics/mod.ts";
import { randomStream } from "../../lib/random.ts";
import type { PhantomScene } from "./phantom_scene.ts";

/** Which mosaic. */
export interface MosaicOptions extends Pick<PhantomScene, "width" | "height" | "blockSize"> {
  /** Share of hidden blocks, 0 to 1. */
  readonly maskRatio: number;
  /** Which choice of blocks; with the same one, blocks that a higher ratio shows are shown by every lower one. */
  readonly draw: number;
}

/** A mosaic and what can be counted of it. */
export interface Mosaic {
  /** Values from 0 to 1, row by row. */
  readonly pixels: Float32Array;
  /** 1 = hidden. */
  readonly mask: Float32Array;
  readonly blocks: number;
  readonly visibleBlocks: number;
  /** PSNR of the fill against the target in hidden blocks, in dB, data range 1; null without hidden blocks. */
  readonly fillPsnr: number | null;
}

/** Cuts two pictures of one size into blocks and mixes them. */
export function mixMosaic(target: Float32Array, fill: Float32Array, options: MosaicOptions): Mosaic {
  const { width, height, blockSize, maskRatio, draw } = options;
  const random = randomStream(0, "site mosaic", draw);
  // One layer of blocks: its first slice is the mask of the picture.
  const mask = drawBlockMask({ size: [blockSize, height, width], blockSize, maskRatio, random }).slice(
    0,
    width * height,
  );
  const hiddenPixels = mask.reduce((sum, value) => sum + value, 0);
  const blocks = (width / blockSize) * (height / blockSize);
  return {
    pixels: target.map((value, i) => mask[i] === 1 ? fill[i] : value),
    mask,
    blocks,
    visibleBlocks: blocks - hiddenPixels / blockSize ** 2,
    fillPsnr: hiddenPixels === 0 ? null : psnr(maskedSquaredError(fill, target, mask)),
  };
}

/** Grey levels 0 to 255 as values from 0 to 1. */
export function fromGrey(levels: ArrayLike<number>): Float32Array {
  return Float32Array.from(levels, (level) => level / 255);
}
