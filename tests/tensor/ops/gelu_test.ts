/** Exact GELU against tabulated values of the normal distribution function, and its kernel against double precision. */
import assert from "node:assert/strict";
import { gelu, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { erf } from "../../../lib/tensor/ops/gelu/_erf.ts";
import { assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("gelu() is x·Φ(x)", () => {
  // Φ(1) = 0.8413447461, Φ(2) = 0.9772498681, Φ(0.5) = 0.6914624613.
  const x = tf.tensor([0, 1, -1, 2, 0.5, 10, -10], [1, 7]);
  const expected = [0, 0.8413447461, -0.1586552539, 1.9544997361, 0.3457312306, 10, 0];
  assertValues(gelu(x), [1, 7], expected);
});

/** Φ(x) with a small relative error on both sides: erf near 0, a continued fraction in the tail. */
function cumulative(x: number): number {
  if (x > 0) return 1 - cumulative(-x);
  if (x > -4) return 0.5 * (1 + erf(x * Math.SQRT1_2));
  let fraction = -x;
  for (let k = 200; k > 0; k--) fraction = k / fraction - x;
  return density(x) / fraction;
}

function density(x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

const POINTS = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 2000);

Deno.test("gelu() on simd has erf to 1e-6 over [-10, 10], and keeps digits where x·Φ(x) is tiny", async () => {
  await selectBackend("simd");
  const actual = tf.tidy(() => gelu(tf.tensor1d(POINTS)).dataSync());
  POINTS.forEach((x, i) => {
    const difference = Math.abs(actual[i] - x * cumulative(x));
    // x·Φ(x) = x·(1 + erf(x/√2))/2.
    assert.ok(difference <= 0.5e-6 * Math.abs(x), `gelu(${x}): got ${actual[i]}`);
    if (x < 0) assert.ok(difference <= 1e-5 * Math.abs(x * cumulative(x)), `gelu(${x}): got ${actual[i]}`);
  });
});

Deno.test("gelu() on simd has the slope Φ(x) + x·φ(x) to 1e-6 over [-10, 10]", async () => {
  await selectBackend("simd");
  const slope = tf.tidy(() => tf.grad((x) => gelu(x))(tf.tensor1d(POINTS)).dataSync());
  POINTS.forEach((x, i) => {
    assert.ok(Math.abs(slope[i] - cumulative(x) - x * density(x)) <= 1e-6, `slope at ${x}: got ${slope[i]}`);
  });
});

Deno.test("gelu() on simd is 0 or x far away, and passes NaN on", async () => {
  await selectBackend("simd");
  const [low, lower, high, infinite, unknown] = tf.tidy(() =>
    gelu(tf.tensor1d([-20, -Infinity, 20, Infinity, NaN])).dataSync()
  );
  assert.ok(Math.abs(low) < 1e-30 && Math.abs(lower) < 1e-30);
  assert.deepEqual([high, infinite, unknown], [20, Infinity, NaN]);
});
