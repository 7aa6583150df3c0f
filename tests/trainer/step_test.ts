import assert from "node:assert/strict";
import { infoNceLoss } from "../../lib/losses/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import type { MethodOptions } from "../../lib/trainer/mod.ts";
import { addGradient } from "../../lib/trainer/gradients.ts";
import { batchGradients } from "../../lib/trainer/step.ts";
import type { BatchLosses } from "../../lib/trainer/step.ts";
import { planTargets } from "../../lib/trainer/targets.ts";
import type { Target } from "../../lib/trainer/targets.ts";
import { buildViews, disposePass, gatherPass } from "../../lib/trainer/views.ts";
import { assertClose, CROP, linearModel, toyOptions, toySample, toyTemplates } from "./_toy.ts";

await selectBackend("reference");

const PLACE = { seed: 5, epoch: 7, index: 2 };
const GAIN = 0.7, OFFSET = 0.2;
const MIXED = [["t1", "t2", "flair"], ["t1"], ["flair", "t2"]];
const VOXELS = CROP[0] * CROP[1] * CROP[2];

interface StepCase {
  readonly cohort: readonly (readonly string[])[];
  readonly method: MethodOptions;
  readonly contrastive?: boolean;
}

/** Squared error of one view under the linear model, and its derivatives by gain and offset. */
interface ViewError {
  readonly error: number;
  readonly gain: number;
  readonly offset: number;
}

/** What a batch comes to according to the step. */
async function runStep({ cohort, method, contrastive = false }: StepCase): Promise<{
  losses: BatchLosses;
  gradients: Record<string, number[]>;
}> {
  const before = tf.memory().numTensors;
  const model = linearModel({ gain: GAIN, offset: OFFSET });
  const templates = toyTemplates({ trained: true });
  const samples = cohort.map((modalities, i) => toySample(modalities, `sample ${i}`));
  const parts = { model, templates, parameters: [...model.parameters, templates.parameter] };
  const { losses, gradients } = await batchGradients(samples, parts, { method, place: PLACE, contrastive });
  const values = Object.fromEntries([...gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]]));
  tf.dispose([...gradients.values()]);
  templates.dispose();
  model.dispose();
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  return { losses, gradients: values };
}

