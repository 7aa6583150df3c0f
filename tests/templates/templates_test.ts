/** Templates: windows and gradients by hand, the first update from zero, and what is published of them. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { TEMPLATE_GRADIENTS, templateDistance, Templates } from "../../lib/templates/mod.ts";
import type { TemplateGradient } from "../../lib/templates/mod.ts";
import { adamwUpdate, selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

const EPSILON = 1e-9;

/** Templates of t1 and t2 with these values, x fastest; the first keeps its zeros. */
function templatesOf(size: Triple, values: readonly number[]): Templates {
  const templates = new Templates({ modalities: ["t1", "t2"], size, epsilon: EPSILON });
  const both = [...values.map(() => 0), ...values];
  tf.tidy(() => templates.variable.assign(tf.tensor(both, [2, size[2], size[1], size[0]])));
  return templates;
}

/** Gradient of Σ window·weights for a window of t2 that starts at x. */
function gradientOf(templates: Templates, { x, weights }: { x: number; weights: readonly number[] }): Tensor {
  return tf.tidy(() => {
    const { grads } = tf.variableGrads(() => {
      const window = templates.windows([{ modality: "t2", start: [x, 0, 0] }], [weights.length, 1, 1]);
      return tf.sum(tf.mul(tf.reshape(window, [-1]), tf.tensor1d([...weights])));
    }, [templates.variable]);
    return grads[templates.variable.name];
  });
}

function assertClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `[${i}]: got ${actual[i]}, expected ${value}`);
  });
}

Deno.test("Templates are zeros [K, D, H, W] under the official name and axes at first", () => {
  const templates = new Templates({ modalities: ["t1", "t2"], size: [4, 3, 2], epsilon: EPSILON });
  assert.deepEqual(templates.variable.shape, [2, 2, 3, 4]);
  assert.ok(templates.variable.dataSync().every((value) => value === 0));
  const { variable, ...parameter } = templates.parameter;
  assert.equal(variable, templates.variable);
  assert.deepEqual(parameter, {
    name: "rep_template",
    trainable: true,
    shape: [2, 2, 3, 4],
    officialShape: [2, 4, 3, 2],
    permutation: [0, 3, 2, 1],
  });
  const before = tf.memory().numTensors;
  templates.dispose();
  assert.equal(tf.memory().numTensors, before - 1);
});

Deno.test("windows() normalises over the whole template and is 0 outside of it", () => {
  const templates = templatesOf([3, 2, 1], [1, 2, 3, 4, 5, 6]);
  const places = [
    { modality: "t2", start: [1, -1, 0] as const },
    { modality: "t1", start: [0, 0, 0] as const },
    { modality: "t2", start: [0, 0, 5] as const },
  ];
  const windows = templates.windows(places, [3, 2, 1]);
  assert.deepEqual(windows.shape, [3, 1, 2, 3, 1]);
  const zeros = [0, 0, 0, 0, 0, 0];
  assertClose(windows.dataSync(), [0, 0, 0, 0.2, 0.4, 0, ...zeros, ...zeros]);
  windows.dispose();
  templates.dispose();
});

Deno.test("windows() takes (x, y, z) of the place to (w, h, d) of the window", () => {
  const templates = templatesOf([2, 3, 4], Array.from({ length: 24 }, (_, i) => i));
  const window = templates.windows([{ modality: "t2", start: [1, 2, 3] }], [1, 1, 1]);
  assertClose(window.dataSync(), [1]);
  const corner = templates.windows([{ modality: "t2", start: [0, 1, 2] }], [2, 1, 1]);
  assertClose(corner.dataSync(), [14 / 23, 15 / 23]);
  tf.dispose([window, corner]);
  templates.dispose();
});

Deno.test("windows() passes the gradient on to its voxels and, shared among ties, to minimum and maximum", () => {
  const templates = templatesOf([4, 1, 1], [0, 0, 2, 4]);
  // Range 4, window 0.5 and 1: −(1·0.5 + 10·0)/4 to the two minima, −(1·0.5 + 10·1)/4 to the maximum.
  const gradient = gradientOf(templates, { x: 2, weights: [1, 10] });
  assertClose(gradient.dataSync(), [0, 0, 0, 0, -0.0625, -0.0625, 0.25, 2.5 - 2.625]);
  gradient.dispose();
  templates.dispose();
});

Deno.test("windows() throws when a modality has no template", () => {
  const templates = templatesOf([1, 1, 1], [0]);
  assert.throws(() => templates.windows([{ modality: "pd", start: [0, 0, 0] }], [1, 1, 1]), {
    name: "RangeError",
    message: `Cannot look up template: expected one of t1, t2, got "pd"`,
  });
  templates.dispose();
});

const LEARNING_RATE = 3e-4;

