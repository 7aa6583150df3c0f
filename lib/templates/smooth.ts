/** Binomial smoothing of volumes. */

/** Volumes behind each other in one array. */
export interface VolumeGrid {
  /** Depth, height and width of a volume. */
  readonly size: readonly [number, number, number];
  /** How often [1, 2, 1]/4 is applied along every axis; n passes blur like a Gaussian of √(n/2) voxels. */
  readonly passes: number;
}

/**
 * Smooths every volume of `[K, D, H, W]`; voxels at the edge count for those beyond it.
 *
 * @returns new values; their sum is kept up to what the edges repeat
 */
export function smoothVolumes(
  values: Float32Array,
  { size: [depth, height, width], passes }: VolumeGrid,
): Float32Array {
  let [from, to] = [Float32Array.from(values), new Float32Array(values.length)];
  const axes = [[width, 1], [height, width], [depth, width * height]] as const;
  for (let pass = 0; pass < passes; pass++) {
    for (const [length, stride] of axes) {
      smoothAxis({ from, to }, { length, stride });
      [from, to] = [to, from];
    }
  }
  return from;
}

function smoothAxis(
  { from, to }: { from: Float32Array; to: Float32Array },
  { length, stride }: { length: number; stride: number },
): void {
  const block = length * stride;
  for (let start = 0; start < from.length; start += block) {
    for (let offset = 0; offset < stride; offset++) {
      for (let i = 0, at = start + offset; i < length; i++, at += stride) {
        const before = i > 0 ? from[at - stride] : from[at];
        const after = i < length - 1 ? from[at + stride] : from[at];
        to[at] = (before + 2 * from[at] + after) / 4;
      }
    }
  }
}
