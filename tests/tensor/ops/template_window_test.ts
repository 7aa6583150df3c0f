/** Template windows by hand, and their errors. */
import assert from "node:assert/strict";
import { selectBackend, templateWindow, tf } from "../../../lib/tensor/mod.ts";
import { relativeError } from "../_ops.ts";
import { assertRefused, assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("templateWindow() cuts normalised windows of one template each, 0 outside", () => {
  const templates = tf.tensor([1, 3, 5, 0, 10, 20, 40, 0], [2, 1, 2, 2]);
  const windows = [
    { template: 1, start: [0, 1, -1] as const },
    { template: 0, start: [0, 0, 1] as const },
    { template: 1, start: [-3, 0, 0] as const },
  ];
  const output = templateWindow(templates, { windows, size: [1, 1, 3], epsilon: 0 });
  assertValues(output, [3, 1, 1, 3, 1], [0, 1, 0, 0.6, 0, 0, 0, 0, 0]);
});

Deno.test("templateWindow() adds ε to the range, so that a constant template gives 0", () => {
  const attributes = { windows: [{ template: 0, start: [0, 0, 0] as const }], size: [1, 1, 2] as const };
  const constant = tf.fill([1, 1, 1, 2], 7);
  assertValues(templateWindow(constant, { ...attributes, epsilon: 1e-9 }), [1, 1, 1, 2, 1], [0, 0]);
  const ramp = tf.tensor([0, 1], [1, 1, 1, 2]);
  assertValues(templateWindow(ramp, { ...attributes, epsilon: 1 }), [1, 1, 1, 2, 1], [0, 0.5]);
});

Deno.test("templateWindow() throws when templates are not 4-D or a window names none of them", () => {
  const apply = (shape: number[], template: number) => () =>
    templateWindow(tf.zeros(shape), { windows: [{ template, start: [0, 0, 0] }], size: [1, 1, 1], epsilon: 1 });
  const sentence = "Cannot apply templateWindow: expected";
  assertRefused(apply([2, 3], 0), "TypeError", `${sentence} templates of shape [*, *, *, *], got [2, 3]`);
  for (const template of [2, -1, 0.5]) {
    const message = `${sentence} an index below 2, got template ${template} of [2, 3, 1, 4]`;
    assertRefused(apply([2, 3, 1, 4], template), "RangeError", message);
  }
});

/** Gradient of the sum of squares of two windows of the second of three templates, whose values are seven integers. */
async function gradientAmongTies(backend: "reference" | "simd"): Promise<Float32Array> {
  await selectBackend(backend);
  return tf.tidy(() => {
    const values = Float32Array.from({ length: 3 * 40 * 31 * 35 }, (_, i) => (i * i + (i >> 5)) % 7);
    const attributes = {
      windows: [[-3, 5, 2], [10, 20, 30]].map(([d, h, w]) => ({ template: 1, start: [d, h, w] as const })),
      size: [12, 13, 9] as const,
      epsilon: 1e-9,
    };
    const windows = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(templateWindow(x, attributes)));
    return tf.grad(windows)(tf.tensor(values, [3, 40, 31, 35])).dataSync() as Float32Array;
  });
}

Deno.test("templateWindow() shares the extremes' gradient among ties on simd as on the reference backend", async () => {
  const expected = await gradientAmongTies("reference"), actual = await gradientAmongTies("simd");
  await selectBackend("reference");
  const length = expected.length / 3;
  assert.ok(actual.subarray(0, length).every((value) => value === 0));
  assert.ok(actual.subarray(2 * length).every((value) => value === 0));
  const { error, text } = relativeError(actual, expected);
  assert.ok(error < 1e-6, text);
  // Far from both windows there is nothing but the shares, which the largest error above says little about.
  const shares = (values: Float32Array): Float32Array => values.slice(2 * length - 5000, 2 * length);
  const ofShares = relativeError(shares(actual), shares(expected));
  assert.ok(ofShares.error < 1e-5, ofShares.text);
});
