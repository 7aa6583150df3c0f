import assert from "node:assert/strict";
import { eventMarks, lossSeries, psnrSeries, templateChangeSeries, updatesPerPoint } from "../../lib/report/series.ts";
import { eventRecord, PAIRS, stepRecord, validationRecord } from "./_fixtures.ts";

Deno.test("updatesPerPoint() averages nothing in short runs and keeps long ones under 150 points", () => {
  assert.deepEqual([0, 1, 9, 10, 600, 2500, 100_000].map(updatesPerPoint), [1, 1, 1, 1, 9, 17, 667]);
  assert.equal(Math.ceil(100_000 / updatesPerPoint(100_000)), 150);
});

Deno.test("lossSeries() averages consecutive updates and keeps their range", () => {
  // 16 updates allow 12 points, so two updates share a point.
  const records = Array.from({ length: 16 }, (_, i) => stepRecord(i + 1, i));
  const [total] = lossSeries(records);
  assert.equal(total.label, "total");
  assert.equal(total.points.length, 8);
  assert.deepEqual(total.points[1], { step: 3.5, value: 2.5, low: 2, high: 3 });
});

Deno.test("lossSeries() leaves out losses that were off and values that are not finite", () => {
  const broken = { loss: NaN, cmr: null, md: null as unknown as number };
  const records = [stepRecord(1, 0.5, { cmr: null }), stepRecord(2, 1, broken), stepRecord(3, 2, { cmr: null })];
  const series = lossSeries(records);
  assert.deepEqual(series.map(({ label, points }) => [label, points.map((point) => point.step)]), [
    ["total", [1, 3]],
    ["MD", [1, 3]],
  ]);
});

Deno.test("psnrSeries() draws the mean over pairs beside both baselines", () => {
  const records = [validationRecord(10, PAIRS), validationRecord(20, PAIRS.slice(0, 2))];
  const values = (objective: "cmr" | "md"): unknown =>
    psnrSeries(records, objective).map(({ label, points }) => [label, points.map(({ step, value }) => [step, value])]);
  assert.deepEqual(values("cmr"), [
    ["reconstruction", [[10, 22.125], [20, 22.125]]],
    ["mosaic", [[10, 12.5], [20, 12.5]]],
    ["mean volume", [[10, 21.75], [20, 21.75]]],
  ]);
  assert.deepEqual(values("md"), [["reconstruction", [[10, 18]]], ["mosaic", [[10, 19]]], ["mean volume", [[10, 17]]]]);
});

Deno.test("templateChangeSeries() gives each of the eight modalities a look of its own", () => {
  const names = ["flair", "t1", "t1c", "t2", "mra", "pd", "dwi", "adc"];
  const templateChange = Object.fromEntries(names.map((name, i) => [name, i / 10]));
  const series = templateChangeSeries([{ kind: "validation", epoch: 1, step: 5, pairs: [], templateChange }]);
  assert.deepEqual(series.map((entry) => entry.label), names.toSorted());
  assert.equal(new Set(series.map(({ color, dash }) => `${color} ${dash}`)).size, 8);
  assert.equal(series.find((entry) => entry.label === "t1c")?.points[0].value, 0.2);
});

Deno.test("eventMarks() numbers steps in order and joins what happened in one of them", () => {
  const records = [eventRecord(9, "c"), eventRecord(4, "a"), eventRecord(4, "b")];
  assert.deepEqual(eventMarks(records), [
    { number: 1, epoch: 3, step: 4, messages: ["a", "b"] },
    { number: 2, epoch: 3, step: 9, messages: ["c"] },
  ]);
});
