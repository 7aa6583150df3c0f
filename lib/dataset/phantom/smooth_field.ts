/** Smooth random fields: cubic B-splines through a few random control points, evaluated on a whole grid. */
import type { Random } from "../../random.ts";

/** ∫B² of the cubic B-spline, 151/315: the variance that one axis of interpolation leaves of unit white noise. */
const SPLINE_ENERGY = 151 / 315;

/** Which smooth field to draw, and where to evaluate it. */
export interface SmoothFieldOptions {
  /** Voxels per edge of the cube, at least 2. */
  readonly size: number;
  /** Control points per edge, at least 4. */
  readonly controls: number;
  /** Indices of the voxels wanted; all of the cube if left out. */
  readonly voxels?: Int32Array;
}

/**
 * Draws a smooth Gaussian field of mean 0 and about unit variance on a cube, x fastest, or on some of its voxels.
 *
 * The field is a tensor-product cubic B-spline with `controls`³ independent standard normal coefficients; features are
 * about one control interval, 1/(controls − 3) of the cube, wide. One axis is expanded at a time, so the cost is four
 * multiply-adds per voxel.
 *
 * @returns one value per voxel asked for
 */
export function smoothField(random: Random, { size, controls, voxels }: SmoothFieldOptions): Float32Array {
  const scale = SPLINE_ENERGY ** -1.5;
  const coefficients = Float32Array.from({ length: controls ** 3 }, () => scale * random.normal());
  const weights = splineWeights(size, controls);
  const alongX = expand(coefficients, { weights, inner: 1, controls, size });
  const alongY = expand(alongX, { weights, inner: size, controls, size });
  const alongZ = { weights, inner: size * size, controls, size };
  return voxels ? gather(alongY, { ...alongZ, voxels }) : expand(alongY, alongZ);
}

/** Interpolates along the last axis, for some voxels only. */
function gather(source: Float32Array, { weights, inner, voxels }: Axis & { voxels: Int32Array }): Float32Array {
  const { first, weight } = weights;
  const result = new Float32Array(voxels.length);
  for (let n = 0; n < voxels.length; n++) {
    const i = Math.floor(voxels[n] / inner), a = (first[i] - i) * inner + voxels[n], w = 4 * i;
    result[n] = weight[w] * source[a] + weight[w + 1] * source[a + inner] +
      weight[w + 2] * source[a + 2 * inner] + weight[w + 3] * source[a + 3 * inner];
  }
  return result;
}

/** Per output sample: the first of its four control points, then their four weights. */
function splineWeights(size: number, controls: number): { first: Int32Array; weight: Float64Array } {
  const first = new Int32Array(size);
  const weight = new Float64Array(4 * size);
  for (let i = 0; i < size; i++) {
    const position = i / (size - 1) * (controls - 3);
    first[i] = Math.min(Math.floor(position), controls - 4);
    const t = position - first[i], s = 1 - t;
    weight[4 * i] = s * s * s / 6;
    weight[4 * i + 1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    weight[4 * i + 2] = (3 * s * s * s - 6 * s * s + 4) / 6;
    weight[4 * i + 3] = t * t * t / 6;
  }
  return { first, weight };
}

interface Axis {
  readonly weights: { readonly first: Int32Array; readonly weight: Float64Array };
  /** Values that lie between two neighbours along the axis. */
  readonly inner: number;
  readonly controls: number;
  readonly size: number;
}

/** Replaces the `controls` points along one axis by `size` interpolated samples. */
function expand(source: Float32Array, { weights, inner, controls, size }: Axis): Float32Array {
  const outer = source.length / (inner * controls);
  const result = new Float32Array(outer * size * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < size; i++) {
      const a = (o * controls + weights.first[i]) * inner, b = a + inner, c = b + inner, d = c + inner;
      const wa = weights.weight[4 * i], wb = weights.weight[4 * i + 1];
      const wc = weights.weight[4 * i + 2], wd = weights.weight[4 * i + 3];
      const target = (o * size + i) * inner;
      for (let k = 0; k < inner; k++) {
        result[target + k] = wa * source[a + k] + wb * source[b + k] + wc * source[c + k] + wd * source[d + k];
      }
    }
  }
  return result;
}
