/** Template windows by hand, and their errors. */
import { selectBackend, templateWindow, tf } from "../../../lib/tensor/mod.ts";
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
