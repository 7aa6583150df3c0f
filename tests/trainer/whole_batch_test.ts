import assert from "node:assert/strict";
import { SINGLE_RANK } from "../../lib/communicator.ts";
import { methodSchema } from "../../lib/trainer/mod.ts";
import { planTargets } from "../../lib/trainer/targets.ts";
import { batchShares, describeBatch } from "../../lib/trainer/whole_batch.ts";

const COHORT = [["t1", "t2", "flair"], ["t1", "t1"], ["adc", "dwi"], ["t2"]];
const samples = COHORT.map((modalities) => ({ modalities, cropSize: [4, 5, 6] as const }));

Deno.test("describeBatch() says of every subject how many sequences it has and whether they differ", () => {
  const expected = {
    subjects: [[3, true], [2, false], [2, true], [1, false]].map(([channels, hasPartner]) => ({
      channels,
      hasPartner,
    })),
    cropSize: [4, 5, 6],
  };
  assert.deepEqual(describeBatch(samples), { first: 0, ...expected });
  // Rank 1 has the last two; rank 0 says the rest.
  const allReduceSum = (facts: Float64Array | Float32Array): void => {
    [3, 1, 2, 0].forEach((fact, i) => facts[i] += fact);
    [4, 5, 6].forEach((size, i) => facts[8 + i] += size);
  };
  const communicator = { ...SINGLE_RANK, rank: 1, size: 2, allReduceSum };
  const part = describeBatch(samples.slice(2), { whole: { first: 2, count: 4 }, communicator });
  assert.deepEqual(part, { first: 2, ...expected });
});

for (const modalitiesPerStep of ["all", "one"] as const) {
  Deno.test(`batchShares() and planTargets() of parts agree with the whole batch's plan under ${modalitiesPerStep}`, () => {
    const method = methodSchema.parse({ modalitiesPerStep });
    const place = { seed: 5, epoch: 7, index: 2 };
    const plan = planTargets(COHORT, { method, place });
    const { passes, partnered } = batchShares(describeBatch(samples), method);
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    assert.equal(passes.length, plan.length);
    passes.forEach((share, i) => assert.ok(Math.abs(share - sum(plan[i].map((target) => target.share))) < 1e-12));
    const expected = sum(plan.flat().map(({ hasPartner, share }) => hasPartner ? share : 0));
    assert.ok(Math.abs(partnered - expected) < 1e-12);
    // What is drawn for a subject depends on its place in the whole batch, not on who has it.
    for (const first of [1, 2]) {
      const part = planTargets(COHORT.slice(first), { method, place, whole: { first, count: COHORT.length } });
      const seen = part.flat().map((target) => ({ ...target, sample: target.sample + first }));
      const wanted = plan.flat().filter(({ sample }) => sample >= first);
      assert.deepEqual(seen, wanted);
    }
  });
}

Deno.test("planTargets() plans nothing for a rank that has no subject", () => {
  const options = {
    method: methodSchema.parse({}),
    place: { seed: 1, epoch: 0, index: 0 },
    whole: { first: 2, count: 2 },
  };
  assert.deepEqual(planTargets([], options), []);
});
