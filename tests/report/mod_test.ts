import assert from "node:assert/strict";
import * as report from "../../lib/report/mod.ts";

Deno.test("lib/report exports exactly its public names", () => {
  assert.deepEqual(Object.keys(report).sort(), [
    "WHITE_ERROR",
    "encodeGreyPng",
    "evenSlices",
    "exampleFigure",
    "formatPairTable",
    "formatTable",
    "judge",
    "labelEfficiencyChart",
    "lossChart",
    "meanScore",
    "missingModalityChart",
    "montagePng",
    "plural",
    "pngDataUri",
    "psnrChart",
    "renderReport",
    "richestSlice",
    "takeSlice",
    "templateChangeChart",
    "templateMontage",
  ]);
});
