import assert from "node:assert/strict";
import { comparePaired, STUDY_STATISTICS, summarizeScores } from "../../lib/metrics/mod.ts";

const FIRST = [0.5, 0.7, 0.9, 0.4], SECOND = [0.4, 0.7, 0.5, 0.1];

Deno.test("STUDY_STATISTICS are the bootstrap of seed 0, paired tests, and Holm's correction", () => {
  assert.deepEqual(STUDY_STATISTICS.summarize(FIRST), summarizeScores(FIRST, { seed: 0 }));
  assert.deepEqual(STUDY_STATISTICS.compare(FIRST, SECOND), comparePaired(FIRST, SECOND, { seed: 0 }));
  assert.deepEqual(STUDY_STATISTICS.correct([0.01, 0.04]), [0.02, 0.04]);
});
