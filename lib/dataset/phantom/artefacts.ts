/** What stands between the ideal signal and the image: coil sensitivity and thermal noise. */
import type { Random } from "../../random.ts";
import { smoothField } from "./smooth_field.ts";

/** Where the values of an image lie on its cube, and how far the coil's sensitivity varies. */
export interface BiasOptions {
  readonly random: Random;
  /** Voxels per edge of the cube. */
  readonly size: number;
  /** Index in the cube of every value. */
  readonly voxels: Int32Array;
  /** SD of the logarithm of the random part; 0.05–0.1 spans the 20–40 % non-uniformity of BrainWeb's simulated scans. */
  readonly amplitude: number;
  /**
   * Logarithm of the gain at the corners of the cube over that in its middle: above 0 with an array of surface coils,
   * below 0 with a volume coil at 3 T, whose waves add up in the middle of the head.
   */
  readonly shading: number;
}

/** Multiplies values in place by a smooth bias field, e^(amplitude·field + shading·r²), r = 1 at the corners. */
export function applyBias(
  values: Float32Array,
  { random, size, voxels, amplitude, shading }: BiasOptions,
): void {
  const field = smoothField(random, { size, controls: 5, voxels });
  const middle = (size - 1) / 2, scale = shading / (3 * middle * middle);
  for (let n = 0; n < values.length; n++) {
    const i = voxels[n];
    const dx = i % size - middle, dy = Math.floor(i / size) % size - middle, dz = Math.floor(i / size ** 2) - middle;
    values[n] *= Math.exp(amplitude * field[n] + scale * (dx * dx + dy * dy + dz * dz));
  }
}

/**
 * Adds Rician noise in place: the magnitude of the signal plus complex Gaussian noise of SD `sigma` per channel.
 *
 * @see Gudbjartsson & Patz, Magn Reson Med 34:910 (1995)
 */
export function addRicianNoise(signal: Float32Array, { random, sigma }: { random: Random; sigma: number }): void {
  const uniform = bulkUniform(random);
  for (let i = 0; i < signal.length; i++) {
    // Box–Muller in polar form: the noise has this length and a uniform angle to the signal; law of cosines.
    const noise = sigma * Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
    const value = signal[i];
    signal[i] = Math.sqrt(Math.max(0, value * value + 2 * value * noise * Math.cos(angle) + noise * noise));
  }
}

/** Uniform numbers in [0, 1) with 32 bits at the speed a million voxels ask for: sfc32 (Doty-Humphrey, PractRand). */
function bulkUniform(random: Random): () => number {
  let a = random.bits() | 0, b = random.bits() | 0, c = random.bits() | 0, counter = 1;
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x100000000;
  };
}
