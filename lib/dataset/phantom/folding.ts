/** The pattern of sulci: zero surfaces of a random field with one dominant wavelength, as signed distances. */
import type { Random } from "../../random.ts";
import { FIELD_OF_VIEW_MM } from "./grid.ts";

const LATTICE_MM = 4;
const LATTICE_EDGE = FIELD_OF_VIEW_MM / LATTICE_MM + 1;
const WAVES = 24;

/**
 * Signed distance (mm, to first order) to the nearest sheet of a labyrinth of sheets.
 *
 * The sheets are the zeros of a sum of plane waves of one wavelength and random directions (Berry's random wave model).
 * Such zeros wander, branch and never close up into a lattice, much like gyri and sulci. Comparing the
 * field with its gradient turns values into distances.
 */
export class FoldingPattern {
  readonly #distance: Float32Array;

  constructor(random: Random, wavelengthMm: number) {
    const field = waveField(random, wavelengthMm);
    // Along any one line an isotropic field of wave number k oscillates, on average, with k/√3.
    this.#distance = toDistance(field, 2 * Math.PI / wavelengthMm / Math.sqrt(3));
  }

  /** The distance at a point (mm, origin at the centre of the field of view), trilinearly interpolated. */
  at(x: number, y: number, z: number): number {
    const half = FIELD_OF_VIEW_MM / 2, top = LATTICE_EDGE - 1.001;
    const gx = clamp((x + half) / LATTICE_MM, top), gy = clamp((y + half) / LATTICE_MM, top);
    const gz = clamp((z + half) / LATTICE_MM, top);
    const ix = gx | 0, iy = gy | 0, iz = gz | 0;
    const fx = gx - ix, fy = gy - iy, fz = gz - iz;
    const values = this.#distance, n = LATTICE_EDGE, i = (iz * n + iy) * n + ix, j = i + n * n;
    const a = values[i] + fx * (values[i + 1] - values[i]);
    const b = values[i + n] + fx * (values[i + n + 1] - values[i + n]);
    const c = values[j] + fx * (values[j + 1] - values[j]);
    const d = values[j + n] + fx * (values[j + n + 1] - values[j + n]);
    const low = a + fy * (b - a), high = c + fy * (d - c);
    return low + fz * (high - low);
  }
}

function clamp(value: number, top: number): number {
  return value < 0 ? 0 : value > top ? top : value;
}

/** Sum of plane waves on the lattice; the complex exponential of each wave is a product over the three axes. */
function waveField(random: Random, wavelengthMm: number): Float32Array {
  const n = LATTICE_EDGE, field = new Float32Array(n * n * n);
  const turn = 2 * Math.PI / wavelengthMm * LATTICE_MM;
  for (let wave = 0; wave < WAVES; wave++) {
    const cosine = random.between(-1, 1), azimuth = random.between(0, 2 * Math.PI);
    const sine = Math.sqrt(1 - cosine * cosine), phase = random.between(0, 2 * Math.PI);
    const kx = turn * sine * Math.cos(azimuth), ky = turn * sine * Math.sin(azimuth), kz = turn * cosine;
    const re = Float64Array.from({ length: n }, (_, x) => Math.cos(kx * x));
    const im = Float64Array.from({ length: n }, (_, x) => Math.sin(kx * x));
    for (let z = 0, i = 0; z < n; z++) {
      for (let y = 0; y < n; y++) {
        const rowPhase = ky * y + kz * z + phase;
        const c = Math.cos(rowPhase), s = Math.sin(rowPhase);
        for (let x = 0; x < n; x++, i++) field[i] += c * re[x] - s * im[x];
      }
    }
  }
  return field;
}

/** atan(k·field / |∇field|) / k: exact for a single sine, at most a quarter of its wavelength everywhere. */
function toDistance(field: Float32Array, waveNumber: number): Float32Array {
  const n = LATTICE_EDGE, result = new Float32Array(field.length);
  const step = (i: number, at: number, stride: number): number => {
    const low = at > 0 ? i - stride : i, high = at < n - 1 ? i + stride : i;
    return (field[high] - field[low]) / (high - low) * stride / LATTICE_MM;
  };
  for (let z = 0, i = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++, i++) {
        const gx = step(i, x, 1), gy = step(i, y, n), gz = step(i, z, n * n);
        result[i] = Math.atan2(waveNumber * field[i], Math.sqrt(gx * gx + gy * gy + gz * gz)) / waveNumber;
      }
    }
  }
  return result;
}
