import assert from "node:assert/strict";
import { smoothField } from "../../../lib/dataset/phantom/smooth_field.ts";
import type { Random } from "../../../lib/random.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose, moments } from "./_tools.ts";

Deno.test("smoothField() is constant when all coefficients are equal, scaled by (315/151)^1.5", () => {
  const ones = { normal: () => 1 } as Random;
  for (const value of smoothField(ones, { size: 7, controls: 6 })) assertClose(value, (315 / 151) ** 1.5, 1e-5);
});

Deno.test("smoothField() weighs one control point by the cubic B-spline, against hand values", () => {
  // Controls at −1, 0, 1, 2 interval; only the one at x = 0, y = 0, z = 0 counts, which is number 1 + 4 + 16.
  let draw = 0;
  const impulse = { normal: () => (draw++ === 21 ? (151 / 315) ** 1.5 : 0) } as Random;
  const field = smoothField(impulse, { size: 3, controls: 4 });
  assertClose(field[0], (4 / 6) ** 3, 1e-6);
  assertClose(field[1], 23 / 48 * (4 / 6) ** 2, 1e-6);
  assertClose(field[2], 1 / 6 * (4 / 6) ** 2, 1e-6);
  assertClose(field[26], (1 / 6) ** 3, 1e-6);
});

Deno.test("smoothField() has mean 0 and unit variance over many draws", () => {
  const values: number[] = [];
  for (let seed = 0; seed < 30; seed++) {
    values.push(...smoothField(randomStream(seed, "field"), { size: 15, controls: 9 }));
  }
  const { mean, sd } = moments(values);
  assertClose(mean, 0, 0.06);
  assertClose(sd, 1, 0.06);
});

Deno.test("smoothField() shows the same field on a finer grid", () => {
  const [coarse, fine] = [5, 9].map((size) => smoothField(randomStream(3, "field"), { size, controls: 6 }));
  for (let z = 0; z < 5; z++) {
    for (let x = 0; x < 5; x++) assertClose(fine[2 * z * 81 + 2 * x], coarse[z * 25 + x], 1e-5);
  }
  assert.notEqual(fine[1], fine[0]);
});

Deno.test("smoothField() evaluates the voxels asked for only", () => {
  const options = { size: 9, controls: 6 }, voxels = Int32Array.of(0, 17, 400, 728);
  const all = smoothField(randomStream(4, "field"), options);
  const some = smoothField(randomStream(4, "field"), { ...options, voxels });
  some.forEach((value, n) => assertClose(value, all[voxels[n]], 1e-6));
});