/** One update of t2 per row of weights, the gradient of a window over the whole: its values, and what AdamW was given. */
function train(
  kind: TemplateGradient,
  rows: readonly (readonly number[])[],
): { values: number[]; gradients: number[][] } {
  const templates = templatesOf([4, 1, 1], [0, 0, 0, 0]);
  const gradients: number[][] = [];
  tf.tidy(() => {
    let firstMoment: Tensor = tf.zerosLike(templates.variable), secondMoment: Tensor = firstMoment;
    rows.forEach((weights, i) => {
      const gradient = templates.optimizerGradient(gradientOf(templates, { x: 0, weights }), { kind, smoothing: 0 });
      const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-5, step: i + 1 };
      const inputs = { parameter: templates.variable, gradient, firstMoment, secondMoment };
      const [value, first, second] = adamwUpdate(inputs, { learningRate: LEARNING_RATE, ...options });
      templates.variable.assign(value);
      [firstMoment, secondMoment] = [first, second];
      gradients.push([...gradient.dataSync()].slice(4));
    });
  });
  const values = [...templates.variable.dataSync()].slice(4);
  templates.dispose();
  return { values, gradients };
}

const FIRST = [2, 3, 1, -4];
const LATER = [[1, -2, 5, 3], [-1, 2, -5, -3]].map((row) => Array.from({ length: 10 }, () => row));

Deno.test("the exact gradient at zero is 1/ε times too large, and the first update moves every voxel by ±lr", () => {
  const { values, gradients } = train("exact", [FIRST]);
  // Range 0: each voxel's weight over ε, less the mean weight that the tied minimum takes from all.
  assertClose(gradients[0].map((g) => g * EPSILON), [1.5, 2.5, 0.5, -4.5], 1e-5);
  assertClose(values.map((v) => v / LEARNING_RATE), [-1, -1, -1, 1], 1e-6);
});

Deno.test("under the exact gradient the updates after the first ignore their gradients", () => {
  const [plus, minus] = LATER.map((rows) => train("exact", [FIRST, ...rows]));
  assertClose(plus.values.map((v) => v / LEARNING_RATE), minus.values.map((v) => v / LEARNING_RATE), 1e-3);
  const size = (row: readonly number[]): number => Math.max(...row.map(Math.abs));
  assert.ok(size(plus.gradients[1]) / size(plus.gradients[0]) < 1e-4);
});

Deno.test("under the range-scaled gradient all updates weigh alike, the first included", () => {
  const [plus, minus] = LATER.map((rows) => train("range-scaled", [FIRST, ...rows]));
  assertClose(plus.gradients[0], [1.5, 2.5, 0.5, -4.5], 1e-5);
  const size = (row: readonly number[]): number => Math.max(...row.map(Math.abs));
  for (const gradient of plus.gradients) assert.ok(size(gradient) > 0.1 && size(gradient) < 10, `${gradient}`);
  const apart = Math.max(...plus.values.map((value, i) => Math.abs(value - minus.values[i])));
  assert.ok(apart > LEARNING_RATE, `${apart}`);
});

Deno.test("optimizerGradient() multiplies each template's gradient by its own range, or copies it", () => {
  assert.deepEqual(TEMPLATE_GRADIENTS, ["exact", "range-scaled"]);
  const templates = templatesOf([3, 1, 1], [-1, 0, 4]);
  const gradient = tf.tensor([1, 2, 3, 4, 5, 6], [2, 1, 1, 3]);
  const [exact, scaled] = TEMPLATE_GRADIENTS.map((kind) =>
    templates.optimizerGradient(gradient, { kind, smoothing: 0 })
  );
  assert.notEqual(exact, gradient);
  assertClose(exact.dataSync(), [1, 2, 3, 4, 5, 6]);
  assertClose(scaled.dataSync(), [EPSILON, 2 * EPSILON, 3 * EPSILON, 20, 25, 30], 1e-12);
  assert.deepEqual(scaled.shape, [2, 1, 1, 3]);
  tf.dispose([gradient, exact, scaled]);
  templates.dispose();
});

Deno.test("normalised() gives every template in [0, 1], zeros while it is untrained", async () => {
  const templates = templatesOf([3, 1, 2], [5, 1, 3, 2, 4, 1]);
  const [first, second] = await templates.normalised();
  assert.deepEqual(first, { modality: "t1", size: [3, 1, 2], data: new Float32Array(6) });
  assert.equal(second.modality, "t2");
  assertClose(second.data, [1, 0, 0.5, 0.25, 0.75, 0]);
  assertClose(templates.variable.dataSync(), [0, 0, 0, 0, 0, 0, 5, 1, 3, 2, 4, 1]);
  templates.dispose();
});

Deno.test("templateDistance() is the mean absolute difference", () => {
  assert.equal(templateDistance(Float32Array.of(0, 0.5, 1, 0.25), Float32Array.of(0.5, 0.5, 0, 0.5)), 0.4375);
});
