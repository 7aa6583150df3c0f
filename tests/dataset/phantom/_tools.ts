/** Helpers of the phantom tests. */
import { Deformation } from "../../../lib/dataset/phantom/deformation.ts";
import { FoldingPattern } from "../../../lib/dataset/phantom/folding.ts";
import { drawMorphometry, type Morphometry } from "../../../lib/dataset/phantom/morphometry.ts";
import { mapTissues, type TissueMap } from "../../../lib/dataset/phantom/tissue_map.ts";
import { type Tissue, TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { randomStream } from "../../../lib/random.ts";

/** One head without lesion or vessels. */
export interface Head {
  readonly morphometry: Morphometry;
  readonly folds: FoldingPattern;
  readonly deformation: Deformation;
  readonly tissues: TissueMap;
}

/** Builds the head of a seed on a `size`³ grid. */
export function buildHead(seed: number, size: number): Head {
  const random = randomStream(seed, "head");
  const morphometry = drawMorphometry(random);
  const folds = new FoldingPattern(random, morphometry.foldWavelengthMm);
  const deformation = new Deformation(random, { size, morphometry });
  return { morphometry, folds, deformation, tissues: mapTissues(deformation, { morphometry, folds, random }) };
}

/** Mean fraction of each tissue over the brain. */
export function tissueShares({ voxels, fractions }: TissueMap): Record<Tissue, number> {
  const sums = new Float64Array(TISSUES.length);
  fractions.forEach((fraction, i) => sums[i % TISSUES.length] += fraction / voxels.length);
  return Object.fromEntries(TISSUES.map((tissue, k) => [tissue, sums[k]])) as Record<Tissue, number>;
}

/** Largest deviation from 1 of the sum of a voxel's fractions. */
export function worstFractionSum({ voxels, fractions }: TissueMap): number {
  let worst = 0;
  for (let n = 0; n < voxels.length; n++) {
    const row = fractions.subarray(n * TISSUES.length, (n + 1) * TISSUES.length);
    worst = Math.max(worst, Math.abs(row.reduce((sum, fraction) => sum + fraction, 0) - 1), -Math.min(...row));
  }
  return worst;
}

/** Mean of the values for which `where` holds. */
export function meanWhere(values: ArrayLike<number>, where: (index: number) => boolean): number {
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!where(i)) continue;
    sum += values[i];
    count++;
  }
  return sum / count;
}

/** Mean and SD. */
export function moments(values: ArrayLike<number>): { mean: number; sd: number } {
  const mean = meanWhere(values, () => true);
  return { mean, sd: Math.sqrt(meanWhere(Float64Array.from(values, (value) => (value - mean) ** 2), () => true)) };
}

/** Asserts that two numbers agree up to a tolerance, and prints both. */
export function assertClose(actual: number, expected: number, tolerance: number): void {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`Expected ${expected} ± ${tolerance}, got ${actual}`);
  }
}
