/** Peak signal-to-noise ratio by hand. */
import assert from "node:assert/strict";
import { maskedSquaredError, psnr } from "../../lib/metrics/mod.ts";

Deno.test("maskedSquaredError() sums over the voxels where the mask is not 0", () => {
  const image = Float32Array.of(0, 1, 0.5, 0.25), truth = Float32Array.of(1, 0.5, 0.5, 0);
  assert.deepEqual(maskedSquaredError(image, truth, Float32Array.of(0, 1, 1, 2)), { squares: 0.3125, count: 3 });
  assert.deepEqual(maskedSquaredError(image, truth, new Float32Array(4)), { squares: 0, count: 0 });
});

Deno.test("maskedSquaredError() throws when the lengths differ", () => {
  const [two, three] = [new Float32Array(2), new Float32Array(3)];
  for (const [image, truth, mask] of [[two, three, three], [three, three, two]]) {
    assert.throws(() => maskedSquaredError(image, truth, mask), {
      name: "RangeError",
      message: "Cannot compare images: expected image, truth and mask of one length, got " +
        `${image.length}, ${truth.length} and ${mask.length}`,
    });
  }
});

Deno.test("psnr() is 10·log₁₀ of one over the mean squared error", () => {
  assert.equal(psnr({ squares: 4, count: 400 }), 20);
  assert.ok(Math.abs(psnr({ squares: 0.5, count: 1 }) - 3.0103) < 1e-5);
  assert.equal(Math.abs(psnr({ squares: 3, count: 3 })), 0);
});

Deno.test("psnr() is Infinity without error and NaN without voxels", () => {
  assert.equal(psnr({ squares: 0, count: 8 }), Infinity);
  assert.ok(Number.isNaN(psnr({ squares: 0, count: 0 })));
});