/** The same views, their errors added up in plain loops: per pass, both views of each target, and the pass's InfoNCE. */
function passesByHand(
  { cohort, method }: StepCase,
): { target: Target; first: ViewError; second: ViewError; infoNce: number }[][] {
  const templates = toyTemplates({ trained: true });
  const samples = cohort.map((modalities, i) => toySample(modalities, `sample ${i}`));
  const passes = planTargets(cohort, { method, place: PLACE }).map((targets) => {
    const inputs = gatherPass(samples, { targets, place: PLACE, mask: method });
    const views = tf.tidy(() => buildViews(inputs, { samples, targets, templates }));
    const [values, truth] = [views.dataSync(), inputs.truth.dataSync()];
    const errorOf = (view: number, target: number): ViewError => {
      let error = 0, gain = 0, offset = 0;
      for (let i = 0; i < VOXELS; i++) {
        const x = values[view * VOXELS + i];
        const residual = GAIN * x + OFFSET - truth[target * VOXELS + i];
        error += residual ** 2 / VOXELS;
        gain += 2 * residual * x / VOXELS;
        offset += 2 * residual / VOXELS;
      }
      return { error, gain, offset };
    };
    const infoNce = tf.tidy(() => {
      const [first, second] = tf.split(views, 2);
      return infoNceLoss(first, second, method).dataSync()[0];
    });
    views.dispose();
    disposePass(inputs);
    const count = targets.length;
    return targets.map((target, i) => ({ target, first: errorOf(i, i), second: errorOf(count + i, i), infoNce }));
  });
  templates.dispose();
  return passes;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** L_MD, L_CMR and their derivatives from the definition: means over subjects of means over their sequences. */
function expectedMeans(stepCase: StepCase, part: keyof ViewError): { md: number; cmr: number } {
  const views = passesByHand(stepCase).flat();
  const subjects = stepCase.cohort.map((_, i) => views.filter(({ target }) => target.sample === i));
  const partnered = subjects.filter((own) => own.every(({ target }) => target.hasPartner));
  return {
    md: mean(subjects.map((own) =>
      mean(own.map(({ first, second, target }) => {
        return target.hasPartner ? first[part] : (first[part] + second[part]) / 2;
      }))
    )),
    cmr: partnered.length === 0 ? 0 : mean(partnered.map((own) => mean(own.map(({ second }) => second[part])))),
  };
}

const WEIGHTS = { cmrWeight: 2, mdWeight: 10, clWeight: 0.5 };

for (const modalitiesPerStep of ["all", "one"] as const) {
  Deno.test(`batchGradients() averages over subjects, and over their sequences, under ${modalitiesPerStep}`, async () => {
    const stepCase = { cohort: MIXED, method: toyOptions({ method: { modalitiesPerStep, ...WEIGHTS } }).method };
    const { losses, gradients } = await runStep(stepCase);
    const { md, cmr } = expectedMeans(stepCase, "error");
    assertClose(losses.md!, md, { what: "md" });
    assertClose(losses.cmr!, cmr, { what: "cmr" });
    assertClose(losses.total, 2 * cmr + 10 * md, { what: "total" });
    assert.equal(losses.cl, null);
    for (const name of ["gain", "offset"] as const) {
      const slopes = expectedMeans(stepCase, name);
      assertClose(gradients[name][0], 2 * slopes.cmr + 10 * slopes.md, { within: 1e-4, what: `d${name}` });
    }
  });
}

Deno.test("batchGradients() counts both views of a subject with a single modality for distillation alone", async () => {
  const stepCase = { cohort: [["t2"]], method: toyOptions({ method: WEIGHTS }).method };
  const { losses } = await runStep(stepCase);
  const [[{ first, second }]] = passesByHand(stepCase);
  assert.equal(losses.cmr, null);
  assertClose(losses.md!, (first.error + second.error) / 2);
  assertClose(losses.total, 10 * losses.md!);
});

Deno.test("batchGradients() counts a view that the template fills for lack of time as cross-modal", async () => {
  const method = toyOptions({ method: { templateFillUntilEpoch: PLACE.epoch } }).method;
  const { losses } = await runStep({ cohort: [["t1", "t2"]], method });
  const views = passesByHand({ cohort: [["t1", "t2"]], method }).flat();
  assertClose(losses.cmr!, mean(views.map(({ second }) => second.error)));
  assertClose(losses.md!, mean(views.map(({ first }) => first.error)));
});

Deno.test("batchGradients() adds InfoNCE of every pass in proportion to the pass's share", async () => {
  const stepCase = { cohort: MIXED, method: toyOptions({ method: { ...WEIGHTS, temperature: 0.3 } }).method };
  const { losses } = await runStep({ ...stepCase, contrastive: true });
  // Three subjects with 3, 1 and 2 sequences: 1/9 + 1/3 + 1/6, 1/9 + 1/6, 1/9.
  const shares = [11 / 18, 5 / 18, 2 / 18];
  const expected = passesByHand(stepCase).map(([{ infoNce }], pass) => shares[pass] * infoNce);
  assert.equal(expected.length, 3);
  assert.ok(expected[0] > 0);
  // A pass over a single subject has no negatives.
  assert.ok(expected[2] === 0);
  assertClose(losses.cl!, expected[0] + expected[1], { what: "cl" });
  assertClose(losses.total, 2 * losses.cmr! + 10 * losses.md! + 0.5 * losses.cl!, { what: "total" });
});

Deno.test("batchGradients() without MD and CL leaves out first views, subjects with one modality, and templates", async () => {
  const method = toyOptions({ method: { cmrWeight: 2, mdWeight: 0 } }).method;
  const { losses, gradients } = await runStep({ cohort: MIXED, method });
  const stepCase = { cohort: MIXED, method };
  assert.equal(losses.md, null);
  assertClose(losses.cmr!, expectedMeans(stepCase, "error").cmr, { what: "cmr" });
  assertClose(losses.total, 2 * losses.cmr!, { what: "total" });
  assertClose(gradients.gain[0], 2 * expectedMeans(stepCase, "gain").cmr, { within: 1e-4, what: "dgain" });
  assert.equal("rep_template" in gradients, false);
  const alone = await runStep({ cohort: [["t2"], ["t1"]], method });
  assert.deepEqual(alone, { losses: { total: 0, cmr: null, md: null, cl: null }, gradients: {} });
});

Deno.test("batchGradients() builds first views without MD as long as CL takes part", async () => {
  const stepCase = { cohort: [["t1", "t2"], ["flair", "t1"]], method: toyOptions({ method: { mdWeight: 0 } }).method };
  const { losses, gradients } = await runStep({ ...stepCase, contrastive: true });
  assertClose(losses.md!, expectedMeans(stepCase, "error").md, { what: "md" });
  assertClose(losses.total, losses.cmr! + losses.cl!, { what: "total" });
  assert.ok(gradients.rep_template.some((value) => value !== 0));
});

Deno.test("batchGradients() reaches the templates of the batch's modalities and no other", async () => {
  const { gradients } = await runStep({ cohort: [["t1", "flair"]], method: toyOptions().method });
  const template = gradients.rep_template;
  const [t1, t2, flair] = [0, 1, 2].map((k) => template.slice(k * template.length / 3, (k + 1) * template.length / 3));
  assert.ok(t1.some((value) => value !== 0));
  assert.ok(flair.some((value) => value !== 0));
  assert.ok(t2.every((value) => value === 0));
});

Deno.test("addGradient() starts a sum with the first gradient and frees what it replaces", () => {
  const sums = new Map<string, Tensor>();
  const gradients = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20]), tf.tensor1d([5])];
  addGradient(sums, "a", gradients[0]);
  assert.equal(sums.get("a"), gradients[0]);
  addGradient(sums, "a", gradients[1]);
  addGradient(sums, "b", gradients[2]);
  assert.deepEqual([...sums].map(([name, sum]) => [name, ...sum.dataSync()]), [["a", 11, 22], ["b", 5]]);
  assert.deepEqual(gradients.map(({ isDisposed }) => isDisposed), [true, true, false]);
  tf.dispose([...sums.values()]);
});
