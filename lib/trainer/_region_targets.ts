/** From label values to the channels that a model learns, and from its logits back. */
import type { VoxelCounts } from "../metrics/mod.ts";

/** How a task's label values become output channels. */
export interface SegmentationTarget {
  /** A voxel belongs to a region when its label is among these. */
  readonly regions: readonly { readonly name: string; readonly labels: readonly number[] }[];
  /** `softmax`: regions exclude one another, and channel 0 is background. */
  readonly output: "sigmoid" | "softmax";
}

/** Output channels of a model for the task. */
export function channelCount({ regions, output }: SegmentationTarget): number {
  return output === "softmax" ? regions.length + 1 : regions.length;
}

/** Label values `[…]` → 0 or 1 per output channel `[…, channels]`. */
export function encodeTarget(label: Uint8Array, target: SegmentationTarget): Float32Array {
  const channels = channelCount(target);
  const first = channels - target.regions.length;
  const table = new Float32Array(256 * channels);
  target.regions.forEach(({ labels }, r) => labels.forEach((value) => table[value * channels + first + r] = 1));
  if (first === 1) {
    for (let value = 0; value < 256; value++) {
      const row = table.subarray(value * channels, (value + 1) * channels);
      row[0] = row.includes(1) ? 0 : 1;
    }
  }
  const encoded = new Float32Array(label.length * channels);
  for (let i = 0; i < label.length; i++) {
    for (let c = 0; c < channels; c++) encoded[i * channels + c] = table[label[i] * channels + c];
  }
  return encoded;
}

/**
 * Compares logits with label values, region by region.
 *
 * A voxel is predicted where σ(logit) > 0.5; for softmax, where the region's logit is the largest.
 *
 * @param logits one volume per output channel
 * @param options.counts whether a voxel counts, by its index; padding does not
 */
export function compareRegions(
  logits: readonly Float32Array[],
  { label, target, counts }: { label: Uint8Array; target: SegmentationTarget; counts: (index: number) => boolean },
): VoxelCounts[] {
  const first = channelCount(target) - target.regions.length;
  const isIn = target.regions.map(({ labels }) => Array.from({ length: 256 }, (_, value) => labels.includes(value)));
  const sums = target.regions.map(() => {
    return { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  });
  for (let i = 0; i < label.length; i++) {
    if (!counts(i)) continue;
    const largest = first === 1 ? indexOfLargest(logits, i) : -1;
    sums.forEach((sum, r) => {
      const predicted = first === 1 ? largest === r + 1 : logits[r][i] > 0;
      const present = isIn[r][label[i]];
      if (predicted && present) sum.truePositives++;
      else if (predicted) sum.falsePositives++;
      else if (present) sum.falseNegatives++;
      else sum.trueNegatives++;
    });
  }
  return sums;
}

/** Of equal ones the first. */
function indexOfLargest(logits: readonly Float32Array[], voxel: number): number {
  let best = 0;
  for (let c = 1; c < logits.length; c++) if (logits[c][voxel] > logits[best][voxel]) best = c;
  return best;
}
