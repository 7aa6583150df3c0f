/** Weights of a window's voxels: values by hand, symmetry, the floor. */
import assert from "node:assert/strict";
import { ALL_MIRRORS, mirroredWalk, windowWeights } from "../../lib/inference/mod.ts";

Deno.test("windowWeights() are 1 everywhere when constant", () => {
  assert.deepEqual([...windowWeights([2, 3, 1], "constant")], [1, 1, 1, 1, 1, 1]);
});

Deno.test("windowWeights() fall off with σ = n/8 about the centre when Gaussian", () => {
  // n = 5: c = 2, σ = 0.625; one voxel off: exp(−1/(2·0.390625)) = exp(−1.28); two: exp(−5.12).
  const weights = windowWeights([5, 1, 1], "gaussian");
  assert.deepEqual([...weights.subarray(0, 3)], [Math.exp(-5.12), Math.exp(-1.28), 1].map(Math.fround));
  // n = 4: c = 1.5, σ = 0.5; half a voxel off: exp(−0.5); one and a half: exp(−4.5).
  const even = windowWeights([1, 1, 4], "gaussian");
  assert.deepEqual([...even.subarray(0, 2)], [Math.exp(-4.5), Math.exp(-0.5)].map(Math.fround));
});

Deno.test("windowWeights() multiply over the axes, x fastest", () => {
  const weights = windowWeights([3, 4, 5], "gaussian");
  const alone = [3, 4, 5].map((length) => windowWeights([length, 1, 1], "gaussian"));
  const [x, y, z] = [1, 2, 3];
  const expected = alone[0][x] * alone[1][y] * alone[2][z];
  assert.ok(Math.abs(weights[x + 3 * (y + 4 * z)] - expected) < 1e-7);
});

Deno.test("windowWeights() never fall under 0.001", () => {
  const weights = windowWeights([16, 16, 16], "gaussian");
  assert.equal(weights[0], Math.fround(1e-3));
  assert.ok(weights.every((weight) => weight >= Math.fround(1e-3) && weight <= 1));
});

Deno.test("windowWeights() are equal seen from every side", () => {
  const weights = windowWeights([4, 3, 6], "gaussian");
  for (const mirror of ALL_MIRRORS) {
    const { first, steps } = mirroredWalk([4, 3, 6], mirror);
    for (let z = 0, i = 0; z < 6; z++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 4; x++, i++) {
          assert.equal(weights[first + x * steps[0] + y * steps[1] + z * steps[2]], weights[i]);
        }
      }
    }
  }
});
