/** Which batches update. */
import assert from "node:assert/strict";
import { planUpdates } from "../../lib/trainer/update_plan.ts";

const CASES = [
  { phase: "last", n: 1, batches: 3, due: [true, true, true], updates: 6, schedule: 6 },
  { phase: "last", n: 2, batches: 5, due: [false, true, false, true, true], updates: 6, schedule: 6 },
  { phase: "first", n: 2, batches: 5, due: [true, false, true, false, true], updates: 6, schedule: 5 },
  { phase: "first", n: 2, batches: 4, due: [true, false, true, false], updates: 4, schedule: 4 },
  { phase: "first", n: 3, batches: 1, due: [true], updates: 2, schedule: 1 },
] as const;

for (const { phase, n, batches, due, updates, schedule } of CASES) {
  Deno.test(`planUpdates() counts what it announces: ${phase}, ${batches} batches in groups of ${n}, 2 epochs`, () => {
    const plan = planUpdates({ epochs: 2, batchesPerEpoch: batches, accumulationSteps: n, accumulationPhase: phase });
    assert.deepEqual(due.map((_, index) => plan.isDueAfter(index)), [...due]);
    assert.equal(plan.updates, updates);
    assert.equal(2 * due.filter(Boolean).length, updates);
    assert.equal(plan.scheduleSteps, schedule);
  });
}
