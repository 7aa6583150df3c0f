import assert from "node:assert/strict";
import { judge, meanScore } from "../../lib/report/mod.ts";
import { lastValidation } from "../../lib/report/scores.ts";
import { PAIRS, stepRecord, validationRecord } from "./_fixtures.ts";

Deno.test("judge() names the highest PSNR and the gains over both baselines", () => {
  const verdicts = PAIRS.map(judge);
  assert.deepEqual(verdicts, [
    { gainOverMosaic: 8, gainOverMeanVolume: -1.5, winner: "mean volume" },
    { gainOverMosaic: 11.25, gainOverMeanVolume: 2.25, winner: "reconstruction" },
    { gainOverMosaic: -1, gainOverMeanVolume: 1, winner: "mosaic" },
  ]);
});

Deno.test("judge() gives a tie to the simpler baseline and nothing to what is not a number", () => {
  assert.equal(judge({ psnr: 20, mosaicPsnr: 20, meanVolumePsnr: 20 }).winner, "mean volume");
  assert.equal(judge({ psnr: 20, mosaicPsnr: 20, meanVolumePsnr: NaN }).winner, "mosaic");
  assert.equal(judge({ psnr: NaN, mosaicPsnr: 1, meanVolumePsnr: NaN }).winner, "mosaic");
  assert.equal(judge({ psnr: NaN, mosaicPsnr: NaN, meanVolumePsnr: NaN }).winner, null);
});

Deno.test("meanScore() averages the pairs of one objective only", () => {
  assert.deepEqual(meanScore(PAIRS, "cmr"), { psnr: 22.125, mosaicPsnr: 12.5, meanVolumePsnr: 21.75, pairs: 2 });
  assert.deepEqual(meanScore(PAIRS, "md"), { psnr: 18, mosaicPsnr: 19, meanVolumePsnr: 17, pairs: 1 });
  assert.equal(meanScore(PAIRS.slice(0, 2), "md"), null);
});

Deno.test("lastValidation() finds the latest one among other records", () => {
  const latest = validationRecord(20, PAIRS);
  assert.equal(lastValidation([validationRecord(10, []), latest, stepRecord(21, 1)]), latest);
  assert.equal(lastValidation([stepRecord(1, 1)]), undefined);
});
