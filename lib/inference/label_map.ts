/** Probabilities to one volume of label values. */
import type { OutputKind } from "./probabilities.ts";

/** Part of a segmentation: a voxel belongs to it when its label is among these. */
export interface LabelRegion {
  readonly labels: readonly number[];
}

/** How probabilities become labels. */
export interface LabelMapOptions {
  /** One per output with `sigmoid`; with `softmax` one per output after the first, which is background. */
  readonly regions: readonly LabelRegion[];
  /** What the outputs mean. */
  readonly output: OutputKind;
  /** With `sigmoid`, a voxel belongs to a region above this; default 0.5. */
  readonly threshold?: number;
}

/** With more regions the table of their combinations would not fit. */
const MOST_REGIONS = 16;

/**
 * Makes a label map that reads with the same regions.
 *
 * `softmax`: the first label of the most probable region, 0 for background; of equal ones the first listed. `sigmoid`: a
 * label that lies in exactly the voxel's regions, if there is one; else the own label of its innermost region, which is the
 * one with the fewest labels (of equal ones the last listed). A region's own label is the one that the fewest other regions
 * share. So a voxel that is in an inner region but not in the outer one counts for both.
 *
 * Shapes: K volumes of probabilities → one volume of integers; no region: 0.
 *
 * @throws {RangeError} when outputs and regions do not match, there are more than 16 regions, or one has no labels
 */
export function labelMap(probabilities: readonly Float32Array[], options: LabelMapOptions): Float32Array {
  const { regions, output, threshold = 0.5 } = options;
  const expected = output === "softmax" ? regions.length + 1 : regions.length;
  if (probabilities.length !== expected || regions.length === 0) {
    throw new RangeError(
      `Cannot make label map: expected ${expected} outputs for ${regions.length} regions (${output}), ` +
        `got ${probabilities.length}`,
    );
  }
  if (regions.length > MOST_REGIONS || regions.some(({ labels }) => labels.length === 0)) {
    const got = regions.length > MOST_REGIONS ? String(regions.length) : "one without labels";
    throw new RangeError(`Cannot make label map: expected at most ${MOST_REGIONS} regions with labels, got ${got}`);
  }
  return output === "softmax" ? mostProbable(probabilities, regions) : combine(probabilities, { regions, threshold });
}

function mostProbable(probabilities: readonly Float32Array[], regions: readonly LabelRegion[]): Float32Array {
  const values = [0, ...regions.map(({ labels }) => labels[0])];
  return probabilities[0].map((background, i) => {
    let best = 0, largest = background;
    for (let k = 1; k < values.length; k++) {
      if (!(probabilities[k][i] > largest)) continue;
      largest = probabilities[k][i];
      best = k;
    }
    return values[best];
  });
}

function combine(
  probabilities: readonly Float32Array[],
  { regions, threshold }: { regions: readonly LabelRegion[]; threshold: number },
): Float32Array {
  const table = Array.from({ length: 1 << regions.length }, (_, bits) => labelOf(bits, regions));
  return probabilities[0].map((_, i) => {
    let bits = 0;
    for (let k = 0; k < regions.length; k++) bits |= Number(probabilities[k][i] > threshold) << k;
    return table[bits];
  });
}

/** The label for voxels of the regions whose bits are set. */
function labelOf(bits: number, regions: readonly LabelRegion[]): number {
  if (bits === 0) return 0;
  const chosen = regions.filter((_, k) => (bits >> k) & 1);
  const exact = chosen[0].labels.find((label) => regionsOf(label, regions) === bits);
  if (exact !== undefined) return exact;
  const innermost = chosen.reduce((best, region) => (region.labels.length <= best.labels.length ? region : best));
  return innermost.labels.reduce((own, label) =>
    countBits(regionsOf(label, regions)) < countBits(regionsOf(own, regions)) ? label : own
  );
}

/** Bits of the regions that a label lies in. */
function regionsOf(label: number, regions: readonly LabelRegion[]): number {
  return regions.reduce((bits, { labels }, k) => (labels.includes(label) ? bits | (1 << k) : bits), 0);
}

function countBits(bits: number): number {
  return bits === 0 ? 0 : (bits & 1) + countBits(bits >> 1);
}
