import assert from "node:assert/strict";
import { addRicianNoise, applyBias } from "../../../lib/dataset/phantom/artefacts.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose, moments } from "./_tools.ts";

Deno.test("addRicianNoise() follows Rayleigh statistics where there is no signal", () => {
  const values = new Float32Array(40_000);
  addRicianNoise(values, { random: randomStream(1, "noise"), sigma: 2 });
  const { mean, sd } = moments(values);
  assertClose(mean, 2 * Math.sqrt(Math.PI / 2), 0.03);
  assertClose(sd, 2 * Math.sqrt(2 - Math.PI / 2), 0.03);
});

Deno.test("addRicianNoise() is nearly Gaussian around sqrt(S² + σ²) where the signal is strong", () => {
  const values = new Float32Array(40_000).fill(100);
  addRicianNoise(values, { random: randomStream(2, "noise"), sigma: 5 });
  const { mean, sd } = moments(values);
  assertClose(mean, 100 + 25 / 200, 0.1);
  assertClose(sd, 5, 0.1);
});

Deno.test("addRicianNoise() changes nothing when sigma is 0", () => {
  const values = Float32Array.of(0, 3, 7.5);
  addRicianNoise(values, { random: randomStream(3, "noise"), sigma: 0 });
  assert.deepEqual([...values], [0, 3, 7.5]);
});

Deno.test("applyBias() multiplies by a smooth field of the amplitude asked for", () => {
  const size = 21, voxels = Int32Array.from({ length: size ** 3 }, (_, i) => i);
  const logarithms: number[] = [];
  let largestStep = 0;
  for (let seed = 0; seed < 12; seed++) {
    const values = new Float32Array(size ** 3).fill(10);
    applyBias(values, { random: randomStream(seed, "bias"), size, voxels, amplitude: 0.1, shading: 0 });
    for (let i = 0; i < values.length; i++) {
      logarithms.push(Math.log(values[i] / 10));
      if (i % size > 0) largestStep = Math.max(largestStep, Math.abs(values[i] - values[i - 1]));
    }
  }
  assertClose(moments(logarithms).sd, 0.1, 0.03);
  assert.ok(largestStep < 1, `a step of ${largestStep}`);
});

Deno.test("applyBias() reads the field at the voxels given", () => {
  const bias = (voxels: Int32Array): Float32Array => {
    const values = new Float32Array(voxels.length).fill(1);
    applyBias(values, { random: randomStream(4, "bias"), size: 9, voxels, amplitude: 0.2, shading: 0.3 });
    return values;
  };
  const all = bias(Int32Array.from({ length: 729 }, (_, i) => i));
  assert.deepEqual([...bias(Int32Array.of(5, 400))], [all[5], all[400]]);
});

Deno.test("applyBias() shades from the middle to the corners by e to the shading", () => {
  const size = 9, voxels = Int32Array.of(364, 0, 728, 360), values = new Float32Array(4).fill(10);
  applyBias(values, { random: randomStream(5, "bias"), size, voxels, amplitude: 0, shading: -0.6 });
  // The middle, two corners, and the middle of a face at r² = 1/3.
  [10, 10 * Math.exp(-0.6), 10 * Math.exp(-0.6), 10 * Math.exp(-0.2)].forEach((expected, n) =>
    assertClose(values[n], expected, 1e-5)
  );
});
