/** Scores that count lesions, not voxels: a small one that was missed weighs as much as a large one. */
import { checkMasks, cropPair, type MaskGrid } from "./_masks.ts";
import { type Components, componentsOfPadded, type Neighbourhood } from "./components.ts";

/** Lesions of one case, each a connected component. */
export interface LesionScores {
  /** Lesions of the reference. */
  readonly reference: number;
  /** Lesions of the prediction. */
  readonly predicted: number;
  /** Lesions of the reference that the prediction touches in at least one voxel. */
  readonly found: number;
  /** Lesions of the prediction that touch none of the reference. */
  readonly falsePositives: number;
  /** Detection F1, 2·TP / (2·TP + FP + FN) over lesions; NaN when there is no lesion in either mask. */
  readonly f1: number;
  /** Lesion-wise Dice; NaN when there is no lesion in either mask. */
  readonly dice: number;
}

/** How lesions are told apart. */
export interface LesionOptions {
  /** Which voxels touch; 26 is what BraTS and ISLES use. */
  readonly neighbourhood?: Neighbourhood;
}

/**
 * Compares two masks lesion by lesion.
 *
 * Each reference lesion is compared with the union of all predicted lesions that overlap it; its Dice is 0 when there is
 * none. Every predicted lesion that overlaps no reference lesion counts as one more Dice of 0. The lesion-wise Dice is
 * the mean over all of these. Unlike the BraTS ranking, lesions are neither dilated before they are told apart nor left
 * out when small.
 *
 * @throws {TypeError | RangeError} when a mask does not fill the grid, or the spacing is not positive
 * @see lesion-wise Dice: BraTS 2023 evaluation, arXiv 2305.17033 and its siblings; F1: ISLES 2022, arXiv 2206.06694
 */
export function lesionScores(
  prediction: Uint8Array,
  reference: Uint8Array,
  { neighbourhood = 26, ...grid }: MaskGrid & LesionOptions,
): LesionScores {
  checkMasks([prediction, reference], grid);
  const pair = cropPair(prediction, reference, grid);
  const none: Components = { labels: new Int32Array(), sizes: [] };
  const find = (mask?: Uint8Array): Components =>
    pair === undefined || mask === undefined ? none : componentsOfPadded(mask, pair.size, neighbourhood);
  return scoreLesions(find(pair?.prediction), find(pair?.reference));
}

function scoreLesions(predicted: Components, reference: Components): LesionScores {
  const overlaps = findOverlaps(predicted, reference);
  const touched = new Set<number>();
  let diceSum = 0;
  overlaps.forEach(({ voxels, partners }, i) => {
    let predictedVoxels = 0;
    for (const partner of partners) {
      predictedVoxels += predicted.sizes[partner - 1];
      touched.add(partner);
    }
    diceSum += 2 * voxels / (reference.sizes[i] + predictedVoxels);
  });
  const found = overlaps.filter(({ voxels }) => voxels > 0).length;
  const falsePositives = predicted.sizes.length - touched.size;
  const missed = reference.sizes.length - found;
  return {
    reference: reference.sizes.length,
    predicted: predicted.sizes.length,
    found,
    falsePositives,
    f1: 2 * found / (2 * found + falsePositives + missed),
    dice: diceSum / (reference.sizes.length + falsePositives),
  };
}

/** What of a reference lesion is predicted, and by which predicted lesions. */
interface Overlap {
  voxels: number;
  readonly partners: Set<number>;
}

function findOverlaps(predicted: Components, reference: Components): Overlap[] {
  const overlaps = reference.sizes.map((): Overlap => ({ voxels: 0, partners: new Set() }));
  for (let i = 0; i < reference.labels.length; i++) {
    if (reference.labels[i] === 0 || predicted.labels[i] === 0) continue;
    const overlap = overlaps[reference.labels[i] - 1];
    overlap.voxels++;
    overlap.partners.add(predicted.labels[i]);
  }
  return overlaps;
}
