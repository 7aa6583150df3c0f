/** Tail of the standard normal distribution. */

/** From here on the series needs more terms than the continued fraction, and cancels. */
const SERIES_LIMIT = 2.5;

/** P(|Z| ≥ z) for z ≥ 0, to about 14 digits in the middle and 12 far out. */
export function twoSidedTail(z: number): number {
  return z < SERIES_LIMIT ? 1 - centralShare(z) : 2 * density(z) * millsRatio(z);
}

function density(z: number): number {
  return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}

/** P(|Z| < z) = 2·φ(z)·Σ z^(2k+1) / (1·3·5···(2k+1)). */
function centralShare(z: number): number {
  let term = z, sum = z;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= z * z / (2 * k + 1);
    sum += term;
  }
  return 2 * density(z) * sum;
}

/** P(Z ≥ z)/φ(z) = 1/(z + 1/(z + 2/(z + 3/(z + …)))), from the far end, which converges the slower the smaller z is. */
function millsRatio(z: number): number {
  let tail = z;
  for (let k = 150; k >= 1; k--) tail = z + k / tail;
  return 1 / tail;
}
