import assert from "node:assert/strict";
import { summarize } from "../../lib/report/summary.ts";
import { PAIRS, stepRecord, validationRecord } from "./_fixtures.ts";

Deno.test("summarize() says which baseline the reconstruction beats and which beats it", () => {
  assert.deepEqual(summarize([stepRecord(1200, 0.1, { epoch: 40 }), validationRecord(1200, PAIRS)]), [
    "The run has made 1,200 updates of the network and reached epoch 40.",
    "On held-out subjects, masked blocks filled from another modality of the same subject (CMR) are rebuilt at " +
    "22.13 dB: 9.63 dB better than the mosaic and 0.38 dB better than the mean volume.",
    "On held-out subjects, masked blocks filled from the learned template (MD) are rebuilt at 18.00 dB: 1.00 dB " +
    "worse than the mosaic and 1.00 dB better than the mean volume.",
    "The reconstruction beats both baselines in 1 of 3 pairs.",
  ]);
});

Deno.test("summarize() says what is missing in a run without updates, scores or pairs", () => {
  assert.deepEqual(summarize([]), [
    "The run has not made an update yet.",
    "It has not been validated yet, so there are no scores.",
  ]);
  assert.deepEqual(summarize([stepRecord(1, 1), validationRecord(1, [])]), [
    "The run has made 1 update of the network and reached epoch 1.",
    "Its validation scored no pair.",
  ]);
});

Deno.test("summarize() reports updates whose loss was not finite, also after JSON made them null", () => {
  const records = [stepRecord(1, 1), stepRecord(2, NaN), stepRecord(3, 1, { loss: null as unknown as number })];
  assert.equal(summarize(records)[1], "The loss was not a finite number in 2 updates, first in update 2.");
});

Deno.test("summarize() does not compare with a baseline that has no score", () => {
  const pair = { ...PAIRS[1], meanVolumePsnr: NaN, mosaicPsnr: PAIRS[1].psnr };
  assert.match(
    summarize([validationRecord(1, [pair])])[1],
    /at 24\.25 dB: exactly as good as the mosaic and not comparable with the mean volume\.$/,
  );
});
