/** The slabs of a time-of-flight angiography: how far they reach and how their flip angle varies. */
import type { Random } from "../../random.ts";

/** Overlapping slabs stacked along z. */
export interface AngiographySlabs {
  /** World z (mm) of the lower and of the upper end. */
  readonly lowMm: number;
  readonly highMm: number;
  /** Number of slabs. */
  readonly count: number;
  /** Flip angle at the top of a slab over that at its bottom, against the saturation of blood that has come far. */
  readonly ramp: number;
}

/** Draws about 100 mm of coverage from the skull base up, as in the IXI angiograms, in 3 or 4 ramped slabs. */
export function drawAngiographySlabs(random: Random): AngiographySlabs {
  const lowMm = random.between(-68, -56);
  return {
    lowMm,
    highMm: lowMm + random.between(90, 105),
    count: 3 + random.integer(2),
    ramp: random.between(1.3, 1.8),
  };
}

/** Relative flip angle at the edges of a slab, and the share of the slab over which the pulse's profile rises. */
const EDGE = 0.7, TRANSITION = 0.12;

/**
 * Flip angle at a world z (mm) relative to the nominal one; 0 outside the slabs.
 *
 * @see Parker et al., Magn Reson Med 17:434 (1991), for multiple overlapping thin slabs
 */
export function relativeFlipAngle(z: number, { lowMm, highMm, count, ramp }: AngiographySlabs): number {
  const position = (z - lowMm) / (highMm - lowMm);
  if (position < 0 || position >= 1) return 0;
  const within = position * count % 1;
  const ramped = 2 * (1 + (ramp - 1) * within) / (1 + ramp);
  const edge = Math.min(1, Math.min(within, 1 - within) / TRANSITION);
  return ramped * (EDGE + (1 - EDGE) * edge);
}
