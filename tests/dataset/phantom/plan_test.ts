import assert from "node:assert/strict";
import { type PhantomPlan, planPhantomCohort, SOURCE_MODALITIES } from "../../../lib/dataset/phantom/mod.ts";

function count(plans: readonly PhantomPlan[], holds: (plan: PhantomPlan) => boolean): number {
  return plans.filter(holds).length;
}

/** Every ordered pair of modalities of the plans. */
function pairs(plans: readonly PhantomPlan[]): Set<string> {
  return new Set(plans.flatMap(({ modalities }) => modalities.flatMap((a) => modalities.map((b) => `${a}>${b}`))));
}

Deno.test("planPhantomCohort() is deterministic and names subjects by number", () => {
  const plans = planPhantomCohort({ subjects: 24, seed: 1 });
  assert.deepEqual(plans, planPhantomCohort({ subjects: 24, seed: 1 }));
  assert.notDeepEqual(plans, planPhantomCohort({ subjects: 24, seed: 2 }));
  assert.deepEqual(plans.slice(6, 8).map(({ id, index }) => [id, index]), [["phantom-0006", 6], ["phantom-0007", 7]]);
});

Deno.test("planPhantomCohort() meets the shares exactly", () => {
  const plans = planPhantomCohort({ subjects: 40, seed: 3 });
  assert.deepEqual(
    ["brats", "ucsf", "ixi"].map((source) => count(plans, (plan) => plan.source === source)),
    [20, 10, 10],
  );
  assert.equal(count(plans, ({ lesion }) => lesion === "stroke"), 5);
  assert.equal(count(plans, ({ lesion, source }) => lesion === "none" && source === "ixi"), 10);
  assert.equal(count(plans, ({ modalities }) => modalities.length === 1), 2);
  const partial = count(
    plans,
    ({ modalities, source }) => modalities.length > 1 && modalities.length < SOURCE_MODALITIES[source].length,
  );
  assert.equal(partial, 6);
});

Deno.test("planPhantomCohort() rounds shares by largest remainder", () => {
  const plans = planPhantomCohort({ subjects: 7, seed: 3, shares: { brats: 1, ucsf: 1, ixi: 0.5 } });
  // Quotas 2.8, 2.8, 1.4.
  assert.deepEqual(["brats", "ucsf", "ixi"].map((source) => count(plans, (plan) => plan.source === source)), [3, 3, 1]);
});

Deno.test("planPhantomCohort() holds out complete subjects of every source, so all pairs occur there", () => {
  for (const subjects of [8, 24, 61]) {
    const plans = planPhantomCohort({ subjects, seed: subjects });
    const validation = plans.filter(({ split }) => split === "validation");
    const training = plans.filter(({ split }) => split === "training");
    assert.deepEqual(new Set(validation.map(({ source }) => source)), new Set(["brats", "ucsf", "ixi"]));
    assert.ok(pairs(training).isSubsetOf(pairs(validation)));
    assert.ok(validation.length <= Math.max(3, subjects / 4) && training.length > validation.length);
  }
});

Deno.test("planPhantomCohort() keeps a subject's modalities in the source's order", () => {
  for (const { source, modalities } of planPhantomCohort({ subjects: 60, seed: 5, partialShare: 0.5 })) {
    assert.deepEqual(modalities, SOURCE_MODALITIES[source].filter((modality) => modalities.includes(modality)));
    assert.ok(modalities.length >= 1);
  }
});

Deno.test("planPhantomCohort() plans a single subject, for training", () => {
  const [plan, ...rest] = planPhantomCohort({ subjects: 1, seed: 1 });
  assert.deepEqual([plan.source, plan.split, rest.length], ["brats", "training", 0]);
});

Deno.test("planPhantomCohort() rejects options out of range by name", () => {
  const plan = (options: object): unknown => planPhantomCohort({ subjects: 5, seed: 0, ...options });
  assert.throws(() => plan({ subjects: 0 }), {
    name: "RangeError",
    message: "Cannot plan phantom cohort: expected at least 1 subject, got 0",
  });
  for (const name of ["strokeShare", "partialShare", "singleShare", "validationShare"]) {
    assert.throws(() => plan({ [name]: 1.5 }), {
      message: `Cannot plan phantom cohort: expected ${name} in [0, 1], got 1.5`,
    });
  }
  assert.throws(() => plan({ shares: { brats: 0, ucsf: 0, ixi: 0 } }), {
    message: "Cannot plan phantom cohort: expected shares ≥ 0 that are not all 0, got 0, 0, 0",
  });
});
