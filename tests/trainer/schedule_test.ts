import assert from "node:assert/strict";
import { learningRateAt } from "../../lib/trainer/mod.ts";
import type { ScheduleOptions } from "../../lib/trainer/mod.ts";

const COSINE: ScheduleOptions = { schedule: "cosine", learningRate: 0.4, warmupSteps: 0, totalSteps: 12 };

function assertRate(step: number, expected: number, changes: Partial<ScheduleOptions> = {}): void {
  const actual = learningRateAt(step, { ...COSINE, ...changes });
  assert.ok(Math.abs(actual - expected) < 1e-15, `step ${step}: expected ${expected}, got ${actual}`);
}

Deno.test("learningRateAt() falls from the full rate over one half to 0 along a cosine", () => {
  assertRate(0, 0.4);
  assertRate(4, 0.3);
  assertRate(6, 0.2);
  assertRate(8, 0.1);
  assertRate(12, 0);
});

Deno.test("learningRateAt() stays at 0 after the last update planned", () => assertRate(13, 0));

Deno.test("learningRateAt() holds a constant rate", () => {
  for (const step of [0, 6, 12, 100]) assertRate(step, 0.4, { schedule: "constant" });
});

Deno.test("learningRateAt() rises linearly over the warm-up and multiplies it with the schedule", () => {
  const constant = { schedule: "constant", warmupSteps: 4 } as const;
  [0.1, 0.2, 0.3, 0.4, 0.4].forEach((rate, step) => assertRate(step, rate, constant));
  assertRate(0, 0.05, { warmupSteps: 8 });
  assertRate(4, 0.3 * 5 / 8, { warmupSteps: 8 });
  assertRate(8, 0.1, { warmupSteps: 8 });
});
