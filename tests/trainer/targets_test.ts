import assert from "node:assert/strict";
import { methodSchema } from "../../lib/trainer/mod.ts";
import { planTargets } from "../../lib/trainer/targets.ts";
import type { Target } from "../../lib/trainer/targets.ts";

const PLACE = { seed: 5, epoch: 7, index: 2 };
const COHORT = [["t1", "t2", "flair"], ["t1"], ["adc", "dwi"]];

function total(targets: readonly Target[]): number {
  return targets.reduce((sum, { share }) => sum + share, 0);
}

Deno.test("planTargets() takes every sequence of every subject once under all, each for 1/(B·M)", () => {
  const passes = planTargets(COHORT, { method: methodSchema.parse({}), place: PLACE });
  const taken = passes.map((targets) => targets.map(({ sample, channel }) => [sample, channel]));
  assert.deepEqual(taken, [[[0, 0], [1, 0], [2, 0]], [[0, 1], [2, 1]], [[0, 2]]]);
  for (const { sample, share } of passes.flat()) assert.equal(share, 1 / (3 * COHORT[sample].length));
  assert.ok(Math.abs(total(passes.flat()) - 1) < 1e-12);
});

Deno.test("planTargets() takes one sequence per subject under one, all at the same relative position", () => {
  const method = methodSchema.parse({ modalitiesPerStep: "one" });
  const seen = new Set<string>();
  for (let index = 0; index < 60; index++) {
    const [targets, ...rest] = planTargets(COHORT, { method, place: { ...PLACE, index } });
    assert.equal(rest.length, 0);
    assert.deepEqual(targets.map(({ sample, share }) => [sample, share]), [[0, 1 / 3], [1, 1 / 3], [2, 1 / 3]]);
    seen.add(targets.map(({ channel }) => channel).join(" "));
  }
  // Channel ⌊u·M⌋ of 3, 1 and 2 sequences for u in the thirds and halves of [0, 1).
  assert.deepEqual([...seen].sort(), ["0 0 0", "1 0 0", "1 0 1", "2 0 1"]);
});

Deno.test("planTargets() fills from every other modality in turn, never from the target's own", () => {
  // t1 occurs twice: a repeated sequence is no partner of its twin.
  const modalities = ["t1", "t2", "t1", "flair"];
  const sources = modalities.map(() => new Set<number | null>());
  for (let epoch = 0; epoch < 60; epoch++) {
    for (
      const { channel, source, hasPartner } of planTargets([modalities], {
        method: methodSchema.parse({}),
        place: { ...PLACE, epoch },
      }).flat()
    ) {
      assert.ok(hasPartner);
      sources[channel].add(source);
    }
  }
  const sorted = sources.map((set) => [...set].sort());
  assert.deepEqual(sorted, [[1, 3], [0, 3], [1, 3], [0, 1]]);
});

Deno.test("planTargets() fills from the template for a subject without a second modality", () => {
  const passes = planTargets([["t1", "t1"], ["flair"]], { method: methodSchema.parse({}), place: PLACE });
  for (const { source, hasPartner } of passes.flat()) assert.deepEqual([source, hasPartner], [null, false]);
});

Deno.test("planTargets() fills every view from the template up to the epoch named, that one included", () => {
  const method = methodSchema.parse({ templateFillUntilEpoch: 7 });
  const plan = (epoch: number): Target[] => planTargets([["t1", "t2"]], { method, place: { ...PLACE, epoch } }).flat();
  for (const epoch of [0, 7]) {
    for (const { source, hasPartner } of plan(epoch)) assert.deepEqual([source, hasPartner], [null, true]);
  }
  assert.deepEqual(plan(8).map(({ source }) => source), [1, 0]);
});

Deno.test("planTargets() is a function of the batch's place alone", () => {
  const method = methodSchema.parse({ modalitiesPerStep: "one" });
  const modalities = [["t1", "t2", "flair", "adc", "dwi", "pd"]];
  const plan = (changes: object): Target[][] => planTargets(modalities, { method, place: { ...PLACE, ...changes } });
  assert.deepEqual(plan({}), plan({}));
  const distinct = Array.from({ length: 8 }, (_, i) => [plan({ seed: i }), plan({ epoch: i }), plan({ index: i })]);
  assert.ok(new Set(distinct.flat().map((passes) => JSON.stringify(passes))).size > 8);
});
