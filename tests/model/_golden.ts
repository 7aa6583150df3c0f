/** Numbers recorded from the official models: their weights and inputs by formula, and the comparison with ours. */
import assert from "node:assert/strict";
import { toOfficialLayout, toOurLayout } from "../../lib/model/mod.ts";
import type { Parameter } from "../../lib/model/mod.ts";
import { shapeOf, sizeOf, tf } from "../../lib/tensor/mod.ts";
import type { Tensor, Tensor5D } from "../../lib/tensor/mod.ts";

/** What was kept of a tensor, in official memory order: its statistics and the values at a few flat indices. */
export interface Summary {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly norm: number;
  readonly index: readonly number[];
  readonly value: readonly number[];
}

/** One forward pass of two subjects in two views: samples 0 and 1 are the first view, 2 and 3 the second. */
export interface GoldenPass {
  readonly features: readonly Summary[];
  readonly reconstruction: Summary;
  readonly loss_distill_view: number;
  readonly loss_cross_view: number;
  readonly loss_contrastive: number;
}

/** The file of one model. */
export interface Golden {
  readonly size: number;
  readonly views: number;
  readonly seed: number;
  readonly train: GoldenPass;
  readonly eval: GoldenPass;
  /** Of the sum of the losses in training; not kept for every model. */
  readonly grads?: Readonly<Record<string, Summary>>;
}

/** Reads a JSON file of tests/golden/. */
export function readGolden<T>(file: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(`../golden/${file}`, import.meta.url)));
}

/** Gives a model the recorded run's weights, a formula of the parameter's name and the official memory order. */
export function assignFormulaWeights({ parameters }: { readonly parameters: readonly Parameter[] }): void {
  for (const parameter of parameters) {
    const { name, officialShape, shape, variable } = parameter;
    if (name.endsWith("num_batches_tracked")) continue;
    const phase = 2 * Math.PI * (crc32(name) % 1000) / 1000;
    const fanIn = sizeOf(officialShape.slice(1));
    const values = Float32Array.from({ length: sizeOf(officialShape) }, (_, i) => {
      const v = 2 * fraction(Math.sin(12.9898 * i + phase) * 43758.5453) - 1;
      if (officialShape.length > 1) return v * Math.sqrt(3 / fanIn);
      if (name.endsWith("running_var")) return 1 + 0.1 * Math.abs(v);
      return name.endsWith("weight") ? 1 + 0.1 * v : 0.1 * v;
    });
    tf.tidy(() => variable.assign(tf.tensor(toOurLayout(values, parameter), [...shape])));
  }
}

/** The recorded run's volumes, `[N, D, H, W, C]` in our order; its targets have the seed after that of its inputs. */
export function formulaVolumes(
  { count, channels = 1, size, seed }: { count: number; channels?: number; size: number; seed: number },
): Tensor5D {
  const values = Float32Array.from(
    { length: count * channels * size ** 3 },
    (_, i) => fraction(Math.sin(12.9898 * i + 78.233 + seed) * 43758.5453),
  );
  const shape: [number, number, number, number, number] = [count, size, size, size, channels];
  const layout = { shape, officialShape: [count, channels, size, size, size], permutation: [0, 4, 3, 2, 1] };
  return tf.tensor(toOurLayout(values, layout), shape);
}

/** `[N, D, H, W, C]` → values in the order of the official `[N, C, z, x, y]` or `[N, C, x, y, z]`. */
export function officialValues(tensor: Tensor, axes: "zxy" | "xyz"): Float32Array {
  return officialOrder(tensor.dataSync() as Float32Array, { shape: shapeOf(tensor), axes });
}

/** Values of `[N, D, H, W, C]` in the order of the official `[N, C, z, x, y]` or `[N, C, x, y, z]`. */
export function officialOrder(
  values: Float32Array,
  { shape, axes }: { shape: readonly number[]; axes: "zxy" | "xyz" },
): Float32Array {
  const [n, z, y, x, c] = shape;
  const zxy = { officialShape: [n, c, z, x, y], permutation: [0, 2, 4, 3, 1] };
  const xyz = { officialShape: [n, c, x, y, z], permutation: [0, 4, 3, 2, 1] };
  return toOfficialLayout(values, { shape, ...(axes === "zxy" ? zxy : xyz) });
}

/** Mean, standard deviation (unbiased, as PyTorch's) and Euclidean norm. */
export function statisticsOf(values: Float32Array): { mean: number; std: number; norm: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviations = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  return { mean, std: Math.sqrt(deviations / (values.length - 1)), norm: Math.sqrt(squares) };
}

/** Compares statistics and sampled values; the tolerance is in units of the tensor's standard deviation. */
export function assertSummary(
  actual: Float32Array,
  expected: Summary,
  { tolerance, what }: { tolerance: number; what: string },
): void {
  assert.equal(actual.length, sizeOf(expected.shape), `${what}: number of values`);
  const statistics = statisticsOf(actual);
  assertNear(statistics.mean, expected.mean, { within: tolerance * expected.std, what: `${what}: mean` });
  assertNear(statistics.std, expected.std, { within: tolerance * expected.std, what: `${what}: std` });
  assertNear(statistics.norm, expected.norm, { within: tolerance * expected.norm, what: `${what}: norm` });
  assertSamples(actual, expected, { within: tolerance * expected.std, what });
}

/** Compares the sampled values that the given array reaches: a shorter one holds the first samples of the batch. */
export function assertSamples(
  actual: Float32Array,
  { index, value }: Summary,
  { within, what }: { within: number; what: string },
): void {
  index.forEach((at, i) => {
    if (at < actual.length) assertNear(actual[at], value[i], { within, what: `${what}[${at}]` });
  });
}

/** The bias before the last batch normalisation has no influence: its recorded gradient is rounding noise of 8e-10. */
const NOISE = 1e-8;

/** Compares norm and sampled values of a parameter's gradient: the one to a thousandth, the others to their tolerance. */
export function assertGradient(
  gradient: Float32Array,
  expected: Summary,
  { name, sampleTolerance = 1e-3 }: { name: string; sampleTolerance?: number },
): void {
  const { norm } = statisticsOf(gradient);
  assertNear(norm, expected.norm, { within: 1e-3 * expected.norm + NOISE, what: `norm of d${name}` });
  const within = (sampleTolerance * expected.norm + NOISE) / Math.sqrt(sizeOf(expected.shape));
  assertSamples(gradient, expected, { within, what: `d${name}` });
}

/** Fails with both numbers unless they differ by at most `within`. */
export function assertNear(actual: number, expected: number, { within, what }: { within: number; what: string }): void {
  const difference = Math.abs(actual - expected);
  assert.ok(difference <= within, `${what}: expected ${expected} ± ${within}, got ${actual}`);
}

function fraction(value: number): number {
  return value - Math.floor(value);
}

/** CRC-32 of the UTF-8 bytes (polynomial of zlib). */
function crc32(text: string): number {
  let crc = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
