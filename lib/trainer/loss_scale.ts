/** Dynamic loss scaling: keeps gradients within the range of half precision. */
import { z } from "zod";
import { tf } from "../tensor/mod.ts";
import type { Scalar } from "../tensor/mod.ts";

/** Powers of two, so that scaling changes no digit. */
const FIRST_SCALE = 2 ** 16, LARGEST_SCALE = 2 ** 24;
/** Updates in a row after which a larger scale is tried, as in PyTorch's GradScaler. */
const GOOD_UPDATES = 2000;

/** What a checkpoint holds of the scale. */
export const lossScaleSchema = z.strictObject({
  scale: z.number().min(1).max(LARGEST_SCALE),
  /** Updates in a row whose gradients were finite. */
  goodUpdates: z.int().nonnegative(),
});

/** See {@linkcode lossScaleSchema}. */
export type LossScaleState = z.output<typeof lossScaleSchema>;

/** What an update means for the scale. */
export interface LossScaleVerdict {
  /** The state from the next update on. */
  readonly next: LossScaleState;
  /** Whether the update is left out. */
  readonly skip: boolean;
}

/** The state before the first update. */
export function initialLossScale(): LossScaleState {
  return { scale: FIRST_SCALE, goodUpdates: 0 };
}

/**
 * Judges an update by its gradients: those that are not finite are left out, and the scale is halved; after many good
 * updates in a row it is doubled.
 *
 * @param isFinite whether all gradients are finite
 * @throws {RangeError} when gradients are not finite although the loss is no longer scaled
 * @see Micikevicius et al. 2018, "Mixed Precision Training"
 */
export function judgeUpdate({ scale, goodUpdates }: LossScaleState, isFinite: boolean): LossScaleVerdict {
  if (isFinite) {
    if (goodUpdates + 1 < GOOD_UPDATES) return { next: { scale, goodUpdates: goodUpdates + 1 }, skip: false };
    return { next: { scale: Math.min(LARGEST_SCALE, 2 * scale), goodUpdates: 0 }, skip: false };
  }
  if (scale > 1) return { next: { scale: scale / 2, goodUpdates: 0 }, skip: true };
  throw new RangeError(
    "Cannot train with run.precision=f16-mixed: expected finite gradients at a loss scale of 1, got others; " +
      "values are beyond the range of half precision: start again with run.precision=f32",
  );
}

/** The loss times the scale: what gradients are computed of. */
export function scaleLoss(loss: Scalar, scale: number): Scalar {
  return scale === 1 ? loss : tf.mul(loss, scale) as Scalar;
}
