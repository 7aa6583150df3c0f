/** How much a window's voxels count where windows overlap. */
import type { Triple } from "../geometry.ts";

/** All weightings: every voxel alike, or those near the window's centre more. */
export const WEIGHTINGS = ["constant", "gaussian"] as const;

/** One of {@linkcode WEIGHTINGS}. */
export type Weighting = (typeof WEIGHTINGS)[number];

/** Standard deviation of the Gaussian, as a share of the window. */
const SIGMA = 0.125;
/** No voxel counts less: some are covered by a window's corner only, and must not vanish. */
const LEAST = 1e-3;

/**
 * Weights of a window's voxels.
 *
 * `constant`: 1. `gaussian`: exp(−½·Σ((i − c)/σ)²) over the three axes, with c = (n − 1)/2 and σ = 0.125·n for an axis of n
 * voxels, at least 0.001. Both are the same seen from either side of every axis.
 *
 * @returns one weight per voxel, x fastest
 * @see MONAI `compute_importance_map`
 */
export function windowWeights([nx, ny, nz]: Triple, weighting: Weighting): Float32Array {
  const weights = new Float32Array(nx * ny * nz);
  if (weighting === "constant") return weights.fill(1);
  const [xs, ys, zs] = [nx, ny, nz].map(gaussian);
  let at = 0;
  for (const z of zs) {
    for (const y of ys) {
      for (const x of xs) weights[at++] = Math.max(LEAST, x * y * z);
    }
  }
  return weights;
}

function gaussian(length: number): number[] {
  const centre = (length - 1) / 2;
  return Array.from({ length }, (_, i) => Math.exp(-(((i - centre) / (SIGMA * length)) ** 2) / 2));
}
