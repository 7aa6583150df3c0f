import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { Templates } from "../../lib/templates/mod.ts";
import { finishGradients, gradientNorm } from "../../lib/trainer/gradients.ts";
import type { FinishOptions } from "../../lib/trainer/gradients.ts";
import { assertClose } from "./_toy.ts";

await selectBackend("reference");

/** Finishes the sums a = [6, 0], b = [8] and, for two templates of two voxels, [100, 200 | 300, 400]. */
async function finish(
  changes: Partial<FinishOptions> = {},
): Promise<{ norm: number; gradients: Record<string, number[]>; sums: Map<string, Tensor> }> {
  const before = tf.memory().numTensors;
  const templates = new Templates({ modalities: ["t1", "t2"], size: [2, 1, 1], epsilon: 0.5 });
  tf.tidy(() => templates.variable.assign(tf.tensor([1, 4, 0, 0], [2, 1, 1, 2])));
  const sums = new Map<string, Tensor>([
    ["a", tf.tensor1d([6, 0])],
    ["rep_template", tf.tensor([100, 200, 300, 400], [2, 1, 1, 2])],
    ["b", tf.tensor1d([8])],
  ]);
  const given = [...sums.values()];
  const options = {
    accumulationSteps: 1,
    clipNorm: null,
    templates,
    templateGradient: "exact",
    templateSmoothing: 0,
    ...changes,
  } as const;
  const { norm, gradients } = await finishGradients(sums, options);
  assert.ok(given.every(({ isDisposed }) => isDisposed));
  const values = Object.fromEntries([...gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]]));
  tf.dispose([...gradients.values()]);
  templates.dispose();
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  return { norm, gradients: values, sums };
}

Deno.test("finishGradients() passes a single batch's gradients on and empties the sums", async () => {
  const { norm, gradients, sums } = await finish();
  assert.equal(norm, 10);
  assert.deepEqual(gradients, { a: [6, 0], rep_template: [100, 200, 300, 400], b: [8] });
  assert.equal(sums.size, 0);
});

Deno.test("finishGradients() divides by the batches of an update", async () => {
  const { norm, gradients } = await finish({ accumulationSteps: 4 });
  assert.equal(norm, 2.5);
  assert.deepEqual(gradients, { a: [1.5, 0], rep_template: [25, 50, 75, 100], b: [2] });
});

Deno.test("finishGradients() clips the averaged gradient of the model, the templates neither counted nor clipped", async () => {
  const { norm, gradients } = await finish({ accumulationSteps: 2, clipNorm: 2.5 });
  assert.equal(norm, 5);
  assertClose(gradients.a[0], 1.5);
  assertClose(gradients.b[0], 2);
  assert.deepEqual(gradients.rep_template, [50, 100, 150, 200]);
});

Deno.test("finishGradients() leaves a gradient below the clipping norm as it is", async () => {
  assert.deepEqual((await finish({ clipNorm: 10.1 })).gradients.a, [6, 0]);
});

Deno.test("finishGradients() scales each template's gradient by its range under range-scaled", async () => {
  const { gradients } = await finish({ accumulationSteps: 2, clipNorm: 1, templateGradient: "range-scaled" });
  // Ranges 4 − 1 and 0, each plus the epsilon of 0.5.
  assert.deepEqual(gradients.rep_template, [50 * 3.5, 100 * 3.5, 150 * 0.5, 200 * 0.5]);
});

Deno.test("gradientNorm() is the root of all squares, 0 without gradients", async () => {
  const gradients = [tf.tensor2d([[1, -2], [4, 6]]), tf.tensor1d([8]), tf.tensor1d([20])];
  assert.equal(await gradientNorm(gradients), Math.sqrt(521));
  assert.equal(await gradientNorm([]), 0);
  tf.dispose(gradients);
});

Deno.test("finishGradients() divides by the scale of the losses", async () => {
  const { norm, gradients } = await finish({ accumulationSteps: 2, lossScale: 4, clipNorm: 100 });
  assert.equal(norm, 1.25);
  assert.deepEqual(gradients, { a: [0.75, 0], rep_template: [12.5, 25, 37.5, 50], b: [1] });
});

Deno.test("finishGradients() frees gradients of scaled losses that are not finite, templates' too, and says so", async () => {
  for (const broken of ["a", "rep_template"]) {
    const templates = new Templates({ modalities: ["t1"], size: [2, 1, 1], epsilon: 0.5 });
    const before = tf.memory().numTensors;
    const sums = new Map<string, Tensor>([["a", tf.tensor1d([1])], ["rep_template", tf.tensor4d([[[[1, 2]]]])]]);
    sums.get(broken)!.dispose();
    sums.set(broken, broken === "a" ? tf.tensor1d([NaN]) : tf.tensor4d([[[[1, Infinity]]]]));
    const { gradients, isFinite } = await finishGradients(sums, {
      lossScale: 2,
      accumulationSteps: 1,
      clipNorm: null,
      templates,
      templateGradient: "exact",
      templateSmoothing: 0,
    });
    assert.deepEqual([isFinite, gradients.size, sums.size], [false, 0, 0]);
    assert.equal(tf.memory().numTensors, before, "tensors leaked");
    templates.dispose();
  }
});
