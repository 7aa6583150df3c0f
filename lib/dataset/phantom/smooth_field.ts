/** Smooth random fields: cubic B-splines through a few random control points, evaluated on a whole grid. */
import type { Random } from "../../random.ts";

/** ∫B² of the cubic B-spline, 151/315: the variance that one axis of interpolation leaves of unit white noise. */
const SPLINE_ENERGY = 151 / 315;

/**
 * Draws a smooth Gaussian field of mean 0 and about unit variance on a cube of `size`³ voxels, x fastest.
 *
 * The field is a tensor-product cubic B-spline with `controls`³ independent standard normal coefficients; features are
 * about one control interval, 1/(controls − 3) of the cube, wide. One axis is expanded at a time, so the cost is four
 * multiply-adds per voxel.
 *
 * @param options.size voxels per edge, at least 2
 * @param options.controls control points per edge, at least 4
 */
export function smoothField(random: Random, { size, controls }: { size: number; controls: number }): Float32Array {
  const scale = SPLINE_ENERGY ** -1.5;
  const coefficients = Float32Array.from({ length: controls ** 3 }, () => scale * random.normal());
  const weights = splineWeights(size, controls);
  const alongX = expand(coefficients, { weights, inner: 1, controls, size });
  const alongY = expand(alongX, { weights, inner: size, controls, size });
  return expand(alongY, { weights, inner: size * size, controls, size });
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
